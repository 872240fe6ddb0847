//! Bakes at the same time: what several want is made once, and nobody waits for ever.

use std::process::Stdio;

use serde_json::Value;

use super::bench::{bench, events, of, with};
use crate::support::bakery::{Bakery, succeeded};

fn stocked(first: &str, names: &[&str]) -> Bakery {
    let bakery = bench();
    for name in names {
        with(&bakery, name, &format!("  - run: {first}\n  - run: echo {name} > /etc/own\n"));
    }
    bakery
}

fn count(all: &[Value], kind: &str, step: &str) -> usize {
    of(all, kind).iter().filter(|event| event["step"] == step).count()
}

#[test]
fn the_step_that_three_recipes_share_runs_once() {
    let bakery = stocked("sleep 0.5; echo shared > /etc/shared", &["a", "b", "c"]);
    let output = bakery.run(&["bake", "recipes/a.yaml", "recipes/b.yaml", "recipes/c.yaml", "--json"]);
    succeeded(&output, "bake a b c");
    let all = events(&output);
    assert_eq!((count(&all, "step.started", "1"), count(&all, "step.cached", "1")), (1, 2));
    assert_eq!(count(&all, "step.started", "2"), 3);
    assert_eq!(of(&all, "image.committed").len(), 3);
}

#[test]
fn one_recipe_baked_twice_at_once_gives_one_image() {
    let bakery = stocked("sleep 0.5; echo shared > /etc/shared", &["a"]);
    let start = || {
        let mut command = bakery.command(&["bake", "recipes/a.yaml", "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (one, two) = (start(), start());
    let mut all = Vec::new();
    for child in [one, two] {
        let output = child.wait_with_output().unwrap();
        succeeded(&output, "bake a");
        all.extend(events(&output));
    }
    assert_eq!((count(&all, "step.started", "1"), count(&all, "step.cached", "1")), (1, 1));
    let images = of(&all, "image.committed");
    assert_eq!(images[0]["digest"], images[1]["digest"]);
}

#[test]
fn when_the_bake_that_makes_a_step_is_stopped_another_makes_it() {
    let bakery = bench();
    // The first stays until it is stopped; the second comes to its end.
    let first = "if mkdir /var/shared/first; then sleep 600; fi; echo shared > /etc/shared";
    for name in ["a", "b"] {
        let steps = format!("  - run: {{script: '{first}', cache: [/var/shared]}}\n  - run: echo {name} > /etc/own\n");
        let text = super::bench::recipe("same", &steps).replace("\"1\"", &format!("\"{name}\""));
        bakery.write(&format!("recipes/{name}.yaml"), text);
    }
    let started = bakery.json(&["bake", "recipes/a.yaml", "--detach"]);
    let id = started["bake"].as_str().unwrap().to_owned();
    let journal = bakery.path("home/state/bakes").join(&id).join("journal.jsonl");
    wait_for(|| std::fs::read_to_string(&journal).unwrap().contains("\"kind\":\"step.started\",\"step\":\"1\""));
    let kept = bakery.path("home/cache/step-caches");
    wait_for(|| below(&kept).iter().any(|path| path.ends_with("fs/first")));
    let mut command = bakery.command(&["bake", "recipes/b.yaml", "--json"]);
    let second = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bakery.ok(&["cancel", &id]);
    let output = second.wait_with_output().unwrap();
    succeeded(&output, "bake b");
    assert_eq!(count(&events(&output), "step.started", "1"), 1);
}

#[test]
fn gc_leaves_what_a_bake_uses_and_says_so() {
    let bakery = bench();
    with(
        &bakery,
        "long",
        "  - run: {script: 'touch /var/shared/begun; while ! test -e /var/shared/on; do sleep 0.05; done; echo 1 > /etc/one', cache: [/var/shared]}\n",
    );
    let started = bakery.json(&["bake", "recipes/long.yaml", "--detach"]);
    let id = started["bake"].as_str().unwrap().to_owned();
    let kept = bakery.path("home/cache/step-caches");
    wait_for(|| below(&kept).iter().any(|path| path.ends_with("fs/begun")));
    let told = bakery.fails(1, &["gc", "--max-size", "0"]);
    assert!(told.contains("is using this store"), "{told}");
    // From another workspace, whose store nobody uses, the snapshots are the same.
    bakery.write("other/bakery.yaml", "bakery: 1\nstores: {local: {layout: ./local}}\n");
    let elsewhere = |arguments: &[&str]| {
        let output = bakery.command(arguments).current_dir(bakery.path("other")).output().unwrap();
        succeeded(&output, "gc")
    };
    let told = elsewhere(&["gc", "--max-size", "0"]);
    assert!(told.contains("left the snapshots a bake uses"), "{told}");
    let said: Value = serde_json::from_str(&elsewhere(&["gc", "--all", "--json"])).unwrap();
    assert_eq!((&said["snapshots"]["left"], &said["snapshots"]["removed"]), (&1.into(), &0.into()), "{said}");
    let begun = below(&kept).into_iter().find(|path| path.ends_with("fs/begun")).unwrap();
    std::fs::write(begun.with_file_name("on"), "").unwrap();
    bakery.ok(&["attach", &id]);
    let said = bakery.json(&["gc", "--max-size", "0"]);
    assert_eq!(said["snapshots"]["left"], 0, "{said}");
    assert!(said["snapshots"]["removed"].as_u64().unwrap() >= 3, "{said}");
    assert!(super::bench::snapshots(&bakery).is_empty() && below(&kept).iter().all(|path| !path.ends_with("begun")));
}

/// Until it is so; a test that waits too long says where.
#[track_caller]
fn wait_for(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "waited in vain");
        std::thread::yield_now();
    }
}

/// Files below a folder, by path.
fn below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&entry.path()));
        }
    }
    found
}
