//! Several bakes at once: in dependency order, on what was just baked, and what fails is told whole.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::bakery::{Bakery, layout_json};

const PARENT: &str = "recipe: 1\nname: team-a/base\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: os, to: /}\n";
const CHILD: &str = "recipe: 1\nname: team-a/child\ntag: \"1\"\nbase: local/team-a/base:1\nsteps:\n  \
                     - write: {to: /app, content: app}\n";

/// The child stands before the base it needs.
fn workspace() -> Bakery {
    let bakery = Bakery::new();
    bakery.write("recipes/z-base.yaml", PARENT);
    bakery.write("recipes/os/etc/os-release", "os 1\n");
    bakery.write("recipes/a-child.yaml", CHILD);
    bakery
}

/// Digest by reference of everything `arguments` committed.
fn committed(bakery: &Bakery, arguments: &[&str]) -> BTreeMap<String, String> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let events = bakery.json_lines(arguments);
    let committed = events.iter().filter(|event| event["kind"] == "image.committed");
    committed.map(|event| (text(event, "reference"), text(event, "digest"))).collect()
}

fn base_of(bakery: &Bakery, digest: &str) -> String {
    let manifest = layout_json(&bakery.local(), digest);
    manifest["annotations"]["org.opencontainers.image.base.digest"].as_str().unwrap().to_owned()
}

fn tagged(bakery: &Bakery, name: &str) -> Option<String> {
    let index: Value = serde_json::from_slice(&std::fs::read(bakery.local().join("index.json")).ok()?).unwrap();
    let named = |entry: &&Value| entry["annotations"]["org.opencontainers.image.ref.name"] == name;
    Some(index["manifests"].as_array().unwrap().iter().find(named)?["digest"].as_str().unwrap().to_owned())
}

#[test]
fn a_child_is_baked_on_what_its_base_has_just_become() {
    let bakery = workspace();
    let first = committed(&bakery, &["bake", "--all"]);
    assert_eq!(base_of(&bakery, &first["team-a/child:1"]), first["team-a/base:1"]);

    bakery.write("recipes/os/etc/os-release", "os 2\n");
    let second = committed(&bakery, &["bake", "recipes/a-child.yaml", "recipes/z-base.yaml"]);
    assert_ne!(first["team-a/base:1"], second["team-a/base:1"]);
    assert_eq!(base_of(&bakery, &second["team-a/child:1"]), second["team-a/base:1"]);
    let lock = std::fs::read_to_string(bakery.path("recipes/a-child.lock")).unwrap();
    assert!(lock.contains(&second["team-a/base:1"]), "{lock}");
    let (below, above) = (
        layout_json(&bakery.local(), &second["team-a/base:1"]),
        layout_json(&bakery.local(), &second["team-a/child:1"]),
    );
    assert!(above["layers"].as_array().unwrap().starts_with(below["layers"].as_array().unwrap()));

    // Alone, the child stays where its lock says.
    bakery.write("recipes/os/etc/os-release", "os 3\n");
    bakery.bake("recipes/z-base.yaml");
    assert_eq!(bakery.bake("recipes/a-child.yaml"), second["team-a/child:1"]);
}

#[test]
fn frozen_refuses_a_child_whose_lock_is_behind() {
    let bakery = workspace();
    let first = committed(&bakery, &["bake", "--all"]);
    let lock = std::fs::read(bakery.path("recipes/a-child.lock")).unwrap();
    assert_eq!(committed(&bakery, &["bake", "--all", "--frozen"]), first, "nothing has moved");

    bakery.write("recipes/os/etc/os-release", "os 2\n");
    let told = bakery.fails(2, &["bake", "--all", "--frozen"]);
    assert!(told.contains("the lock of recipes/a-child.yaml is behind its base local/team-a/base:1"), "{told}");
    assert!(told.contains("help: bake without --frozen"), "{told}");
    assert_eq!(tagged(&bakery, "team-a/child:1").as_ref(), Some(&first["team-a/child:1"]));
    assert_eq!(std::fs::read(bakery.path("recipes/a-child.lock")).unwrap(), lock);

    std::fs::remove_file(bakery.path("recipes/a-child.lock")).unwrap();
    bakery.fails(2, &["bake", "--all", "--frozen"]);
    assert!(!bakery.path("recipes/a-child.lock").exists());
}

#[test]
fn a_base_that_fails_keeps_its_child_from_starting() {
    let bakery = workspace();
    bakery.write("recipes/z-base.yaml", format!("{PARENT}  - remove: [/nowhere]\n"));
    bakery.write("recipes/other.yaml", "recipe: 1\nname: team-b/other\ntag: \"1\"\nbase: scratch\n");
    let told = bakery.fails(1, &["bake", "--all"]);
    assert!(told.contains("bake of team-a/child:1 was not begun: its base team-a/base:1 was not baked"), "{told}");
    assert!(told.contains("/nowhere"), "{told}");
    assert_eq!(tagged(&bakery, "team-a/child:1"), None);
    assert!(tagged(&bakery, "team-b/other:1").is_some(), "the others are baked");
    let bakes = bakery.json(&["bakes"]);
    assert_eq!(bakes.as_array().unwrap().len(), 2, "{bakes}");
}

#[test]
fn a_base_that_is_rejected_keeps_its_child_from_starting() {
    let bakery = workspace();
    let tests = "tests:\n  - {name: release, file: {path: /etc/os-release, mode: \"0600\"}}\n";
    bakery.write("recipes/z-base.yaml", format!("{PARENT}{tests}"));
    let told = bakery.fails(3, &["bake", "--all"]);
    assert!(told.contains("its base team-a/base:1 was not baked"), "{told}");
    assert!(told.contains("test.release") && told.contains("expected 0600, found 0644"), "{told}");
    assert_eq!((tagged(&bakery, "team-a/base:1"), tagged(&bakery, "team-a/child:1")), (None, None));
}

#[test]
fn two_recipes_of_one_tag_are_not_raced() {
    let bakery = workspace();
    bakery.write("recipes/twin.yaml", CHILD);
    let told = bakery.fails(2, &["bake", "--all"]);
    assert!(told.contains("recipes/a-child.yaml and recipes/twin.yaml both make team-a/child:1"), "{told}");
    assert_eq!(tagged(&bakery, "team-a/base:1"), None);
}

#[test]
fn every_recipe_with_errors_is_named_and_nothing_is_baked() {
    let bakery = workspace();
    bakery.write("recipes/bad.yaml", "recipe: 1\nname: team-a/bad\ntag: \"1\"\nbase: scratch\nsteeps: []\n");
    bakery.write("recipes/worse.yaml", "recipe: 1\nname: Team/B\nbase: scratch\ntag: 1.0\n");
    let told = bakery.fails(2, &["bake", "--all"]);
    for part in ["2 of 4 recipes have errors", "recipes/bad.yaml:5:1", "steeps", "recipes/worse.yaml", "bakery check"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(!bakery.local().exists() && bakery.json(&["bakes"]).as_array().unwrap().is_empty());
}
