//! Families S-01 to S-04: whose signature is over what. Every wrong one has its own code, and the exit code is 3.

use bakery::adapters::signing::SignatureFormat;
use bakery::adapters::store::Store;
use bakery::domain::oci::{Descriptor, media_type};
use serde_json::Value;

use super::{Shop, Wanted, check, manifest, pair, repository, told, wait};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A shop with one global image, signed as the test wants.
fn base_signed(sign: impl FnOnce(&Shop, &Descriptor)) -> (i32, Value) {
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    sign(&shop, &os);
    shop.verify(&["global/os:1"])
}

fn refused(sign: impl FnOnce(&Shop, &Descriptor), reason: &str) {
    let (code, document) = base_signed(sign);
    assert_eq!(told(&document, 0, "base.signature"), pair("fail", reason), "{document:#}");
    assert_eq!((code, document["verdict"].as_str()), (3, Some("fail")));
}

#[test]
fn a_signed_chain_passes_from_the_image_down_to_its_foot() {
    let shop = Shop::new();
    let [os, python, app] = shop.chain();
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!(code, 0, "{document:#}");
    let names: Vec<&str> =
        document["chain"].as_array().unwrap().iter().map(|level| level["reference"].as_str().unwrap()).collect();
    assert_eq!(names, ["local/team/app:1", "global/python:3", "global/os:1"]);
    for (level, image) in [app, python, os].iter().enumerate() {
        assert_eq!(document["chain"][level]["digest"], image.digest.to_string());
    }
    assert_eq!(document["image"], "local/team/app:1");
    assert_eq!(document["chain"][0]["layers"], serde_json::json!([2, 3]));
    assert_eq!(told(&document, 0, "image.signature"), pair("pass", "signature.good"));
    assert_eq!(told(&document, 1, "base.signature"), pair("pass", "signature.good"));
    assert_eq!(told(&document, 0, "lineage.layers").0, "pass");
    assert_eq!(told(&document, 1, "lineage.layers").0, "pass");

    let text = shop.bakery.ok(&["verify", "local/team/app:1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("◆ global/os:1  ") && lines[0].contains("signed by global"), "{text}");
    let child = lines.iter().position(|line| line.starts_with("└─◆ global/python:3")).unwrap();
    let own = lines.iter().position(|line| line.starts_with("  └─◇ local/team/app:1")).unwrap();
    assert!(0 < child && child < own, "{text}");
}

#[test]
fn s02_nothing_attached_is_unsigned_and_the_mend_is_told() {
    refused(|_, _| {}, "signature.unsigned");
    let shop = Shop::new();
    shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    let output = shop.bakery.run(&["verify", "global/os:1"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(text.contains("base.signature") && text.contains("mend: "), "{text}");
}

#[test]
fn s02_a_strangers_key_is_told_from_no_signature() {
    refused(|shop, os| shop.sign("global", "os:1", os, "stranger"), "signature.wrong-key");
}

#[test]
fn s02_one_good_signature_among_bad_ones_will_do() {
    let (code, document) = base_signed(|shop, os| {
        shop.sign("global", "os:1", os, "stranger");
        shop.sign("global", "os:1", os, "global");
    });
    assert_eq!(code, 0, "{document:#}");
}

#[test]
fn s01_a_replayed_signature_of_another_image_is_refused() {
    // The bundle of one image, attached to another.
    let replay = |shop: &Shop, os: &Descriptor| {
        let other = shop.put("global", &Wanted { name: "os:2", layers: &["other"], ..Wanted::default() });
        shop.sign_as("global", "os:2", &other, ("global", SignatureFormat::Bundle));
        let layout = shop.layout("global");
        let found = layout.referrers_of(&other.digest, Some(BUNDLE)).unwrap();
        let mut replayed = manifest(&layout, "os:1", &found[0].digest);
        replayed["subject"]["digest"] = os.digest.to_string().into();
        replayed["subject"]["size"] = os.size.into();
        let bytes = serde_json::to_vec(&replayed).unwrap();
        wait(layout.put_manifest(&repository("os:1"), None, media_type::MANIFEST, &bytes)).unwrap();
    };
    refused(replay, "signature.other-digest");
}

#[test]
fn s01_a_replayed_older_signature_is_refused() {
    let replay = |shop: &Shop, os: &Descriptor| {
        let other = shop.put("global", &Wanted { name: "os:2", layers: &["other"], ..Wanted::default() });
        shop.sign_as("global", "os:2", &other, ("global", SignatureFormat::Legacy));
        let layout = shop.layout("global");
        let tag = |image: &Descriptor| format!("os:{}.sig", image.digest.to_string().replace(':', "-"));
        let entries = layout.entries().unwrap();
        let name = tag(&other);
        let entry = entries.iter().find(|entry| {
            entry.annotations.get("org.opencontainers.image.ref.name").is_some_and(|named| *named == name)
        });
        let entry = entry.unwrap();
        layout.tag(&tag(os), &Descriptor::new(entry.media_type.clone(), entry.digest.clone(), entry.size)).unwrap();
    };
    refused(replay, "signature.other-digest");
}

#[test]
fn s01_a_signature_of_the_image_under_another_name_is_refused() {
    let rename = |shop: &Shop, os: &Descriptor| {
        // Signed as `other`, and put where `os` is looked for.
        shop.tag("global", "other:1", os);
        let (layout, key) = (shop.layout("global"), shop.key("global"));
        let repository = repository("os:1");
        let signing = bakery::adapters::signing::Signing {
            store: &layout,
            repository: &repository,
            name: "other",
            key,
            format: SignatureFormat::Legacy,
        };
        wait(signing.sign(os)).unwrap();
    };
    refused(rename, "signature.other-repository");
}

#[test]
fn s04_a_signed_index_is_no_signature_of_its_images() {
    let shop = Shop::new();
    let wanted = Wanted { name: "os:1", layers: &["os"], ..Wanted::default() };
    let images = ["linux/amd64", "linux/arm64"].map(|platform| shop.put_untagged("global", &wanted, platform));
    let index = shop.put_index("global", "os:1", images.to_vec());
    shop.sign("global", "os:1", &index, "global");
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!(told(&document, 0, "base.signature"), pair("fail", "signature.index-only"), "{document:#}");
    assert_eq!(code, 3);
    // One of the two signed: the other still fails, and is named.
    shop.sign("global", "os:1", &images[0], "global");
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!(code, 3);
    let evidence = check(&document, 0, "base.signature")["evidence"].to_string();
    assert!(evidence.contains("linux/arm64: "), "{evidence}");
    assert_eq!(shop.verify(&["global/os:1", "--platform", "linux/amd64"]).0, 0);
    shop.sign("global", "os:1", &images[1], "global");
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!((code, &document["chain"][0]["digest"]), (0, &Value::from(index.digest.to_string())), "{document:#}");
}

#[test]
fn s02_what_cannot_be_read_is_malformed() {
    let garble = |shop: &Shop, os: &Descriptor| {
        let layout = shop.layout("global");
        let bundle = layout.put_bytes(BUNDLE, b"{\"mediaType\":").unwrap();
        let config = layout.put_bytes(media_type::EMPTY, b"{}").unwrap();
        let mut referrer: Value =
            serde_json::from_slice(&crate::support::images::manifest(&config, &[bundle], Some(os))).unwrap();
        referrer["artifactType"] = BUNDLE.into();
        let bytes = serde_json::to_vec(&referrer).unwrap();
        wait(layout.put_manifest(&repository("os:1"), None, media_type::MANIFEST, &bytes)).unwrap();
    };
    refused(garble, "signature.malformed");
}

#[test]
fn s10_keys_that_cannot_be_read_make_nobody_a_stranger() {
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    shop.sign("global", "os:1", &os, "global");
    let key = shop.bakery.path("keys/global.pub");
    std::fs::remove_file(&key).unwrap();
    std::os::unix::fs::symlink(shop.bakery.path("keys/stranger.pub"), &key).unwrap();
    let (code, document) = shop.verify(&["global/os:1"]);
    assert_eq!(told(&document, 0, "base.signature"), pair("unknown", "signature.unusable-keys"));
    assert_eq!(code, 3);
}

#[test]
fn what_lies_under_no_store_has_no_keys_and_cannot_pass() {
    let shop = Shop::new();
    let [os, ..] = shop.chain();
    let elsewhere = shop.bakery.path("elsewhere");
    std::process::Command::new("cp").arg("-r").arg(shop.bakery.path("global")).arg(&elsewhere).status().unwrap();
    let (code, document) = shop.verify(&[&format!("oci:{}:os:1", elsewhere.display())]);
    assert_eq!(told(&document, 0, "image.signature"), pair("unknown", "signature.no-keys"), "{document:#}");
    assert_eq!((code, document["digest"].as_str()), (3, Some(&*os.digest.to_string())));
    // The same folder under its own path is the store's.
    let (_, document) = shop.verify(&["oci:./global:os:1"]);
    assert_eq!(told(&document, 0, "base.signature"), pair("pass", "signature.good"));
}
