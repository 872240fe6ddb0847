//! Bakes that go on without whoever asked for them: over the same builders, in the same order.

use std::fs::File;
use std::process::Stdio;

use serde_json::Value;

use super::{shelf, workspace};
use crate::support::bakery::{Bakery, succeeded};

fn detached(bakery: &Bakery, arguments: &[&str]) -> Value {
    let all = [&["bake", "--detach", "--json"], arguments].concat();
    let mut command = bakery.command(&all);
    // What it leaves running must not hold the test's own pipes.
    command.env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).stderr(Stdio::null());
    serde_json::from_str(&succeeded(&command.output().unwrap(), "bake --detach")).unwrap()
}

/// Waits until the batch's process is gone.
fn over(bakery: &Bakery, batch: &Value) -> std::path::PathBuf {
    let folder = bakery.path("home/state/batches").join(batch["batch"].as_str().unwrap());
    if let Ok(lock) = File::open(folder.join("lock")) {
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockShared).unwrap();
    }
    folder
}

/// When each bake began and ended, by image.
fn spans(bakery: &Bakery) -> Vec<(String, String, String)> {
    let rows = bakery.json(&["bakes"]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_else(|| panic!("{row:#}")).to_owned();
    let span = |row: &Value| (text(row, "reference"), text(row, "started"), text(row, "finished"));
    rows.as_array().unwrap().iter().map(span).collect()
}

#[test]
fn bakes_that_nobody_follows_keep_to_the_slots_of_their_builders() {
    let bakery = workspace(8, &[("one", ", slots: 1", ""), ("two", ", slots: 1", "")]);
    let batch = detached(&bakery, &["--all"]);
    assert_eq!(batch["waiting"].as_array().unwrap().len(), 8, "{batch}");
    let folder = over(&bakery, &batch);
    let baked = shelf(&bakery);
    assert_eq!(baked.len(), 8, "{baked:?}");
    for (reference, ends) in &baked {
        assert!(
            matches!(&ends[..], [(status, engine)] if status == "ok" && engine.contains(".example:1")),
            "{reference}: {ends:?}"
        );
    }
    let spans = spans(&bakery);
    for (_, began, _) in &spans {
        let at_once = spans.iter().filter(|(_, from, to)| from <= began && began < to).count();
        assert!(at_once <= 2, "{at_once} at once: {spans:#?}");
    }
    assert!(!folder.exists(), "nothing is left of it");
}

#[test]
fn what_inherits_from_another_is_begun_after_it() {
    let bakery = workspace(2, &[("one", ", slots: 4", "")]);
    let child = "recipe: 1\nname: team-1/app-1\ntag: \"1\"\nbase: local/team-0/app-0:1\n";
    bakery.write("recipes/app-1.yaml", child);
    over(&bakery, &detached(&bakery, &["--all"]));
    let spans = spans(&bakery);
    let of = |name: &str| spans.iter().find(|(reference, ..)| reference == name).unwrap();
    assert!(of("team-0/app-0:1").2 <= of("team-1/app-1:1").1, "{spans:#?}");
}

#[test]
fn one_alone_goes_to_a_builder_and_is_named() {
    let bakery = workspace(2, &[("one", "", "")]);
    let started = detached(&bakery, &["recipes/app-0.yaml"]);
    let mut attach = bakery.command(&["attach", started["bake"].as_str().unwrap(), "-q"]);
    succeeded(&attach.stdin(Stdio::null()).output().unwrap(), "attach");
    assert_eq!(shelf(&bakery)["team-0/app-0:1"], [("ok".to_owned(), "docker://one.example:1".to_owned())]);
}

#[test]
fn a_batch_that_is_cancelled_begins_nothing_more_and_says_so() {
    let bakery = workspace(4, &[("one", ", slots: 1", "{\"pause\":600000}\n")]);
    let batch = detached(&bakery, &["--all"]);
    let id = batch["batch"].as_str().unwrap();
    let told = String::from_utf8(bakery.run(&["bakes"]).stderr).unwrap();
    assert!(told.contains(&format!("batch {id} is at work")), "{told}");
    assert_eq!(bakery.json(&["cancel", id])["batch"], id);
    let folder = over(&bakery, &batch);
    let baked = shelf(&bakery);
    assert!(baked.len() <= 1 && baked.values().flatten().all(|(status, _)| status == "cancelled"), "{baked:?}");
    let log = std::fs::read_to_string(folder.join("worker.log")).unwrap();
    assert!(log.contains("was not begun"), "{log}");
    let told = String::from_utf8(bakery.run(&["bakes"]).stderr).unwrap();
    assert!(!told.contains("is at work"), "{told}");
}
