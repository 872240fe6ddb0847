//! What may not be done at all is refused with its reason.

use serde_json::json;

use super::house::{FILES, House, OWN, altered, signed_house};

#[test]
fn what_is_not_built_on_that_base_or_cannot_be_moved_is_refused() {
    let house = House::new();
    house.app("app", OWN);
    house.base("other:1", &[("x", "x")], "{}", 100);
    house.moves(&[("etc/conf", "2")], "{}");
    assert_eq!(house.refused(&["local/team/app:1", "--base", "global/other:1"]), ["base.not-below"]);
    assert_eq!(
        house.refused(&["local/team/app:1", "--onto", "global/other:1", "--base", "global/other:1"]),
        ["base.not-below"]
    );
    altered(&house, "squashed", |manifest, config| {
        manifest.layers.remove(0);
        config.rootfs.diff_ids.remove(0);
    });
    assert_eq!(house.refused(&["local/team/squashed:1"]), ["base.not-below"]);
    altered(&house, "foreign", |manifest, _| {
        let own = manifest.layers.last_mut().unwrap();
        own.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip".into();
    });
    assert_eq!(house.refused(&["local/team/foreign:1"]), ["layer.foreign"]);
    let (_, told) = house.rebase(&["local/team/app:1", "--dry-run"]);
    assert_eq!(told["answer"], "safe");
    let usage = house.baker.fails(2, &["rebase", "global/os:12"]);
    assert!(usage.contains("only tags of the local store and of registries are rebased"), "{usage}");
}

#[test]
fn a_contract_that_the_new_base_brings_holds_for_the_rebased_too() {
    let house = House::new();
    house.app("app", OWN);
    house.moves(&[("etc/conf", "2")], "{labels: {dev.bakery.contract: '{\"protected\": [\"/etc/other\"]}'}}");
    assert_eq!(house.refused(&["local/team/app:1"]), ["lineage.contract contract.deleted"]);
    assert_eq!(house.rebase(&["local/team/app:1", "--dry-run"]).0, 3);
}

#[test]
fn s07_an_older_base_is_refused_unless_that_is_wanted() {
    let house = House::new();
    house.app("app", OWN);
    house.moves(&[("etc/conf", "2")], "{}");
    house.comes_to_the_same("app");
    house.base("os:12", FILES, "{labels: {old: \"1\"}}", 150);
    assert_eq!(house.refused(&["local/team/app:1"]), ["base.fresh base.rollback"]);
    let (code, told) = house.rebase(&["local/team/app:1", "--allow-downgrade"]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
}

#[test]
fn a_base_that_nobody_signed_is_refused_and_what_is_rebased_is_signed_and_verifies() {
    let house = signed_house();
    house.app("app", OWN);
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", "2")]].concat(), "{}", 200);
    let (code, told) = house.rebase(&["local/team/app:1"]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
    let verified = house.baker.json(&["verify", "local/team/app:1"]);
    assert_eq!(verified["chain"][0]["signed_by"].as_array().unwrap().len(), 1, "{verified:#}");
    let pass = |id: &str| {
        let checks = verified["chain"][0]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {verified:#}"));
        assert_eq!(check["verdict"], "pass", "{check:#}");
    };
    ["image.signature", "image.provenance", "image.sbom", "lineage.layers"].into_iter().for_each(pass);
    // The global team loses its key: what it bakes is signed by nobody.
    house.global.write("bakery.yaml", "bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", "3")]].concat(), "{}", 300);
    assert_eq!(house.refused(&["local/team/app:1"]), ["base.signature signature.unsigned"]);
}
