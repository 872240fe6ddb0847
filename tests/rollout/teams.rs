//! What was published before goes to where it was: also when the registry refuses, is gone, or nothing is to be handed on now.

use serde_json::{Value, json};

use super::door::{Door, Lets};
use super::house::{CLEAN, House, OVER, told};
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers::need;

/// What is published, by what it is called at the team and here.
const PUBLISHED: [&str; 3] = ["team/clean:1", "team/over:1", "team/web:1"];

/// A fleet whose team has a registry behind a door.
fn shop() -> (House, Door, DockerRegistry) {
    let registry = DockerRegistry::start();
    let door = Door::before(registry.host());
    let house = House::new(&format!("  red: {{registry: {}/red, KEYS}}\n", door.host()));
    house.app("clean", "global/os:12", CLEAN);
    house.app("over", "global/os:12", OVER);
    house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
    for name in ["clean", "over", "web"] {
        house.publish(name, &format!("red/team/{name}:1"));
    }
    house.base(2, "{}");
    (house, door, registry)
}

fn at(house: &House, store: &str) -> Vec<String> {
    PUBLISHED.iter().map(|name| house.digest(&format!("{store}/{name}"))).collect()
}

fn status(events: &[Value]) -> &str {
    events.last().unwrap()["status"].as_str().unwrap()
}

#[test]
fn a_registry_that_refuses_is_made_up_for_by_going_on_and_by_a_new_one() {
    if !need(&["docker-registry"]) {
        return;
    }
    let (house, door, _registry) = shop();
    let before = at(&house, "red");
    door.lets(Lets::Readers);
    let (code, events) = house.rollout(&["global/os:12", "--budget", "5"]);
    assert_eq!((code, status(&events)), (4, "incomplete"), "{events:#?}");
    let failed: Vec<_> = events.iter().filter(|event| event["kind"] == "item.failed").collect();
    assert_eq!(failed.len(), 2, "{failed:#?}");
    for event in failed {
        let name = event["item"].as_str().unwrap().trim_start_matches("local/");
        assert_eq!(event["why"][0], format!("it was moved, but not handed on to red/{name}"));
        assert_eq!(event["exit_code"], 4);
    }
    assert!(told(&events).contains(&"item.skipped local/team/web:1".to_owned()));
    assert_eq!(at(&house, "red"), before, "nothing new has a name there");
    for name in &PUBLISHED[..2] {
        house.baker.ok(&["verify", &format!("local/{name}")]);
    }
    // Another roll-out knows what that one owes, rebased or baked again.
    door.lets(Lets::All);
    let (answers, document) = house.foreseen(0, &["global/os:12"]);
    assert_eq!(answers, ["local/team/clean:1 publish", "local/team/over:1 publish", "local/team/web:1 base-first"]);
    assert_eq!(document["images"][1]["publish"], json!(["red/team/over:1"]));
    let said = house.baker.run(&["rollout", "global/os:12", "--dry-run"]);
    let (lines, totals) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(lines.contains("local/team/over:1  publish  (on global/os:12)\n    to red/team/over:1\n"), "{lines}");
    assert!(totals.contains(": 1 after its base, 2 to publish"), "{totals}");
    let (code, events) = house.rollout(&["global/os:12"]);
    assert_eq!((code, status(&events)), (0, "done"), "{events:#?}");
    assert_eq!(at(&house, "red"), at(&house, "local"));
    PUBLISHED.iter().for_each(|name| drop(house.baker.ok(&["verify", &format!("red/{name}")])));
    // And going on with the same one does, too.
    house.base(3, "{}");
    door.lets(Lets::Readers);
    assert_eq!(house.rollout(&["global/os:12", "--budget", "5"]).0, 4);
    door.lets(Lets::All);
    let (code, events) = house.rollout(&["--resume"]);
    assert_eq!((code, status(&events)), (0, "done"), "{events:#?}");
    assert_eq!(at(&house, "red"), at(&house, "local"));
    assert_eq!(house.foreseen(0, &["global/os:12"]).0, [""; 0]);
}

#[test]
fn nothing_is_handed_on_where_that_is_not_wanted_and_a_registry_that_is_gone_is_told() {
    if !need(&["docker-registry"]) {
        return;
    }
    let (house, door, _registry) = shop();
    let (red, local) = (at(&house, "red"), at(&house, "local"));
    door.lets(Lets::Nobody);
    let gone = house.baker.fails(4, &["rollout", "global/os:12"]);
    assert!(gone.contains("what is to be handed on there is not known"), "{gone}");
    assert!(gone.contains("help: with --no-publish nothing is handed on"), "{gone}");
    assert_eq!(at(&house, "local"), local);
    assert_eq!(house.baker.json(&["rollout", "--list"]), json!([]), "none was begun");
    let (code, events) = house.rollout(&["global/os:12", "--no-publish"]);
    assert_eq!((code, status(&events)), (0, "done"), "{events:#?}");
    assert!(!told(&events).iter().any(|line| line.starts_with("item.published")), "{events:#?}");
    door.lets(Lets::All);
    assert_eq!(at(&house, "red"), red);
    let moved = at(&house, "local");
    assert!(moved.iter().zip(&local).all(|(moved, local)| moved != local));
    // What was rebased is known by its layers. What was baked again is not: nobody said that it was to be handed on.
    let expected = ["local/team/clean:1 publish", "red/team/over:1 left", "local/team/web:1 publish"];
    assert_eq!(house.foreseen(0, &["global/os:12"]).0, expected);
    assert_eq!(house.rollout(&["global/os:12", "--only", "local/team/clean:1"]).0, 0);
    assert_eq!(at(&house, "red"), [&moved[0], &red[1], &red[2]].map(Clone::clone));
}
