//! Inheritance is proven from content: forged labels, bases that are gone, chains without an end.

use bakery::domain::oci::Digest;

use super::{Shop, Wanted, check, pair, told};

#[test]
fn forged_lineage_is_refused_with_the_first_layer_that_differs() {
    let shop = Shop::new();
    let [_, python, _] = shop.chain();
    let forged = Wanted {
        name: "team/forged:1",
        layers: &["os", "evil", "app"],
        base: Some(("global/python:3", &python.digest)),
        ..Wanted::default()
    };
    let forged = shop.put("local", &forged);
    shop.sign("local", "team/forged:1", &forged, "baker");
    let (code, document) = shop.verify(&["local/team/forged:1"]);
    assert_eq!((code, told(&document, 0, "lineage.layers")), (3, pair("fail", "lineage.forged")), "{document:#}");
    let evidence = check(&document, 0, "lineage.layers")["evidence"][0].to_string();
    assert!(evidence.contains("layer 2"), "{evidence}");
    assert_eq!(document["chain"][1]["reference"], "global/python:3", "the base it claims is shown");
    assert_eq!(document["chain"][0]["layers"], serde_json::json!([0, 3]), "and nothing counts as inherited");
}

#[test]
fn the_baker_can_name_a_base_that_annotations_do_not() {
    let shop = Shop::new();
    shop.chain();
    let silent =
        shop.put("local", &Wanted { name: "team/silent:1", layers: &["os", "python", "x"], ..Wanted::default() });
    shop.sign("local", "team/silent:1", &silent, "baker");
    let (_, document) = shop.verify(&["local/team/silent:1"]);
    assert_eq!(document["chain"].as_array().unwrap().len(), 1, "{document:#}");
    let (_, document) = shop.verify(&["local/team/silent:1", "--base", "global/python:3"]);
    assert_eq!(told(&document, 0, "lineage.layers").0, "pass", "{document:#}");
    assert_eq!(document["chain"].as_array().unwrap().len(), 3);
    let other = shop.put("global", &Wanted { name: "nginx:1", layers: &["nginx"], ..Wanted::default() });
    shop.sign("global", "nginx:1", &other, "global");
    let (code, document) = shop.verify(&["local/team/silent:1", "--base", "global/nginx:1"]);
    assert_eq!((code, told(&document, 0, "lineage.layers")), (3, pair("fail", "lineage.forged")));
}

#[test]
fn a_base_that_is_gone_leaves_the_lineage_unknown() {
    let shop = Shop::new();
    let nowhere = Digest::of(b"nowhere");
    let app = Wanted {
        name: "team/app:1",
        layers: &["os", "app"],
        base: Some(("global/os:1", &nowhere)),
        ..Wanted::default()
    };
    let app = shop.put("local", &app);
    shop.sign("local", "team/app:1", &app, "baker");
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!(told(&document, 0, "lineage.layers"), pair("unknown", "store.not-found"), "{document:#}");
    assert_eq!(told(&document, 0, "lineage.contract").0, "unknown");
    assert_eq!(code, 3);
}

#[test]
fn a_base_named_by_a_store_this_workspace_has_not_is_looked_for_beside_its_child() {
    let shop = Shop::new();
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
    let python = Wanted {
        name: "python:3",
        layers: &["os", "python"],
        // What its makers' own workspace calls it.
        base: Some(("ours/os:1", &os.digest)),
        ..Wanted::default()
    };
    let python = shop.put("global", &python);
    shop.sign("global", "os:1", &os, "global");
    shop.sign("global", "python:3", &python, "global");
    let (code, document) = shop.verify(&["global/python:3"]);
    assert_eq!(code, 0, "{document:#}");
    assert_eq!(document["chain"][1]["digest"], os.digest.to_string());
    assert_eq!(told(&document, 1, "base.signature"), pair("pass", "signature.good"));
}

#[test]
fn j11_bases_that_go_in_a_circle_and_chains_without_end_are_bounded() {
    let shop = Shop::new();
    // Its name, which is all it tells, points to itself.
    let circle = Wanted { name: "circle:1", layers: &["os"], ..Wanted::default() };
    let layout = shop.layout("global");
    let mut document = super::manifest(&layout, "circle:1", &shop.put("global", &circle).digest);
    document["annotations"] = serde_json::json!({"org.opencontainers.image.base.name": "global/circle:1"});
    let bytes = serde_json::to_vec(&document).unwrap();
    let image = layout.put_bytes(bakery::domain::oci::media_type::MANIFEST, &bytes).unwrap();
    shop.tag("global", "circle:1", &image);
    shop.sign("global", "circle:1", &image, "global");
    let (code, document) = shop.verify(&["global/circle:1"]);
    assert_eq!((code, document["chain"].as_array().unwrap().len()), (3, 1), "{document:#}");
    let why = check(&document, 0, "lineage.layers")["evidence"].to_string();
    assert!(why.contains("circle"), "{why}");

    let mut below = shop.put("global", &Wanted { name: "deep:0", layers: &["os"], ..Wanted::default() });
    for number in 1..30 {
        let name = format!("deep:{number}");
        let base = format!("global/deep:{}", number - 1);
        let created = format!("2026-11-01T00:00:{number:02}Z");
        let wanted = Wanted {
            name: &name,
            layers: &["os"],
            base: Some((&base, &below.digest)),
            created: Some(&created),
            ..Wanted::default()
        };
        below = shop.put("global", &wanted);
    }
    let (code, document) = shop.verify(&["global/deep:29"]);
    assert_eq!((code, document["chain"].as_array().unwrap().len()), (3, 17));
}

#[test]
fn a_contract_is_inherited_through_every_base_and_not_loosened() {
    let shop = Shop::new();
    let contract = [("dev.bakery.contract", r#"{"require-labels": ["team"]}"#)];
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], labels: &contract, ..Wanted::default() });
    let python = Wanted {
        name: "python:3",
        layers: &["os", "python"],
        base: Some(("global/os:1", &os.digest)),
        labels: &[("team", "global"), ("dev.bakery.contract", "{}")],
        ..Wanted::default()
    };
    let python = shop.put("global", &python);
    shop.sign("global", "os:1", &os, "global");
    shop.sign("global", "python:3", &python, "global");
    for (name, labels, code) in [("team/app:1", &[("team", "a")][..], 0), ("team/app:2", &[][..], 3)] {
        let base = Some(("global/python:3", &python.digest));
        let app = Wanted { name, layers: &["os", "python", "app"], base, labels, ..Wanted::default() };
        let app = shop.put("local", &app);
        shop.sign("local", name, &app, "baker");
        let (ended, document) = shop.verify(&[&format!("local/{name}")]);
        assert_eq!(ended, code, "{document:#}");
        assert_eq!(told(&document, 0, "lineage.contract").0, if code == 0 { "pass" } else { "fail" });
    }
}
