//! A fleet with everything in it: what a roll-out would do, does, leaves, and how it ends.

use std::process::Command;

use bakery::adapters::store::Selector;
use serde_json::{Value, json};

use super::house::{CLEAN, FORBIDDEN, GUARDED, House, OVER, files, lines, told, verifies};
use crate::rebase::quiet::{listing, read_only};
use crate::support::bakery::succeeded;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers::need;

/// The status a roll-out ended with.
fn status(events: &[Value]) -> &str {
    events.iter().rev().find(|event| event["kind"] == "rollout.finished").unwrap()["status"].as_str().unwrap()
}

#[test]
fn a_fleet_goes_onto_its_new_base_as_it_was_said_before_and_to_the_teams_that_had_it() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let host = registry.host();
    let house =
        House::new(&format!("  red: {{registry: {host}/red, KEYS}}\n  blue: {{registry: {host}/blue, KEYS}}\n"));
    house.app("clean", "global/os:12", CLEAN);
    house.app("over", "global/os:12", OVER);
    house.app("breaks", "global/os:12", FORBIDDEN);
    house.app("orphan", "global/os:12", "  - write: {to: /etc/conf, content: orphaned}\n");
    std::fs::remove_file(house.baker.path("recipes/orphan.yaml")).unwrap();
    house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
    house.app("deep", "local/team/over:1", "  - write: {to: /srv/deep, content: d}\n");
    house.app("lost", "local/team/breaks:1", "  - write: {to: /srv/lost, content: l}\n");
    house.publish("clean", "red/team/clean:1");
    house.publish("clean", "blue/team/clean:7");
    house.publish("web", "red/team/web:1");
    house.publish("over", "blue/team/over:1");
    let before: Vec<String> =
        ["over", "breaks", "orphan", "lost"].map(|n| house.digest(&format!("local/team/{n}:1"))).to_vec();
    assert_eq!(house.foreseen(0, &["global/os:12"]).0, [""; 0], "nothing has moved");
    house.base(2, GUARDED);
    let kept = files(&house.baker.local());
    let (answers, document) = house.foreseen(3, &["global/os:12"]);
    let expected = [
        "local/team/breaks:1 refused",
        "local/team/clean:1 rebase",
        "local/team/orphan:1 cannot",
        "local/team/over:1 rebake",
        "local/team/deep:1 base-first",
        "local/team/lost:1 left",
        "local/team/web:1 base-first",
    ];
    assert_eq!(answers, expected);
    assert_eq!(document["images"][1]["publish"], json!(["blue/team/clean:7", "red/team/clean:1"]));
    assert_eq!(document["count"]["base-first"], 2);
    assert!(document["images"][0]["left"].as_str().unwrap().contains("lineage.contract fail: contract.deleted"));
    assert!(
        document["images"][3]["reasons"][0].as_str().unwrap().starts_with("/etc/conf: our layers put something over")
    );
    assert_eq!(files(&house.baker.local()), kept, "a look leaves nothing behind");
    let lock = house.lock("over");
    let (code, events) = house.rollout(&["global/os:12", "--budget", "5", "--parallel", "3"]);
    assert_eq!((code, status(&events)), (3, "incomplete"), "{events:#?}");
    let text = told(&events);
    for (image, kind) in [
        ("breaks", "item.failed"),
        ("clean", "item.done"),
        ("orphan", "item.failed"),
        ("over", "item.done"),
        ("deep", "item.done"),
        ("lost", "item.skipped"),
        ("web", "item.done"),
    ] {
        assert!(text.contains(&format!("{kind} local/team/{image}:1")), "{image}: {text:#?}");
    }
    let at = |what: &str| text.iter().position(|line| line == what).unwrap();
    assert!(at("item.done local/team/clean:1") < at("item.doing local/team/web:1"));
    assert!(at("item.done local/team/over:1") < at("item.doing local/team/deep:1"));
    for (place, own) in [
        ("red/team/clean:1", "clean"),
        ("blue/team/clean:7", "clean"),
        ("red/team/web:1", "web"),
        ("blue/team/over:1", "over"),
    ] {
        let image = format!("local/team/{own}:1");
        assert_eq!(house.digest(place), house.digest(&image), "{place}");
        house.baker.ok(&["verify", place]);
        house.baker.ok(&["verify", &image]);
    }
    let after = ["over", "breaks", "orphan", "lost"].map(|n| house.digest(&format!("local/team/{n}:1")));
    assert!(after[0] != before[0] && after[1..] == before[1..], "what cannot be moved stays where it was");
    let onto = house.digest("global/os:12");
    assert!(lock != onto && house.lock("over") == onto && house.lock("clean") == onto, "locks follow what was moved");
    assert!(house.lock("breaks") != onto, "and no other");
    assert_eq!(house.lock("web"), house.digest("local/team/clean:1"));
    assert_eq!(house.foreseen(3, &["global/os:12"]).0, [expected[0], expected[2], expected[5]]);
    let text = house.baker.run(&["rollout", "--list"]);
    assert!(String::from_utf8_lossy(&text.stdout).ends_with("  global/os:12  4 moved, 2 failed, 1 left\n"), "{text:?}");
}

