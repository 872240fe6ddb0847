//! Any number of viewers see the same; none holds a bake up, and none takes it along.

use super::{COMMITTED, GATED};
use crate::support::bakes::{Home, signal};

#[test]
fn two_viewers_of_a_detached_bake_see_the_same() {
    let home = Home::new(GATED);
    let (bake, pid) = home.detach();
    let mut first = home.viewer(&["attach", &bake, "--json"]);
    let mut seen = first.until("step.output");
    assert_eq!(home.row(&bake)["status"], "running");
    assert_eq!(home.row(&bake)["pid"], pid);
    let second = home.viewer(&["log", "-f", &bake[..26], "--json"]);
    home.open("gate");
    let (rest, code) = first.finish();
    seen.extend(rest);
    let (other, other_code) = second.finish();
    assert_eq!((code, other_code), (Some(0), Some(0)));
    let journal = home.journal(&bake);
    assert_eq!(journal.lines().collect::<Vec<_>>(), seen);
    assert_eq!(seen, other);
    assert!(seen[0].contains(r#""kind":"bake.started","format":1"#) && seen.last().unwrap().contains("bake.finished"));
    assert_eq!(home.row(&bake)["status"], "ok");
}

#[test]
fn v07_a_viewer_that_is_killed_or_stalls_stops_nothing() {
    let home = Home::new(GATED);
    let mut bake = home.viewer(&["bake", "app.yaml", "--json"]);
    let first = bake.until("bake.started")[0].clone();
    bake.until("step.output");
    let id = serde_json::from_str::<serde_json::Value>(&first).unwrap()["bake"].as_str().unwrap().to_owned();
    bake.child.kill().unwrap();
    bake.child.wait().unwrap();
    let stalled = home.viewer(&["attach", &id]);
    let other = home.viewer(&["attach", &id, "--json"]);
    signal("STOP", stalled.child.id());
    home.open("gate");
    assert!(other.finish().0.last().unwrap().contains(r#""status":"ok""#));
    signal("CONT", stalled.child.id());
    assert_eq!(stalled.finish().1, Some(0));
}

#[test]
fn h09_hangup_and_termination_of_the_viewer_are_no_concern_of_the_worker() {
    let home = Home::new(GATED);
    for name in ["HUP", "TERM"] {
        let mut viewer = home.viewer(&["bake", "app.yaml", "--json"]);
        let first = viewer.until("bake.started")[0].clone();
        let started = serde_json::from_str::<serde_json::Value>(&first).unwrap();
        viewer.until("step.output");
        signal(name, viewer.child.id());
        assert_eq!(viewer.finish().1, None, "{name} ends the viewer");
        let worker = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
        signal("HUP", worker);
        assert_eq!(home.row(started["bake"].as_str().unwrap())["status"], "running");
        home.open("gate");
        let (lines, _) = home.viewer(&["log", "-f", started["bake"].as_str().unwrap()]).finish();
        assert!(lines.last().unwrap().starts_with("bake ok"), "{lines:?}");
        std::fs::remove_file(home.path("gate")).unwrap();
    }
}

#[test]
fn a_replay_tells_what_the_bake_told() {
    let home = Home::new(GATED);
    home.open("gate");
    let bake = home.run(&["bake", "app.yaml", "--json"]);
    assert_eq!(bake.code(), 0, "{}", bake.stderr());
    let started: serde_json::Value = serde_json::from_str(bake.stdout().lines().next().unwrap()).unwrap();
    let id = started["bake"].as_str().unwrap();
    assert_eq!(home.run(&["replay", id, "--speed", "inf", "--json"]).stdout(), bake.stdout());
    assert_eq!(home.run(&["log", id, "--json"]).stdout(), bake.stdout());
    let log = home.run(&["log", id]).stdout();
    let told = home.run(&["replay", id, "--speed", "1000"]);
    assert_eq!(told.stderr(), log);
    assert!(log.contains("[1] | first line\n[1] | second line\n"), "{log}");
    let result = format!(
        "team-a/app:1.0  sha256:{}  0 layers new, 0 from base, 0 B\n",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
    assert_eq!(told.stdout(), result);
}

#[test]
fn several_recipes_are_baked_bases_first() {
    let home = Home::new(&[
        r#"{"kind":"step.started","step":"1"}"#,
        r#"{"kind":"step.finished","step":"1","millis":1}"#,
        COMMITTED,
    ]);
    home.recipe("lib", "scratch");
    home.recipe("app", "local/team-a/lib:1.0");
    let run = home.run(&["bake", "app.yaml", "lib.yaml"]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let said = run.stderr();
    let lib_ends = said.find("team-a/lib:1.0  bake ok").unwrap();
    assert!(lib_ends < said.find("team-a/app:1.0  baking").unwrap(), "{said}");
    home.script(&[r#"{"fail":"no flour"}"#]);
    let run = home.run(&["bake", "app.yaml", "lib.yaml"]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("its base team-a/lib:1.0 was not baked"), "{}", run.stderr());
}
