//! What an image asks for, of real bakes: the best thing to do, the packages that changes, and what is fetched to find out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::impact::House;
use crate::support::bakery::{Bakery, peer};
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::peers::need;

/// The assessments, by reference.
fn assessed(told: &Value) -> BTreeMap<String, Value> {
    let nodes = told["nodes"].as_array().unwrap().iter().filter(|node| node["assessment"].is_object());
    nodes.map(|node| (node["references"][0].as_str().unwrap().to_owned(), node["assessment"].clone())).collect()
}

/// `BEST` or `BEST: why`.
fn best(told: &Value) -> String {
    let more = told["why"].as_str().or(told["base_first"].as_str());
    let best = told["best"].as_str().unwrap();
    more.map_or(best.to_owned(), |more| format!("{best}: {more}"))
}

#[test]
fn each_image_is_told_what_is_best_done_with_it() {
    let house = House::new();
    house.app(&house.baker, "safe", "global/os:12", "/srv/own");
    house.app(&house.baker, "over", "global/os:12", "/etc/conf");
    house.app(&house.baker, "orphan", "global/os:12", "/etc/conf");
    house.app(&house.baker, "above", "local/team/safe:1", "/srv/above");
    std::fs::remove_file(house.baker.path("recipes/orphan/orphan.yaml")).unwrap();
    // A team that has copies of ours, of one that was baked anew since, and something of its own.
    let team = house.team();
    house.app(&team, "theirs", "global/os:12", "/srv/theirs");
    peer(
        "cp",
        &["-a", &format!("{}/.", house.baker.path("local").display()), &team.path("copies").display().to_string()],
    );
    house.app(&house.baker, "safe", "global/os:12", "/srv/own2");
    house.base("os:12", &[("etc/conf", "2"), ("var/lib/dpkg/status", "3.0.2")], 200);
    let files = |name: &str| std::fs::read(house.baker.path("local").join(name)).unwrap();
    let index = files("index.json");
    let told = assessed(&house.baker.json(&["lineage", "--assess"]));
    assert_eq!(files("index.json"), index, "nothing is moved, nothing gets a name");
    let bests: Vec<String> = told.iter().map(|(name, told)| format!("{name} {}", best(told))).collect();
    let team = "no image of the local store makes it: whoever baked it has to move it";
    assert_eq!(
        bests,
        [
            "copies/team/safe:1 base-first: local/team/safe:1",
            "local/team/above:1 base-first: local/team/safe:1",
            "local/team/orphan:1 blocked: it has to be baked again, and no recipe of this workspace makes it",
            "local/team/over:1 rebake",
            "local/team/safe:1 rebase",
            &format!("teams/team/theirs:1 blocked: {team}"),
        ],
        "{told:#?}"
    );
    // As its recipe is named, and without a tag: the recipe has it.
    for name in ["team/safe", "team/safe:1", "local/team/safe"] {
        assert_eq!(house.baker.json(&["rebase", "--dry-run", name])["image"], "local/team/safe:1", "{name}");
        assert!(house.baker.ok(&["lineage", name]).contains("local/team/safe:1"), "{name}");
    }
    house.baker.fails(2, &["lineage", "team/nosuch"]);
    let safe = &told["local/team/safe:1"];
    let package = &safe["packages"][0];
    assert_eq!((&package["name"], &package["kind"]), (&json!("libssl"), &json!("upgraded")), "{safe:#}");
    assert_eq!((&package["before"]["version"], &package["after"]["version"]), (&json!("3.0.1"), &json!("3.0.2")));
    assert_eq!((&safe["verdict"], &safe["rebase"]["answer"]), (&json!("unknown"), &json!("safe")));
    assert_eq!(safe["touched"]["paths"], 0);
    assert!(safe["touched"]["of"].as_u64().unwrap() >= 1, "{safe:#}");
    assert_eq!(safe["recipe"], "recipes/safe/safe.yaml", "below the workspace's folder");
    let page = house.baker.ok(&["lineage", "--assess", "--markdown"]);
    assert!(!page.contains(house.baker.path("recipes").to_str().unwrap()), "{page}");
    let over = &told["local/team/over:1"];
    assert_eq!((&over["touched"]["paths"], over["packages"].as_array().unwrap().len()), (&json!(1), 1), "{over:#}");
    assert_eq!(told["teams/team/theirs:1"]["packages"][0]["name"], "libssl", "of a team's, too");
    assert_eq!(told["teams/team/theirs:1"]["rebase"], Value::Null);
    // For people: one image, and all of them as a table.
    let text = house.baker.ok(&["lineage", "local/team/safe:1"]);
    for line in
        ["best: rebase", "libssl 3.0.1 → 3.0.2", "the new base touches 0 of its", "bakery rebase local/team/safe:1"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    let tree = house.baker.ok(&["lineage"]);
    assert!(tree.contains("◆ global/os:12 as it was, "), "what the stale ones are on was the base once: {tree}");
    let table = house.baker.ok(&["lineage", "--assess", "--stale", "--markdown", "--sort", "staleness"]);
    assert!(table.contains("| image | base | behind | since | best | packages |"), "{table}");
    assert!(table.contains("| 1970-01-01T00:03:20Z | bake again | libssl 3.0.1 → 3.0.2 |"), "{table}");
    // Once it has moved, what is built on it is stale by itself, and its copy only has to be published.
    house.baker.ok(&["rebase", "local/team/safe:1"]);
    let told = assessed(&house.baker.json(&["lineage", "--assess"]));
    let moved = "blocked: local/team/safe:1 has moved already: `bakery publish local/team/safe:1` hands it on";
    assert_eq!(best(&told["copies/team/safe:1"]), moved);
    assert_eq!(best(&told["local/team/above:1"]), "rebase");
    let current = house.baker.json(&["lineage", "local/team/safe:1"]);
    assert_eq!(best(&assessed(&current)["local/team/safe:1"]), "up-to-date");
}

#[test]
fn what_is_asked_of_a_registry_to_assess_is_read_once_and_nothing_of_ours() {
    if !need(&["docker-registry", "skopeo"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let house = House::new();
    let push = || {
        let from = format!("oci:{}:os:12", house.global.path("store").display());
        let to = format!("docker://{}/global/os:12", registry.host());
        peer("skopeo", &["copy", "-q", "--all", "--dest-tls-verify=false", &from, &to]);
    };
    push();
    let baker = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: {}/global}}\n  local: {{layout: ./local}}\nrecipes: recipes\n",
        registry.host()
    ));
    for number in 0..6 {
        house.app(&baker, &format!("app{number}"), "global/os:12", &format!("/srv/own{number}"));
    }
    house.base("os:12", &[("etc/conf", "2"), ("var/lib/dpkg/status", "3.0.2")], 200);
    push();
    let before = registry.requests().len();
    let told = assessed(&baker.json(&["lineage", "--assess"]));
    assert_eq!(told.len(), 6);
    assert!(told.values().all(|told| told["best"] == "rebase" && told["packages"][0]["name"] == "libssl"), "{told:#?}");
    let requests = registry.requests().split_off(before);
    assert!(requests.iter().all(|(method, _)| method == "HEAD" || method == "GET"), "{requests:?}");
    let mut blobs: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, path) in requests.iter().filter(|(_, path)| path.contains("/blobs/")) {
        *blobs.entry(path).or_default() += 1;
    }
    // The new base's config and its one layer; nothing of the old one, whose layers are here, nor of ours.
    assert!(blobs.len() == 2 && blobs.values().all(|count| *count == 1), "{blobs:?}");
    let again = registry.requests().len();
    baker.json(&["lineage", "--assess"]);
    let requests = registry.requests().split_off(again);
    assert!(!requests.iter().any(|(_, path)| path.contains("/blobs/")), "{requests:?}");
}