/// Three that are refused by their base's contract, two that are not.
fn guarded() -> House {
    let house = House::new("");
    for name in ["a", "c", "e"] {
        house.app(name, "global/os:12", FORBIDDEN);
    }
    for name in ["b", "d"] {
        house.app(name, "global/os:12", CLEAN);
    }
    house.base(2, GUARDED);
    house
}

#[test]
fn the_budget_stops_it_and_once_mended_it_goes_on() {
    let house = guarded();
    let (code, events) = house.rollout(&["global/os:12", "--parallel", "1"]);
    let over = "1 failed, more than the budget of 0 allows";
    assert_eq!((code, status(&events)), (3, "over-budget"));
    assert_eq!(events.iter().filter(|event| event["why"] == over).count(), 4, "{events:#?}");
    let (code, events) = house.rollout(&["global/os:12", "--parallel", "1", "--budget", "1"]);
    assert_eq!((code, status(&events)), (3, "over-budget"));
    assert_eq!(
        told(&events).iter().filter(|line| line.starts_with("item.failed") || line.starts_with("item.done")).count(),
        3,
        "a and c failed, b between them was moved"
    );
    // Whoever owns them mends two of them; the third is not asked for.
    for name in ["a", "c"] {
        house.app(name, "global/os:12", CLEAN);
    }
    assert_eq!(house.rollout(&["--resume"]).0, 3);
    let id = house.baker.json(&["rollout", "--list"])[0]["rollout"].as_str().unwrap().to_owned();
    let told = house.baker.fails(3, &["rollout", "--attach", &id]);
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("no {text:?} in {told}"));
    assert!(at("\n1 moved, 2 failed, 2 left after ") < at("\ngoing on with roll-out "), "as it was then: {told}");
    assert!(at("\ngoing on with roll-out ") < at("\n4 moved, 1 failed after "), "{told}");
    let (code, events) = house.rollout(&["global/os:12", "--only", "local/team/d:1"]);
    assert_eq!(code, 2, "{events:#?}: it was moved already");
    assert_eq!(house.foreseen(3, &["global/os:12"]).0, ["local/team/e:1 refused"]);
    let usage = house.baker.fails(2, &["rollout", "global/os:12@sha256:0000"]);
    assert!(usage.contains("error:"), "{usage}");
}

#[test]
fn one_that_is_done_stays_done_and_a_base_that_moved_on_ends_another() {
    let house = House::new("");
    house.app("clean", "global/os:12", CLEAN);
    house.base(2, "{}");
    let (code, events) = house.rollout(&["global/os:12"]);
    assert_eq!((code, status(&events)), (0, "done"));
    let (code, again) = house.rollout(&["--resume"]);
    assert_eq!((code, &again), (0, &events), "its story is told again, and nothing is done");
    house.app("over", "global/os:12", FORBIDDEN);
    house.base(3, GUARDED);
    assert_eq!(house.rollout(&["global/os:12", "--budget", "1"]).0, 3);
    house.base(4, "{}");
    let told = house.baker.fails(1, &["rollout", "--resume"]);
    assert!(told.contains("global/os:12 has moved on since"), "{told}");
    assert_eq!(house.rollout(&["global/os:12"]).0, 0);
    assert_eq!(house.foreseen(0, &["global/os:12"]).0, [""; 0]);
}

#[test]
fn every_name_of_an_image_follows_and_a_team_s_own_is_left_alone() {
    let house = House::new("  red: {layout: ./red, KEYS}\n");
    house.team("red");
    house.app("over", "global/os:12", OVER);
    let layout = bakery::adapters::store::layout::Layout::open(&house.baker.local()).unwrap();
    let image = layout
        .resolve_selector(&"team/over".parse().unwrap(), &bakery::adapters::store::Selector::Tag("1".parse().unwrap()))
        .unwrap();
    layout.tag("team/over:stable", &image).unwrap();
    house.app("theirs", "global/os:12", CLEAN);
    house.publish("theirs", "red/team/theirs:1");
    layout.untag("team/theirs:1").unwrap();
    house.base(2, "{}");
    let (answers, _) = house.foreseen(0, &["global/os:12"]);
    assert_eq!(answers, ["local/team/over:1 rebake", "red/team/theirs:1 left", "local/team/over:stable alias"]);
    let theirs = house.digest("red/team/theirs:1");
    assert_eq!(house.rollout(&["global/os:12"]).0, 0);
    assert_eq!(house.digest("local/team/over:stable"), house.digest("local/team/over:1"));
    assert_eq!(house.digest("red/team/theirs:1"), theirs);
}

