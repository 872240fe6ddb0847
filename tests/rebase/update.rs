//! Updating: what a new base changes is shown before the lock moves.

use serde_json::json;

use super::house::{FILES, House};

#[test]
fn update_shows_what_a_new_base_changes_and_moves_the_lock() {
    let house = House::new();
    house.app("over", "steps:\n  - write: {to: /srv/x, content: x}\n  - write: {to: /etc/conf, content: mine}\n");
    let lock = house.baker.path("recipes/over/over.lock");
    let read = || std::fs::read_to_string(&lock).unwrap();
    let before = read();
    let recipe = "recipes/over/over.yaml";
    assert_eq!(house.baker.json(&["update", recipe, "--dry-run", "--exit-code"])[0]["moves"], json!(false));
    house.base(
        "os:12",
        &[&FILES[1..6], &[("etc/conf", "2"), ("usr/new", "n")]].concat(),
        "{env: {A: \"1\"}, labels: {dev.bakery.contract: '{\"protected\": [\"/etc/conf\"]}'}}",
        200,
    );
    house.baker.fails(1, &["update", "--dry-run", "--exit-code"]);
    let told = house.baker.json(&["update", recipe, "--dry-run"]);
    let changes = &told[0]["changes"];
    assert_eq!((&told[0]["moves"], &told[0]["written"], read()), (&json!(true), &json!(false), before.clone()));
    // The folders that went and came are among them.
    assert_eq!(changes["files"]["modified"], 1, "{changes:#}");
    assert_eq!(changes["config"][0]["field"], "env.A", "{changes:#}");
    assert!(changes["contract"]["after"].as_str().unwrap().contains("/etc/conf"), "{changes:#}");
    assert_eq!(
        changes["met"],
        json!([{"why": "over", "path": "/etc/conf", "base_path": "/etc/conf", "change": "modified",
            "by": "bakery write /etc/conf"}])
    );
    let text = house.baker.ok(&["update", recipe]);
    assert!(text.contains("moved: global/os:12") && text.contains("by bakery write /etc/conf"), "{text}");
    assert_ne!(read(), before);
    assert!(read().contains(told[0]["after"].as_str().unwrap()), "what was shown is what is pinned");
    assert!(house.baker.ok(&["update"]).contains("is still"));
}
