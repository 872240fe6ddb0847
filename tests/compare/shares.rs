//! `du`: whose bytes, which are wasted, and rules that must not hold.

use serde_json::json;

use super::put;
use crate::support::bakery::Bakery;
use crate::support::engine::Tar;

fn image() -> Bakery {
    let bakery = Bakery::new();
    let text = |size: usize| "x".repeat(size);
    let base = Tar::new().file("a", &text(100_000)).file("b", &text(50_000)).hardlink("c", "b").end();
    let over = Tar::new().file("a", &text(40_000)).file(".wh.b", "").file("d", &text(10_000)).end();
    let top = Tar::new().file("d", &text(9_000)).end();
    put(&bakery.local(), "app:1", &[base, over, top]);
    bakery
}

#[test]
fn bytes_are_counted_by_layer_and_what_nobody_sees_is_named() {
    let bakery = image();
    let document = bakery.json(&["du", "local/app:1"]);
    let figures: Vec<_> = (0..3)
        .map(|at| &document["layers"][at])
        .map(|l| [&l["files"], &l["bytes"], &l["wasted"]].map(|n| n.as_u64().unwrap()))
        .collect();
    assert_eq!(figures[1..], [[2, 50_000, 10_000], [1, 9_000, 0]]);
    assert_eq!(figures[0][1], 150_000);
    let waste = document["waste"].as_array().unwrap();
    assert_eq!(
        (&waste[0]["path"], &waste[0]["bytes"], &waste[0]["gone"]),
        (&json!("/a"), &json!(100_000), &json!(false))
    );
    assert_eq!(document["total"]["bytes"], 209_000);
    let score = document["efficiency"].as_f64().unwrap();
    assert!(score > 0.2 && score < 0.3, "{score}");
    let one = bakery.json(&["du", "local/app:1", "--top", "1"]);
    assert_eq!(one["waste"].as_array().unwrap().len(), 1);
    let text = bakery.ok(&["du", "local/app:1", "--top", "1"]);
    assert!(text.contains("efficiency 2") && text.contains("100.0 kB") && text.contains("… and"), "{text}");
}

#[test]
fn rules_that_hold_end_it_with_three_and_are_all_named() {
    let bakery = image();
    bakery.ok(&["du", "local/app:1", "--fail-on", "waste>200kB", "--fail-on", "efficiency<0.2"]);
    let rules = ["--fail-on", "waste>20kB", "--fail-on", "total>1GB", "--fail-on", "efficiency<95%"];
    for json in [&[][..], &["--json"]] {
        let said = bakery.fails(3, &[&["du", "local/app:1"], &rules[..], json].concat());
        assert!(
            said.contains("over its budget") && said.contains("waste>20kB") && said.contains("efficiency<95%"),
            "{said}"
        );
        assert!(!said.contains("total>1GB"), "{said}");
    }
    let output = bakery.run(&[&["du", "local/app:1", "--json"], &rules[..]].concat());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let holds: Vec<_> =
        document["rules"].as_array().unwrap().iter().map(|rule| rule["holds"].as_bool().unwrap()).collect();
    assert_eq!(holds, [true, false, true]);
    let said = bakery.fails(2, &["du", "local/app:1", "--fail-on", "waste=20MB"]);
    assert!(said.contains("column 6") && said.contains("waste>5%"), "{said}");
}
