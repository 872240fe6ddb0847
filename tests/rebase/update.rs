//! Updating: what a new base changes is shown before the lock moves.

use serde_json::json;

use super::house::{FILES, House, OWN, signed_house};

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

#[test]
fn a_base_that_does_not_verify_is_not_pinned_unless_that_is_wanted() {
    let house = signed_house();
    house.app("app", OWN);
    house.app("other", OWN);
    let lock = house.baker.path("recipes/app/app.lock");
    let read = || std::fs::read_to_string(&lock).unwrap();
    let before = read();
    house.global.write("bakery.yaml", "bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", "3")]].concat(), "{}", 300);
    for arguments in [&["update", "--all", "--dry-run"][..], &["update"]] {
        let output = house.baker.run(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert_eq!(text.matches("stays, since what is new does not verify").count(), 2, "{text}");
        assert!(text.contains("base.signature  fail  signature.unsigned"), "{text}");
        assert!(text.contains("~ /etc/conf"), "what changes is shown all the same: {text}");
        assert_eq!(read(), before);
    }
    let told = house.baker.json(&["update", "recipes/app/app.yaml", "--allow-unverified"]);
    assert_eq!(
        (&told[0]["written"], &told[0]["checks"][0]["id"]),
        (&json!(true), &json!("base.signature")),
        "{told:#}"
    );
    assert_ne!(read(), before);
}

#[test]
fn a_recipe_nothing_can_be_found_out_about_holds_up_no_other() {
    let house = House::new();
    house.app("app", OWN);
    house.baker.write("recipes/lost.yaml", "recipe: 1\nname: team/lost\ntag: \"1\"\nbase: global/nothing:1\n");
    house.moves(&[("etc/conf", "2")], "{}");
    let output = house.baker.run(&["update", "--json"]);
    assert_ne!(output.status.code(), Some(0));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |name: &str| told.as_array().unwrap().iter().find(|one| one["recipe"] == name).unwrap().clone();
    assert_eq!(of("recipes/app/app.yaml")["written"], json!(true), "{told:#}");
    assert!(of("recipes/lost.yaml")["problem"]["message"].is_string(), "{told:#}");
}
