//! Chains in a real registry: signatures that are listed and gone, and registries that do not answer.

use super::{Shop, Wanted, pair, told};
use crate::support::bakery::peer;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;

#[test]
fn a_pinned_base_that_was_verified_before_is_verified_again_without_its_registry() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let (shop, digest) = shop(&registry);
    let digest: bakery::domain::oci::Digest = digest.parse().unwrap();
    let platforms = std::collections::BTreeMap::from([("linux/amd64".parse().unwrap(), digest.clone())]);
    let gate = || super::wait(shop.context().verify_base("global/os:1", &digest, &platforms, false)).unwrap();
    bakery::flows::environment::install_tls();
    assert!(super::is_good(&gate()));
    drop(registry);
    let verified = gate();
    assert!(super::is_good(&verified), "{verified:#?}");
    // What is kept is judged by the keys there are now, and nobody else's.
    shop.bakery.write("keys/global.pub", shop.key("stranger").public().to_pem().unwrap());
    let refused = gate();
    assert!(!super::is_good(&refused), "{refused:#?}");
    assert!(refused.chain[0].checks.iter().any(|check| check.finding.reason == "signature.wrong-key"));
    // And what was never asked is not known.
    std::fs::remove_dir_all(shop.bakery.path("home/cache/attached")).unwrap();
    let unknown = gate();
    assert!(unknown.chain[0].checks.iter().any(|check| check.finding.reason == "store.unreachable"), "{unknown:#?}");
}

/// A shop whose `global` is a registry, with a signed `global/os:1` in it, and an image of ours upon it.
fn shop(registry: &DockerRegistry) -> (Shop, String) {
    let host = registry.host();
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    shop.sign("global", "os:1", &os, "global");
    let app = Wanted {
        name: "team/app:1",
        layers: &["os", "app"],
        base: Some(("global/os:1", &os.digest)),
        ..Wanted::default()
    };
    let app = shop.put("local", &app);
    shop.sign("local", "team/app:1", &app, "baker");
    // The layout becomes the registry's content: bakery itself copies, as the global team publishes.
    shop.bakery.write(
        "upstream/bakery.yaml",
        format!(
            "bakery: 1\nstores:\n  local: {{layout: ../global, publish: {host}/global, keys: [../keys/global.pub]}}\n"
        ),
    );
    shop.bakery.ok(&["--workspace", "upstream", "publish", "local/os:1"]);
    shop.bakery.write(
        "bakery.yaml",
        format!(
            "bakery: 1\nstores:\n  global: {{registry: {host}/global, keys: [keys/global.pub]}}\n  \
             local: {{layout: ./local, key: keys/baker.key, keys: [keys/baker.pub]}}\n"
        ),
    );
    (shop, os.digest.to_string())
}

#[test]
fn a_chain_into_a_registry_without_the_referrers_api_passes() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let (shop, digest) = shop(&registry);
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!((code, document["chain"][1]["digest"].as_str()), (0, Some(&*digest)), "{document:#}");
    assert_eq!(told(&document, 1, "base.signature"), pair("pass", "signature.good"));
    // By its own address it is the same image, judged by the same keys.
    let (code, document) = shop.verify(&[&format!("{}/global/os:1", registry.host())]);
    assert_eq!((code, told(&document, 0, "base.signature").1), (0, "signature.good".into()), "{document:#}");
}

#[test]
fn a_signature_that_is_listed_and_gone_is_told_from_none() {
    if !peers::need(&["docker-registry", "crane"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let (shop, digest) = shop(&registry);
    let repository = format!("{}/global/os", registry.host());
    let stem = digest.replace(':', "-");
    let index: serde_json::Value =
        serde_json::from_str(&peer("crane", &["manifest", "--insecure", &format!("{repository}:{stem}")])).unwrap();
    for entry in index["manifests"].as_array().unwrap() {
        let gone = format!("{repository}@{}", entry["digest"].as_str().unwrap());
        peer("crane", &["delete", "--insecure", &gone]);
    }
    let older = peer("crane", &["digest", "--insecure", &format!("{repository}:{stem}.sig")]);
    peer("crane", &["delete", "--insecure", &format!("{repository}@{}", older.trim())]);
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!(
        (code, told(&document, 0, "base.signature")),
        (3, pair("fail", "signature.referrer-missing")),
        "{document:#}"
    );
}

#[test]
fn a_registry_that_does_not_answer_is_told_as_such_and_ends_with_4() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let (shop, _) = shop(&registry);
    assert_eq!(shop.verify(&["local/team/app:1"]).0, 0);
    drop(registry);
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!(told(&document, 1, "base.fresh"), pair("unknown", "store.unreachable"), "{document:#}");
    assert_eq!((code, document["verdict"].as_str()), (4, Some("unknown")));
    // The image itself cannot even be asked for.
    assert!(shop.bakery.fails(4, &["verify", "global/os:1"]).contains("cannot be reached"));
    // Something that failed fails, whoever else is silent.
    let bare = shop.put("local", &Wanted { name: "team/bare:1", layers: &["bare"], ..Wanted::default() });
    assert_eq!(shop.verify(&["local/team/bare:1"]).0, 3, "{bare:?}");
}
