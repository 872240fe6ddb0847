//! Bakes that are cancelled, wherever they are, and helpers that are killed: nothing is left.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::bench::{Bench, EVERYBODY, SOON, Who, can_run, logs};
use crate::support::tiny::Member;

/// A bake in the background.
pub struct Running<'a> {
    bench: &'a Bench,
    pub id: String,
    pub worker: u32,
}

/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl<'a> Running<'a> {
    pub fn start(bench: &'a Bench, options: &[&str]) -> Self {
        let arguments = [&["bake", "recipes/app.yaml", "--detach", "--json"], options].concat();
        let output = bench.command(&arguments).output().unwrap();
        let started: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let worker = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
        Self { bench, id: started["bake"].as_str().unwrap().to_owned(), worker }
    }

    pub fn folder(&self) -> PathBuf {
        self.bench.path("home/state/bakes").join(&self.id)
    }

    fn journal(&self) -> String {
        std::fs::read_to_string(self.folder().join("journal.jsonl")).unwrap_or_default()
    }

    /// Waits for a text in what a step wrote, or for a kind of event in the journal.
    fn until(&self, words: &str) {
        let begun = Instant::now();
        while !logs(&self.folder()).contains(words) && !self.journal().contains(&format!("\"kind\":\"{words}\"")) {
            assert!(begun.elapsed() < PATIENCE && is_alive(self.worker), "no {words:?}: {}", self.journal());
            std::thread::yield_now();
        }
    }

    fn until_over(&self) -> Duration {
        let begun = Instant::now();
        while is_alive(self.worker) {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::yield_now();
        }
        begun.elapsed()
    }

    fn assert_cancelled(&self, what: &str) {
        let took = self.until_over();
        assert!(took < SOON, "{what}: {took:?}");
        let end = self.journal();
        let last = end.lines().last().unwrap_or_default();
        assert!(last.contains("bake.finished") && last.contains("cancelled"), "{what}: {last}");
        assert_eq!(self.bench.sessions(), Vec::<PathBuf>::new(), "{what}");
        self.bench.assert_untouched();
    }
}

pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z')
}

pub fn kill(signal: &str, pid: u32) {
    Command::new("kill").args([signal, &pid.to_string()]).stderr(std::process::Stdio::null()).status().unwrap();
}

/// Scripts that do not want to end, and what they write once they run.
const STUBBORN: [&str; 3] = [
    "echo begun; sleep 600",
    "echo begun; while :; do :; done",
    "trap '' TERM INT HUP; (setsid sh -c 'trap \\\"\\\" TERM; while :; do sleep 1; done' &); sleep 600 & echo begun; while :; do sleep 1; done",
];

#[test]
fn a_step_is_cancelled_whatever_it_does() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        for (number, script) in STUBBORN.into_iter().enumerate() {
            let bench = Bench::new(who, &[], &format!("  - run: {{script: \"{script}\"}}\n"));
            let bake = Running::start(&bench, &[]);
            bake.until("begun");
            if number == 0 {
                kill("-TERM", bake.worker);
            } else {
                assert!(bench.command(&["cancel", &bake.id]).output().unwrap().status.success());
            }
            bake.assert_cancelled(script);
        }
    }
}

#[test]
fn extraction_sealing_and_tests_are_cancelled() {
    if !can_run() {
        return;
    }
    // Much to extract, and not much to say about it.
    let names: Vec<String> = (0..6000).map(|number| format!("many/{number}")).collect();
    let many: Vec<Member<'_>> = names.iter().map(|name| Member::File(name, "x")).collect();
    let sealing = "  - run: {script: \"head -c 100000000 /dev/urandom >/big; echo written\"}\n";
    let testing = "  - run: {script: \"true\"}\ntests:\n  - {name: slow, run: \"sleep 600\"}\n";
    for who in EVERYBODY {
        for (members, steps, when) in [
            (&many[..], "  - run: {script: \"sleep 600\"}\n", "extracting the layers below"),
            (&[], sealing, "written"),
            (&[], testing, "check.started"),
        ] {
            let bench = Bench::new(who, members, steps);
            let bake = Running::start(&bench, &[]);
            bake.until(when);
            kill("-TERM", bake.worker);
            bake.assert_cancelled(when);
        }
    }
}

/// The part of the sandbox whose command line begins so.
fn part(bench: &Bench, name: &str) -> u32 {
    let found = bench.processes().into_iter().find(|(_, words)| words.starts_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {:?}", bench.processes())).0
}

#[test]
fn a_helper_that_is_killed_fails_the_step_and_leaves_nothing() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        for name in ["bakery-sandbox", "bakery-keeper"] {
            let bench = Bench::new(who, &[], &format!("  - run: {{script: \"{}\"}}\n", STUBBORN[2]));
            let bake = Running::start(&bench, &[]);
            bake.until("begun");
            kill("-9", part(&bench, name));
            bake.until_over();
            let journal = bake.journal();
            assert!(journal.contains("the sandbox ended unexpectedly"), "{name}: {journal}");
            bench.assert_untouched();
            let next = bench_with_true(&bench).digest();
            assert!(next.starts_with("sha256:"), "{next}");
            assert_eq!(bench.sessions(), Vec::<PathBuf>::new(), "what it left was cleared away");
        }
    }
}

fn bench_with_true(bench: &Bench) -> super::bench::Baked {
    bench.write_recipe("base: scratch\nsteps:\n  - unpack: {from: tiny.tar, to: /}\n  - run: {script: \"date >/stamp; touch -d @0 /stamp; echo x >/stamp\"}\n");
    bench.bake().good()
}

#[test]
fn a_bake_on_a_terminal_ends_with_130() {
    if !can_run() {
        return;
    }
    let bench = Bench::new(Who::Root, &[], "  - run: {script: \"echo begun; sleep 600\"}\n");
    let mut child = bench
        .command(&["bake", "recipes/app.yaml"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !bench.latest().is_some_and(|folder| logs(&folder).contains("begun")) {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let id = bench.latest().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(bench.command(&["cancel", &id]).output().unwrap().status.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    bench.assert_untouched();
}
