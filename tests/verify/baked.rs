//! What was baked is judged before it has a name: its layers and its config, on the base that was verified.

use std::collections::BTreeMap;

use bakery::domain::oci::{Descriptor, Platform};
use bakery::domain::trust::{CheckVerdict, Level, Verified};

use super::{Shop, Wanted, repository, wait};

fn gate(shop: &Shop, base: &str, image: &Descriptor) -> Verified {
    let platforms = BTreeMap::from([("linux/amd64".parse::<Platform>().unwrap(), image.digest.clone())]);
    wait(shop.context().verify_base(base, &image.digest, &platforms, false)).unwrap()
}

fn judged(shop: &Shop, image: &Descriptor, gate: Option<&Verified>) -> Level {
    let images = [("linux/amd64".parse::<Platform>().unwrap(), image.clone())];
    wait(shop.context().judge_baked(&repository("team/app:1"), &images, "team/app:1", gate)).unwrap().level
}

fn verdict(level: &Level, id: &str) -> (CheckVerdict, String) {
    let check = level.checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no {id}: {level:#?}"));
    (check.finding.verdict, check.finding.reason.to_string())
}

#[test]
fn an_image_without_a_name_is_judged_but_for_what_is_signed() {
    let shop = Shop::new();
    let [_, python, _] = shop.chain();
    let gate = gate(&shop, "global/python:3", &python);
    let base = Some(("global/python:3", &python.digest));
    let wanted = Wanted { layers: &["os", "python", "fresh"], base, ..Wanted::default() };
    let level = judged(&shop, &shop.put_untagged("local", &wanted, "linux/amd64"), Some(&gate));
    assert_eq!(level.reference, "team/app:1");
    assert_eq!((level.layers, level.is_local), ((2, 3), true));
    assert_eq!(verdict(&level, "lineage.layers").0, CheckVerdict::Pass);
    assert!(level.checks.iter().any(|check| check.id == "layer.setuid"));
    let later = ["image.signature", "image.provenance", "image.sbom", "base.signature"];
    assert!(!level.checks.iter().any(|check| later.contains(&check.id.as_str())), "{level:#?}");
    assert!(!level.verdict().blocks(), "{level:#?}");
}

#[test]
fn s09_what_was_baked_on_another_base_than_was_verified_is_refused() {
    let shop = Shop::new();
    let [os, python, _] = shop.chain();
    let gate = gate(&shop, "global/python:3", &python);
    for base in [Some(("global/os:1", &os.digest)), None] {
        let wanted = Wanted { layers: &["os", "python", "fresh"], base, ..Wanted::default() };
        let level = judged(&shop, &shop.put_untagged("local", &wanted, "linux/amd64"), Some(&gate));
        assert_eq!(verdict(&level, "lineage.layers"), (CheckVerdict::Fail, "lineage.other-base".into()), "{level:#?}");
    }
}

#[test]
fn what_begins_with_nothing_needs_no_base() {
    let shop = Shop::new();
    let image = shop.put_untagged("local", &Wanted { layers: &["os"], ..Wanted::default() }, "linux/amd64");
    assert_eq!(verdict(&judged(&shop, &image, None), "lineage.layers").0, CheckVerdict::Pass);
}

#[test]
fn a_base_that_does_not_verify_is_told_before_anything_runs() {
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    let refused = gate(&shop, "global/os:1", &os);
    assert!(refused.verdict.blocks());
    let reasons: Vec<&str> = refused.blocking().map(|(_, check)| &*check.finding.reason).collect();
    assert_eq!(reasons, ["signature.unsigned"]);
    assert!(shop.memories().is_empty());
}
