//! The process of a roll-out and whoever looks at it: begun and killed at once, given a passphrase, stopped from a terminal or
//! from elsewhere, watched late.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::house::{CLEAN, House, OVER, files, lines, told, verifies};
use crate::support::bakery::peer;
use crate::support::peers::need;
use crate::support::pty::{Terminal, wait_until};

/// One to rebase, two to bake again.
fn three() -> House {
    let house = House::new("");
    house.app("clean", "global/os:12", CLEAN);
    house.app("over", "global/os:12", OVER);
    house.app("top", "local/team/over:1", "  - write: {to: /srv/top, content: t}\n");
    house.base(2, "{}");
    house
}

const THREE: [&str; 3] = ["local/team/clean:1", "local/team/over:1", "local/team/top:1"];

/// The newest roll-out's ID and journal, once it is at work on an image.
fn begun(house: &House) -> (String, PathBuf) {
    let newest = || {
        let folders = std::fs::read_dir(house.baker.path("home/state/rollouts")).into_iter().flatten().flatten();
        let journals = folders.map(|folder| folder.path().join("journal.jsonl"));
        journals.filter(|journal| std::fs::read_to_string(journal).is_ok_and(|text| text.contains("item.doing"))).max()
    };
    wait_until("a roll-out has begun", || newest().is_some());
    let journal = newest().unwrap();
    (journal.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned(), journal)
}

/// Sends a signal to whoever is at work.
fn signal(journal: &Path, signal: &str) {
    let text = std::fs::read_to_string(journal).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    peer("kill", &[signal, &first["pid"].to_string()]);
}

