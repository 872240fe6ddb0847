//! 3 global bases in several versions, 40 local images, 200 of teams, a third of which say nothing of their base.

use std::collections::BTreeSet;

use bakery::domain::oci::{Digest, Repository, media_type};
use serde_json::Value;

use super::{BASE_WORDS, Put, Shelf, stale, workspace};
use crate::support::bakery::Bakery;
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::images::layer;
use crate::support::peers::need;

#[tokio::test]
async fn after_a_new_base_exactly_its_descendants_are_stale() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let bakery = workspace(&registry);
    let global = Shelf::registry(&registry, "global");
    let (local, teams) = (Shelf::layout(&bakery.path("local")), Shelf::registry(&registry, "teams"));
    global.put("os:11", None, "os1", None).await;
    let os = global.put("os:12", None, "os2", None).await;
    let node = global.put("node:22", Some(&os), "node1 npm", Some("global/os:12")).await;
    // The first python is left behind without a tag, before anybody looked.
    let python = global.put("python:3.12", Some(&os), "python1 pip", Some("global/os:12")).await;
    let mut on_python = BTreeSet::new();
    let quiet = |number: usize| number % 10 < 3;
    for number in 0..40 {
        let (base, told) = if number % 2 == 0 { (&python, "global/python:3.12") } else { (&node, "global/node:22") };
        let name = format!("team-{}/app{number}:1.0", number % 4);
        let told = Some(told).filter(|_| !quiet(number));
        let image = local.put(&name, Some(base), &format!("own{number}"), told).await;
        if number % 2 == 0 {
            on_python.insert(format!("local/{name}"));
        }
        for copy in 0..5 {
            let name = format!("t{copy}/svc{number}:2");
            // Every second one has layers of its own on ours; the others are ours.
            let own = if copy % 2 == 0 { format!("svc{number}-{copy}") } else { String::new() };
            let ours = format!("local/team-{}/app{number}:1.0", number % 4);
            let told = Some(ours.as_str()).filter(|_| !quiet(number * 5 + copy));
            teams_put(&teams, (&name, &own), &image, told).await;
            if number % 2 == 0 {
                on_python.insert(format!("teams/{name}"));
            }
        }
    }
    assert_eq!(stale(&bakery, &[]), BTreeSet::new(), "nothing has moved");
    let retag = global.put("python:stable", Some(&os), "python1 pip", Some("global/os:12")).await;
    assert_eq!(retag.digest, python.digest);
    global.put("python:3.13", Some(&os), "python3", Some("global/os:12")).await;
    assert_eq!(stale(&bakery, &[]), BTreeSet::new(), "another name of the same, and another line");
    global.put("python:3.12", Some(&os), "python2 pip", Some("global/os:12")).await;
    let before = registry.requests().len();
    assert_eq!(stale(&bakery, &[]), on_python);
    let requests = registry.requests();
    let asked = &requests[before..];
    let others: Vec<_> = asked.iter().filter(|(method, _)| !matches!(method.as_str(), "HEAD" | "GET")).collect();
    assert!(others.is_empty() && !asked.is_empty(), "{others:?}");
    let blobs = asked.iter().filter(|(_, path)| path.contains("/blobs/")).count();
    assert!(blobs <= 2, "documents that were read once are not asked for again: {blobs}");
    // One who never looked before finds the same: others tell of the base that has no tag any more.
    let newcomer = workspace(&registry);
    std::fs::rename(bakery.path("local"), newcomer.path("local")).unwrap();
    assert_eq!(stale(&newcomer, &[]), on_python);
    only_around_one(&newcomer, &on_python);
}

async fn teams_put(teams: &Shelf, (name, own): (&str, &str), ours: &Put, told: Option<&str>) {
    // Blobs of ours are mounted by content in real life; here they are put again from their words.
    let (repository, _) = name.rsplit_once(':').unwrap();
    let repository: Repository = repository.parse().unwrap();
    for (blob, _) in &ours.layers {
        let own = (0..40).map(|number| format!("own{number}"));
        let words = BASE_WORDS.iter().map(|word| (*word).to_owned()).chain(own);
        let bytes = words.map(|word| layer(&word).0).find(|bytes| Digest::of(bytes) == blob.digest).unwrap();
        teams.blob(&repository, media_type::LAYER_GZIP, &bytes).await;
    }
    teams.put(name, Some(ours), own, told).await;
}

fn only_around_one(bakery: &Bakery, on_python: &BTreeSet<String>) {
    let around = stale(bakery, &["local/team-0/app0:1.0"]);
    assert!(around.len() == 6 && around.is_subset(on_python), "{around:?}");
    assert_eq!(stale(bakery, &["global/node:22"]), BTreeSet::new());
    bakery.fails(1, &["lineage", "--exit-code"]);
    bakery.ok(&["lineage", "global/node:22", "--exit-code"]);
    let text = bakery.ok(&["lineage", "local/team-0/app0:1.0"]);
    assert!(text.contains("◆ global/os:12\n└─ ◆ global/python:stable  ✔ current"), "{text}");
    assert!(text.contains("◇ local/team-0/app0:1.0 (+1 tag)  ⟳ 1 version behind global/python:3.12"), "{text}");
    let table = bakery.ok(&["lineage", "local/team-0/app0:1.0", "--markdown"]);
    assert!(table.contains("| local/team-0/app0:1.0 | global/python:3.12 | 1 | 2026-01-04T00:00:00Z |"), "{table}");
    let told: Value = bakery.json(&["lineage", "local/team-0/app0:1.0"]);
    assert_eq!(
        (told["stale"].as_u64(), told["unread"].as_array().unwrap().len()),
        (Some(5), 0),
        "five images under six names"
    );
}

#[test]
fn a_store_that_does_not_answer_hides_no_other() {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {registry: \"127.0.0.1:1/global\"}\n  local: {layout: ./local}\n",
    );
    let layout = bakery::adapters::store::layout::Layout::open_or_create(&bakery.path("local")).unwrap();
    crate::support::images::put_named(&layout, "team-a/app:1");
    let output = bakery.run(&["lineage", "--json"]);
    assert_eq!(output.status.code(), Some(4));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["nodes"][0]["references"][0], "local/team-a/app:1");
    assert_eq!(told["unread"][0]["what"], "global");
    let output = bakery.run(&["lineage", "--markdown"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(page.contains("global cannot be read: what is stale there is not known."), "{page}");
    assert!(!page.contains("Every image"), "nobody knows that: {page}");
}