#[test]
fn a_name_that_a_lost_roll_out_left_behind_follows_its_first_name_and_nothing_is_made_twice() {
    for steps in [OVER, CLEAN] {
        let house = House::new("");
        house.app("app", "global/os:12", steps);
        let layout = bakery::adapters::store::layout::Layout::open(&house.baker.local()).unwrap();
        let (repository, tag) = ("team/app".parse().unwrap(), Selector::Tag("1".parse().unwrap()));
        let before = layout.resolve_selector(&repository, &tag).unwrap();
        layout.tag("team/app:stable", &before).unwrap();
        house.base(2, "{}");
        let (code, events) = house.rollout(&["global/os:12"]);
        assert_eq!(code, 0);
        // Killed when the first name was moved, and the other was not.
        layout.tag("team/app:stable", &before).unwrap();
        let id = events[0]["rollout"].as_str().unwrap();
        let journal = house.baker.path(&format!("home/state/rollouts/{id}/journal.jsonl"));
        let text = std::fs::read_to_string(&journal).unwrap();
        let done = text.split_inclusive('\n').position(|line| line.contains("item.done")).unwrap();
        std::fs::write(&journal, text.split_inclusive('\n').take(done + 1).collect::<String>()).unwrap();
        let moved = house.digest("local/team/app:1");

        let (answers, foreseen) = house.foreseen(0, &["global/os:12"]);
        assert_eq!(answers, ["local/team/app:1 there", "local/team/app:stable alias"], "{foreseen:#}");
        let bakes = || house.baker.json(&["bakes"]).as_array().unwrap().len();
        let baked = bakes();
        let (code, events) = house.rollout(&["global/os:12", "--only", "local/team/app:stable"]);
        assert_eq!((code, status(&events)), (0, "done"), "{:#?}", told(&events));
        let names = ["local/team/app:1", "local/team/app:stable"].map(|name| house.digest(name));
        assert_eq!(names, [moved.clone(), moved], "{steps}");
        assert_eq!(bakes(), baked);
        assert_eq!(house.foreseen(0, &["global/os:12"]).0, [""; 0]);
    }
}

#[test]
fn however_many_images_are_moved_a_recipe_that_makes_none_of_them_is_read_as_often() {
    if !need(&["strace"]) {
        return;
    }
    let read = |images: &[&str], arguments: &[&str]| {
        let house = House::new("");
        images.iter().for_each(|name| house.app(name, "global/os:12", CLEAN));
        house.app("bystander", "scratch", CLEAN);
        house.base(2, "{}");
        let (plain, trace) = (house.baker.command(&[]), house.baker.path("trace"));
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-e", "trace=open,openat,openat2", "-o"]).arg(&trace);
        traced.arg(env!("CARGO_BIN_EXE_bakery")).args(arguments);
        traced.current_dir(house.baker.path("")).env_clear();
        traced.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        succeeded(&traced.output().unwrap(), "a traced run");
        let trace = std::fs::read_to_string(&trace).unwrap();
        trace.lines().filter(|line| line.contains("bystander.yaml")).count()
    };
    for arguments in
        [&["rollout", "global/os:12"][..], &["rollout", "global/os:12", "--dry-run"], &["lineage", "--assess"]]
    {
        let few = read(&["a", "b"], arguments);
        assert!(few > 0, "{arguments:?}");
        assert_eq!(read(&["a", "b", "c", "d"], arguments), few, "{arguments:?}");
    }
}

