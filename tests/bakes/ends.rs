//! How bakes end: well, badly, cancelled; what the command says and which code it leaves with.

use super::GATED;
use crate::support::bakes::{Home, signal};

#[test]
fn a_failing_step_fails_the_bake_and_says_why() {
    let failed = r#"{"kind":"step.failed","step":"1","millis":3,"failure":{"message":"exit status 7","exit_code":1}}"#;
    let home = Home::new(&[r#"{"kind":"step.started","step":"1"}"#, failed]);
    let run = home.run(&["bake", "app.yaml"]);
    assert_eq!(run.code(), 1);
    let said = run.stderr();
    assert!(said.contains("error: bake of team-a/app:1.0 failed\n") && said.contains("cause: exit status 7"), "{said}");
    assert_eq!(run.stdout(), "");
}

#[test]
fn a_broken_engine_is_a_failed_bake_not_a_lost_one() {
    let home = Home::new(&[r#"{"kind":"step.output","step":"1","offset":0,"length":1}"#]);
    let run = home.run(&["bake", "app.yaml"]);
    assert_eq!(run.code(), 1);
    assert!(run.stderr().contains("step 1: step.output while it is waiting"), "{}", run.stderr());
}

#[test]
fn cancel_stops_a_bake_and_is_recorded() {
    let home = Home::new(GATED);
    let (bake, _) = home.detach();
    let mut viewer = home.viewer(&["attach", &bake, "--json"]);
    viewer.until("step.output");
    let run = home.run(&["cancel", &bake]);
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let (lines, code) = viewer.finish();
    assert_eq!(code, Some(130));
    assert!(lines[0].contains("cancel.requested"), "{lines:?}");
    assert!(lines[1].contains(r#""status":"cancelled""#), "{lines:?}");
    let again = home.run(&["cancel", &bake]);
    assert_eq!(again.code(), 1);
    assert!(again.stderr().contains("it is over"), "{}", again.stderr());
    assert_eq!(home.row(&bake)["status"], "cancelled");
}

#[test]
fn interrupting_a_followed_bake_cancels_it_and_twice_leaves() {
    let home = Home::new(GATED);
    let mut viewer = home.viewer(&["bake", "app.yaml", "--json"]);
    viewer.until("step.output");
    signal("INT", viewer.child.id());
    let (lines, code) = viewer.finish();
    assert_eq!(code, Some(130));
    assert!(lines.last().unwrap().contains("cancelled"), "{lines:?}");

    let mut deaf = vec![r#"{"deaf":true}"#];
    deaf.extend(GATED);
    home.script(&deaf);
    let mut viewer = home.viewer(&["bake", "app.yaml", "--json"]);
    viewer.until("step.output");
    signal("INT", viewer.child.id());
    viewer.until("cancel.requested");
    signal("INT", viewer.child.id());
    assert_eq!(viewer.finish().1, Some(130));
}

#[test]
fn a_second_request_ends_a_worker_whose_engine_does_not_listen() {
    let mut deaf = vec![r#"{"deaf":true}"#];
    deaf.extend(GATED);
    let home = Home::new(&deaf);
    let (bake, pid) = home.detach();
    let mut viewer = home.viewer(&["log", "-f", &bake, "--json"]);
    viewer.until("step.output");
    signal("TERM", pid);
    assert!(viewer.until("cancel.requested").pop().unwrap().contains(r#""by":"SIGTERM""#));
    signal("TERM", pid);
    assert!(viewer.until("bake.finished").pop().unwrap().contains("cancelled"));
    assert_eq!(viewer.finish().1, Some(0));
}

#[test]
fn a_worker_that_cannot_begin_says_so_to_whoever_started_it() {
    let home = Home::new(GATED);
    home.open("gate");
    let (bake, _) = home.detach();
    home.viewer(&["log", "-f", &bake]).finish();
    let again = home.run(&["__worker", &bake]);
    assert!(again.stdout().contains("has been worked off already"), "{}", again.stdout());
    assert_eq!(home.run(&["log", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]).code(), 2);
    assert_eq!(home.run(&["log", "../../etc"]).code(), 2);
    assert_eq!(home.run(&["bake", "absent.yaml"]).code(), 2);
}

#[test]
fn h03_a_full_disk_fails_the_bake_and_the_journal_says_so() {
    let mut script = vec![r#"{"kind":"step.started","step":"1"}"#.to_owned()];
    script.extend((0..3000).map(|line| format!(r#"{{"log":"1","text":"line {line}\n"}}"#)));
    let lines: Vec<&str> = script.iter().map(String::as_str).collect();
    let home = Home::new(&lines);
    std::fs::create_dir(home.path("home")).unwrap();
    let bakery = home.command(&[]);
    let mut shell = std::process::Command::new("unshare");
    shell
        .args(["-rm", "sh", "-c"])
        .arg(r#"mount -t tmpfs -o size=256k none home 2>/dev/null || exit 99; "$0" bake app.yaml --json"#);
    shell.arg(bakery.get_program()).current_dir(home.path("."));
    shell.envs(bakery.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(run) = shell.output() else { return eprintln!("SKIPPED h03: unshare is absent") };
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.code() == Some(99) || err.starts_with("unshare:") {
        return eprintln!("SKIPPED h03: no tmpfs in a user namespace here");
    }
    let last = out.lines().last().unwrap_or_default();
    assert!(last.contains(r#""kind":"bake.finished","status":"failed""#), "{last}\n{err}");
    assert!(last.contains("No space left") && err.contains("cause:"), "{last}\n{err}");
    assert_eq!(run.status.code(), Some(1));
}