#[test]
fn h01_one_that_is_killed_before_it_says_that_it_runs_is_gone_on_with_or_begun_anew() {
    if !need(&["strace"]) {
        return;
    }
    let house = three();
    // The process's first act, and its first one on the journal.
    for (call, has_journal) in [("setsid", false), ("ftruncate", true)] {
        let plain = house.baker.command(&[]);
        let mut traced = Command::new("strace");
        let inject = format!("inject={call}:signal=KILL");
        traced.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
        traced.args([env!("CARGO_BIN_EXE_bakery"), "rollout", "global/os:12", "--detach"]);
        traced.current_dir(house.baker.path("")).env_clear().stdin(Stdio::null());
        traced.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = traced.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{call}: {told}");
        assert!(told.contains("error: the roll-out of global/os:12 did not start"), "{call}: {told}");
        assert_eq!(house.baker.json(&["rollout", "--list"]), Value::Array(Vec::new()), "{call}");
        let Some((_, id)) = told.split_once("bakery rollout --resume ") else {
            assert!(!has_journal, "{call}: {told}");
            continue;
        };
        let lost = house.baker.fails(1, &["rollout", "--attach", id.trim()]);
        assert!(lost.contains("was lost: its process is gone"), "{lost}");
        assert_eq!(house.rollout(&["--resume", id.trim()]).0, 0);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    THREE.iter().for_each(|name| assert!(verifies(&runtime, &house.context(), name), "{name}"));
    assert_eq!(house.foreseen(0, &["global/os:12"]).0, [""; 0], "everything was moved");
}

#[test]
fn a_passphrase_typed_once_signs_all_of_it_and_is_kept_nowhere() {
    let house = three();
    let mut command = house.baker.command(&["rollout", "global/os:12"]);
    command.env_remove("BAKERY_PASSWORD").env("TERM", "xterm");
    let mut terminal = Terminal::start(&command, 80, 24);
    terminal.wait_text("Passphrase for ");
    terminal.send("flour\r");
    terminal.wait_text("3 moved after");
    terminal.ends_with(0);
    assert!(!terminal.screen().contents().contains("flour"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    THREE.iter().for_each(|name| assert!(verifies(&runtime, &house.context(), name), "{name}"));
    for file in files(&house.baker.path("home")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(5).any(|five| five == b"flour"), "{}", file.display());
    }
}

#[test]
fn ctrl_c_asks_it_to_stop_and_once_more_leaves_it_stopping() {
    let house = three();
    let mut command = house.baker.command(&["rollout", "global/os:12", "--parallel", "1"]);
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(&command, 80, 24);
    let (id, journal) = begun(&house);
    signal(&journal, "-STOP");
    terminal.wait_text(&format!("roll-out {id}"));
    terminal.send("\x03");
    terminal.wait_text("cancelling: what is under way ends; once more leaves at once");
    terminal.send("\x03");
    terminal.ends_with(130);
    let left = terminal.wait_text("left; the roll-out is still stopping");
    assert!(left.contents().contains(&format!("bakery rollout --attach {id}")), "{}", left.contents());
    assert_eq!(house.baker.json(&["rollout", "--list"])[0]["status"], "running");
    signal(&journal, "-CONT");
    let output = house.baker.run(&["rollout", "--attach", &id, "--json"]);
    assert_eq!(output.status.code(), Some(130));
    let events = lines(&output);
    assert!(told(&events).contains(&"cancel.requested".to_owned()), "{events:#?}");
    assert_eq!(house.rollout(&["--resume"]).0, 0);
}

#[test]
fn whoever_looks_on_sees_it_cancelled_from_elsewhere_and_whoever_comes_late_sees_the_same() {
    let house = three();
    let id = house.baker.json(&["rollout", "global/os:12", "--parallel", "1", "--detach"]);
    let id = id["rollout"].as_str().unwrap().to_owned();
    let (_, journal) = begun(&house);
    signal(&journal, "-STOP");
    let mut watching = house.baker.command(&["rollout", "--attach", &id]);
    let watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = house.baker.run(&["rollout", "--cancel", &id]);
    assert!(String::from_utf8_lossy(&said.stderr).contains(&format!("asked roll-out {id} to stop")));
    signal(&journal, "-CONT");
    let seen = watching.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&seen.stderr).into_owned();
    assert_eq!(seen.status.code(), Some(130), "{text}");
    assert!(text.contains("cancel requested by "), "{text}");
    assert!(text.ends_with(&format!("help: go on with it: bakery rollout --resume {id}\n")), "{text}");
    let late = house.baker.run(&["rollout", "--attach", &id]);
    assert_eq!((late.status.code(), &late.stdout, &late.stderr), (Some(130), &seen.stdout, &seen.stderr));
    let late = house.baker.run(&["rollout", "--attach", &id, "--json"]);
    assert_eq!(String::from_utf8_lossy(&late.stdout), std::fs::read_to_string(&journal).unwrap());
    let row = house.baker.ok(&["rollout", "--list"]);
    assert!(row.starts_with(&format!("{id}  cancelled    ")) && row.contains(" left\n"), "{row}");
}

#[test]
fn onto_an_older_version_it_goes_only_where_that_is_allowed() {
    let house = three();
    let before: Vec<String> = THREE.iter().map(|name| house.digest(name)).collect();
    assert_eq!(house.rollout(&["global/os:12"]).0, 0);
    // The tag goes back to where it was.
    house.base(1, "{}");
    assert_eq!(house.foreseen(3, &["global/os:12"]).0[0], "local/team/clean:1 refused");
    let (code, events) = house.rollout(&["global/os:12", "--budget", "5"]);
    assert_eq!(code, 3, "{events:#?}");
    let failed = events.iter().filter(|event| event["kind"] == "item.failed").count();
    assert_eq!(failed, 2, "{events:#?}");
    let (code, events) = house.rollout(&["global/os:12", "--allow-downgrade"]);
    assert_eq!(code, 0, "{events:#?}");
    let onto = house.digest("global/os:12");
    assert_eq!([house.lock("clean"), house.lock("over")], [onto.clone(), onto]);
    assert_eq!(house.digest(THREE[1]), before[1], "baked on the same it is the same");
}
