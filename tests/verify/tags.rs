//! Tags: asked once (S-09), never moved back unnoticed (S-07), and nothing is remembered of what was given up (S-11).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bakery::domain::oci::{Digest, Platform};
use bakery::flows::verify::VerifyOptions;

use super::{Shop, Wanted, is_good, pair, told};
use crate::support::faulty_registry::{FaultyRegistry, Say, Tail};

const OLD: &str = "2026-10-01T00:00:00Z";
const NEW: &str = "2026-11-01T00:00:00Z";

/// A signed base under `global/os:1` as it was made then.
fn move_tag(shop: &Shop, created: &str) -> Digest {
    let wanted = Wanted { name: "os:1", layers: &["os", created], created: Some(created), ..Wanted::default() };
    let image = shop.put("global", &wanted);
    shop.sign("global", "os:1", &image, "global");
    image.digest
}

#[test]
fn s07_an_older_image_under_a_tag_that_pointed_to_a_newer_one_is_refused() {
    let shop = Shop::new();
    move_tag(&shop, OLD);
    assert_eq!(shop.verify(&["global/os:1"]).0, 0);
    assert_eq!(shop.memories().len(), 1);
    let newer = move_tag(&shop, NEW);
    assert_eq!(shop.verify(&["global/os:1"]).0, 0);

    // As well signed as ever: only the memory tells.
    move_tag(&shop, OLD);
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!((code, told(&document, 0, "base.fresh")), (3, pair("fail", "base.rollback")), "{document:#}");
    assert_eq!(shop.verify(&["global/os:1"]).0, 3, "seeing it once more does not make it right");
    // Pinned to what it was, nothing was moved back.
    assert_eq!(shop.verify(&[&format!("global/os:1@{newer}")]).0, 0);

    assert_eq!(shop.verify(&["global/os:1", "--allow-downgrade"]).0, 0);
    assert_eq!(shop.verify(&["global/os:1"]).0, 0, "what was allowed is what is remembered");
}

#[test]
fn s07_a_child_on_an_older_base_is_stale_and_no_rollback() {
    let shop = Shop::new();
    let old = move_tag(&shop, OLD);
    let base = Some(("global/os:1", &old));
    let app = Wanted { name: "team/app:1", layers: &["os", OLD, "app"], base, ..Wanted::default() };
    let app = shop.put("local", &app);
    shop.sign("local", "team/app:1", &app, "baker");
    move_tag(&shop, NEW);
    assert_eq!(shop.verify(&["global/os:1"]).0, 0);
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!((code, told(&document, 1, "base.fresh")), (0, pair("warn", "base.stale")), "{document:#}");
    assert_eq!(document["verdict"], "warn");
}

#[test]
fn s10_a_memory_that_is_a_symlink_is_refused() {
    let shop = Shop::new();
    move_tag(&shop, OLD);
    assert_eq!(shop.verify(&["global/os:1"]).0, 0);
    let memory = shop.memories().remove(0);
    let moved = shop.bakery.path("moved");
    std::fs::rename(&memory, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &memory).unwrap();
    let told = shop.bakery.fails(3, &["verify", "global/os:1"]);
    assert!(told.contains("a symlink") && told.contains("help: "), "{told}");
}

#[test]
fn s07_what_is_refused_is_not_remembered() {
    let shop = Shop::new();
    shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    assert_eq!(shop.verify(&["global/os:1"]).0, 3);
    assert!(shop.memories().is_empty());
}

#[test]
fn a_base_is_verified_as_it_is_pinned_before_a_bake() {
    let shop = Shop::new();
    let old = move_tag(&shop, OLD);
    move_tag(&shop, NEW);
    let context = shop.context();
    let platforms = |digest: &Digest| BTreeMap::from([("linux/amd64".parse::<Platform>().unwrap(), digest.clone())]);
    let verified = super::wait(context.verify_base("global/os:1", &old, &platforms(&old), false)).unwrap();
    assert!(is_good(&verified), "{verified:#?}");
    assert_eq!(verified.chain[0].digest, old);
    assert!(verified.chain[0].checks.iter().any(|check| check.finding.reason == "base.stale"));
    let other = Digest::of(b"other");
    let refused = super::wait(context.verify_base("global/os:1", &old, &platforms(&other), false)).unwrap_err();
    assert_eq!(refused.kind, bakery::report::Kind::Rejected);
}

/// The images of a layout behind a registry's face; what a tag says, and what is silent, is the test's.
async fn registry(
    shop: &Shop,
    tag: impl Fn(usize) -> Digest + Send + Sync + 'static,
    silent: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> FaultyRegistry {
    let blobs = shop.bakery.path("global/blobs/sha256");
    let asked = Mutex::new(0);
    FaultyRegistry::start(move |_, heard| {
        let path = heard.path.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        if silent(path) {
            return Say::status(200).tail(Tail::Stall).announcing(10);
        }
        let digest = match last.strip_prefix("sha256:") {
            Some(hex) if !path.contains("/referrers/") => hex.to_owned(),
            _ if path.ends_with("/manifests/1") => {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                tag(*asked).encoded().to_owned()
            }
            _ if path.ends_with("/v2/") => return Say::status(200),
            _ => return Say::status(404),
        };
        let Ok(bytes) = std::fs::read(blobs.join(&digest)) else { return Say::status(404) };
        let say = Say::body(bytes).header("docker-content-digest", format!("sha256:{digest}"));
        if path.contains("/manifests/") {
            return say.header("content-type", "application/vnd.oci.image.manifest.v1+json");
        }
        say
    })
    .await
}

/// A shop whose `remote` store is that registry.
fn remote(shop: &Shop, registry: &FaultyRegistry) {
    let text = format!(
        "bakery: 1\nstores:\n  remote: {{registry: {}/remote, keys: [keys/global.pub]}}\n  local: {{layout: ./local}}\n",
        registry.host()
    );
    shop.bakery.write("bakery.yaml", text);
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_tag_that_moves_between_verify_and_use_is_asked_once() {
    let shop = Shop::new();
    let first = shop.put("global", &Wanted { name: "os:1", layers: &["first"], ..Wanted::default() }).digest;
    let second = shop.put("global", &Wanted { name: "os:1", layers: &["second"], ..Wanted::default() }).digest;
    let answers = [first.clone(), second];
    let registry = registry(&shop, move |asked| answers[usize::from(asked > 1)].clone(), |_| false).await;
    remote(&shop, &registry);
    let verified = shop.context().verify("remote/os:1", &VerifyOptions::default()).await.unwrap();
    assert_eq!(verified.digest, first);
    assert_eq!(verified.chain[0].digest, first);
    let heard = registry.heard();
    let tag = heard.iter().filter(|heard| heard.path.ends_with("/manifests/1")).count();
    assert_eq!(tag, 1, "{heard:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_verifying_that_is_given_up_is_not_verified_and_leaves_nothing() {
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() }).digest;
    let registry = registry(&shop, move |_| os.clone(), |path| path.contains("/referrers/")).await;
    remote(&shop, &registry);
    let context = shop.context();
    let options = VerifyOptions::default();
    let verifying = context.verify("remote/os:1", &options);
    assert!(tokio::time::timeout(Duration::from_secs(2), verifying).await.is_err());
    assert!(registry.heard().iter().any(|heard| heard.path.contains("/referrers/")), "it was on its way");
    assert!(shop.memories().is_empty());
}