#[test]
fn a_second_one_is_refused_and_one_that_is_stopped_ends_what_is_under_way() {
    let house = House::new("");
    ["a", "b", "c"].into_iter().for_each(|name| house.app(name, "global/os:12", OVER));
    house.base(2, "{}");
    let started = house.baker.json(&["rollout", "global/os:12", "--parallel", "1", "--detach"]);
    let id = started["rollout"].as_str().unwrap().to_owned();
    let journal = house.baker.path(&format!("home/state/rollouts/{id}/journal.jsonl"));
    let events = || -> Vec<Value> {
        let text = std::fs::read_to_string(&journal).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let pid = events()[0]["pid"].as_u64().unwrap();
    let kill = |signal: &str| crate::support::bakery::peer("kill", &[signal, &pid.to_string()]);
    kill("-STOP");
    let refused = house.baker.fails(1, &["rollout", "global/os:12"]);
    assert!(refused.contains(&format!("roll-out {id} is at work in this workspace")), "{refused}");
    let refused = house.baker.fails(2, &["rollout", "--resume"]);
    assert!(refused.contains("is at work"), "{refused}");
    let listed = house.baker.json(&["rollout", "--list"]);
    assert_eq!((&listed[0]["rollout"], &listed[0]["status"]), (&json!(id), &json!("running")));
    house.baker.ok(&["rollout", "--cancel", &id[..20]]);
    kill("-CONT");
    let output = house.baker.run(&["rollout", "--attach", &id, "--json"]);
    assert_eq!(output.status.code(), Some(130));
    let events = lines(&output);
    assert_eq!(status(&events), "cancelled");
    let text = told(&events);
    assert!(text.iter().filter(|line| line.starts_with("item.skipped")).count() >= 1, "{text:#?}");
    assert!(!text.iter().any(|line| line.starts_with("item.failed")), "{text:#?}");
    assert_eq!(
        events.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=events.len() as u64).collect::<Vec<_>>()
    );
    let refused = house.baker.fails(1, &["rollout", "--cancel", &id]);
    assert!(refused.contains("nobody is at work on it"), "{refused}");
    let (code, events) = house.rollout(&["--resume", &id]);
    assert_eq!((code, status(&events)), (0, "done"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for name in ["a", "b", "c"] {
        assert!(verifies(&runtime, &house.context(), &format!("local/team/{name}:1")));
    }
}

#[test]
fn what_was_torn_off_by_a_crash_is_cut_and_people_are_told_in_lines() {
    let house = House::new("");
    house.app("clean", "global/os:12", CLEAN);
    house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
    house.base(2, "{}");
    let output = house.baker.run(&["rollout", "global/os:12"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines[0].starts_with("✔ local/team/clean:1  rebased, ") && lines.len() == 2, "{stdout}");
    assert!(stderr.contains("rolling out global/os:12@") && stderr.contains("\n2 moved after "), "{stderr}");
    let id = house.baker.json(&["rollout", "--list"])[0]["rollout"].as_str().unwrap().to_owned();
    let journal = house.baker.path(&format!("home/state/rollouts/{id}/journal.jsonl"));
    let whole = std::fs::read_to_string(&journal).unwrap();
    // As a crash leaves it: without its end, in the middle of a line.
    let cut = whole.find("\"kind\":\"item.done\",\"item\":\"local/team/web:1\"").unwrap();
    std::fs::write(&journal, &whole[..cut]).unwrap();
    let lost = house.baker.fails(1, &["rollout", "--attach", &id]);
    assert!(lost.contains("was lost: its process is gone"), "{lost}");
    let (code, events) = house.rollout(&["--resume"]);
    assert_eq!((code, status(&events)), (0, "done"));
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert!(told(&events).contains(&"rollout.resumed".to_owned()));
}

#[test]
fn what_would_be_done_can_be_asked_of_a_store_that_cannot_be_written() {
    if !need(&["unshare"]) {
        return;
    }
    let house = House::new("");
    house.app("clean", "global/os:12", CLEAN);
    house.app("over", "global/os:12", OVER);
    house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
    house.base(2, "{}");
    let before = listing(&house.baker.local());
    let local = house.baker.local();
    let place = local.strip_prefix(house.baker.path("")).unwrap().display().to_string();
    let output = read_only(&house.baker, &[&place], &["rollout", "global/os:12", "--dry-run", "--json"]);
    let told = lines(&output).remove(0);
    let answers: Vec<_> = told["images"].as_array().unwrap().iter().map(|image| &image["answer"]).collect();
    assert_eq!(answers, ["rebase", "rebake", "base-first"], "{told:#}");
    assert_eq!(listing(&local), before);
    assert_eq!(house.foreseen(0, &["global/os:12"]).1["images"], told["images"], "as where it can be written");
}

#[test]
fn a_key_that_cannot_be_read_is_told_before_anything_is_moved() {
    let house = House::new("");
    house.app("clean", "global/os:12", CLEAN);
    house.base(2, "{}");
    std::fs::remove_file(house.baker.path("keys/baker.pub")).unwrap();
    for arguments in [&["rollout", "global/os:12", "--dry-run"][..], &["rollout", "global/os:12"]] {
        let output = house.baker.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("baker.pub"), "{arguments:?}: {told}");
    }
    assert!(house.baker.json(&["rollout", "--list"]).as_array().unwrap().is_empty(), "none was begun");
}
