//! Workers killed at any moment: the bake is lost, the journal stays readable, nobody waits for ever.

use std::io::Write;

use bakery::domain::journal::Scanner;

use super::GATED;
use crate::support::bakes::{Home, signal};

/// Whole lines and damaged ones.
fn scan(text: &[u8]) -> (usize, usize) {
    let (mut scanner, mut whole, mut damaged) = (Scanner::default(), 0, 0);
    scanner.feed(text);
    while let Some(record) = scanner.next_record() {
        if record.is_ok() { whole += 1 } else { damaged += 1 }
    }
    (whole, damaged)
}

#[test]
fn h01_a_killed_worker_leaves_a_lost_bake_that_can_be_read() {
    let home = Home::new(GATED);
    let (bake, pid) = home.detach();
    let mut viewer = home.viewer(&["log", "-f", &bake, "--json"]);
    let attached = home.viewer(&["attach", &bake]);
    viewer.until("step.output");
    signal("KILL", pid);
    assert_eq!(viewer.finish().1, Some(0), "following ends by itself");
    assert_eq!(attached.finish().1, Some(1), "attaching says that the bake is lost");
    let row = home.row(&bake);
    assert_eq!((&row["status"], row.get("finished")), (&"lost".into(), None));
    let log = home.run(&["log", &bake]);
    assert!(log.stdout().contains("[1] | first line") && log.stderr().contains("lost"), "{}", log.stderr());
    assert!(home.run(&["cancel", &bake]).stderr().contains("it is over"));
}

#[test]
fn h02_a_torn_tail_is_dropped_by_readers() {
    let home = Home::new(GATED);
    home.open("gate");
    let (bake, _) = home.detach();
    home.viewer(&["log", "-f", &bake]).finish();
    let path = home.folder_of(&bake).join("journal.jsonl");
    let before = home.run(&["log", &bake, "--json"]).stdout();
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"seq":99,"at":"#).unwrap();
    let after = home.run(&["log", &bake, "--json"]);
    assert_eq!((after.stdout(), after.stderr()), (before.clone(), String::new()));
    let changed = before.replacen("first", "fiRst", 1).replacen("step.finished", "step.finixhed", 1);
    std::fs::write(&path, &changed).unwrap();
    let log = home.run(&["log", &bake, "--json"]);
    assert!(log.stderr().contains("H-10: checksum"), "{}", log.stderr());
    assert_eq!(log.stdout().lines().count() + 1, changed.lines().count());
}

#[test]
fn h10_a_journal_is_private_and_never_followed_through_a_symlink() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new(GATED);
    home.open("gate");
    let (bake, _) = home.detach();
    home.viewer(&["log", "-f", &bake]).finish();
    let folder = home.folder_of(&bake);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let journal = folder.join("journal.jsonl");
    let log = folder.join("logs/1.log");
    assert_eq!((mode(&folder), mode(&journal), mode(&log)), (0o700, 0o600, 0o600));
    assert_eq!(std::fs::read(log).unwrap(), b"first line\nsecond line\n");
    std::fs::rename(&journal, home.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(home.path("elsewhere"), &journal).unwrap();
    assert_eq!(home.run(&["log", &bake]).code(), 1);
}

#[test]
fn h01_twenty_kills_at_random_leave_twenty_readable_journals() {
    let mut script = vec![r#"{"kind":"step.started","step":"1"}"#.to_owned()];
    for done in 0..3000 {
        script.push(format!(r#"{{"log":"1","text":"line {done}\n"}}"#));
    }
    script.push(r#"{"kind":"step.finished","step":"1","millis":1}"#.to_owned());
    let lines: Vec<&str> = script.iter().map(String::as_str).collect();
    let home = Home::new(&lines);
    for round in 0..20_u64 {
        let (bake, pid) = home.detach();
        let mut viewer = home.viewer(&["log", "-f", &bake, "--json"]);
        // A different moment each round, by what has been written rather than by the clock.
        viewer.until(&format!(r#""seq":{},"#, 2 + (round * 7919) % 2900));
        // The bake may be over by now: a viewer is slower than a worker.
        let _ = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).output();
        viewer.finish();
        let journal = std::fs::read(home.folder_of(&bake).join("journal.jsonl")).unwrap();
        let (whole, damaged) = scan(&journal);
        assert!(whole >= 2 && damaged == 0, "round {round}: {whole} whole lines, {damaged} damaged");
        let status = home.row(&bake)["status"].clone();
        assert!(status == "lost" || status == "ok", "round {round}: {status}");
    }
}
