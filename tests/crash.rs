//! Family H-01: `kill -9` at any moment leaves store, lock and journal sound, and the next bake fine.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::bakery::{Bakery, succeeded};
use crate::support::peers;

const RECIPE: &str = "recipe: 1\nname: crash/app\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: app, to: /app}\n  \
                      - write: {to: /etc/app.conf, content: \"a = 1\"}\nconfig: {env: {A: b}}\n";

fn workspace() -> Bakery {
    let bakery = Bakery::new();
    bakery.write("recipes/app.yaml", RECIPE);
    for number in 0..20 {
        bakery.write(&format!("recipes/app/file{number}"), vec![number; 4000]);
    }
    bakery
}

/// Sound: the store checks out, every journal line but a torn last one is whole, and a bake goes through.
fn assert_sound(bakery: &Bakery, when: &str) {
    if bakery.local().join("oci-layout").exists() {
        let output = bakery.run(&["fsck"]);
        assert!(output.status.success(), "fsck after {when}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let bakes = bakery.json(&["bakes"]);
    for bake in bakes.as_array().unwrap() {
        let status = bake["status"].as_str().unwrap();
        assert!(["ok", "lost", "failed", "cancelled"].contains(&status), "after {when}: {bake}");
        let journal = bakery.path(&format!("home/state/bakes/{}/journal.jsonl", bake["bake"].as_str().unwrap()));
        let text = std::fs::read_to_string(journal).unwrap_or_default();
        for (number, line) in text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate() {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("after {when}: {e}: {line}"));
            assert_eq!(event["seq"], number + 1, "after {when}");
        }
    }
}

#[test]
fn h01_killed_at_every_write_sync_and_rename() {
    if !peers::need(&["strace"]) {
        return;
    }
    let expected = workspace().bake("recipes/app.yaml");
    let mut kills = 0;
    for call in ["write", "fsync,fdatasync", "rename,renameat,renameat2,link,linkat", "ftruncate,unlink,unlinkat"] {
        for nth in 1.. {
            let bakery = workspace();
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let program = env!("CARGO_BIN_EXE_bakery");
            let plain = bakery.command(&[]);
            let mut traced = Command::new("strace");
            let trace = bakery.path("trace");
            traced.args(["-f", "-o", &trace.display().to_string(), "-e", &format!("trace={call}"), "-e", &inject]);
            traced.args([program, "bake", "recipes/app.yaml", "--json"]).current_dir(bakery.path("")).env_clear();
            traced.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let output = traced.stdin(Stdio::null()).output().unwrap();
            let when = format!("a kill at {call} number {nth}");
            let trace = std::fs::read_to_string(trace).unwrap();
            if !trace.contains("killed by SIGKILL") {
                // Nothing reached that many calls: the sweep is through.
                succeeded(&output, &when);
                break;
            }
            kills += 1;
            assert_sound(&bakery, &when);
            assert_eq!(bakery.bake("recipes/app.yaml"), expected, "the bake after {when}");
            assert!(nth < 500, "{call} does not end");
        }
    }
    assert!(kills > 10, "only {kills} kills: the sweep looks at the wrong calls");
}

/// Calls that leave something on disk.
const LASTING: &str =
    "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,ftruncate,unlink,unlinkat,mkdir";

/// The sweep above kills whoever comes to its nth call first, so what a worker's threads do late hides behind what they
/// all do early. Here the worker's calls are counted as one row, and it is killed at thirty places along it.
#[test]
fn h01_a_worker_killed_all_along_its_way() {
    if !peers::need(&["strace"]) {
        return;
    }
    let template = workspace();
    let expected = template.bake("recipes/app.yaml");
    let id = template.json(&["bakes"])[0]["bake"].as_str().unwrap().to_owned();
    let bakes = format!("home/state/bakes/{id}");
    let request = std::fs::read_to_string(template.path(&format!("{bakes}/request.json"))).unwrap();
    let run = |kill_at: Option<usize>| {
        let bakery = workspace();
        let (from, to) = (template.path("").display().to_string(), bakery.path("").display().to_string());
        let (from, to) = (from.trim_end_matches('/'), to.trim_end_matches('/'));
        bakery.write(&format!("{bakes}/request.json"), request.replace(from, to));
        let calls = traced_worker(&bakery, &id, kill_at);
        (bakery, calls)
    };
    let (whole, calls) = run(None);
    assert_eq!(whole.json(&["bakes"])[0]["status"], "ok");
    assert!(calls > 60, "only {calls} calls: the sweep looks at the wrong ones");
    let mut lost = 0;
    for place in 0..30 {
        let kill_at = 1 + place * calls / 30;
        let (bakery, _) = run(Some(kill_at));
        let when = format!("a kill at call {kill_at} of {calls}");
        assert_sound(&bakery, &when);
        lost += usize::from(bakery.json(&["bakes"])[0]["status"] == "lost");
        assert_eq!(bakery.bake("recipes/app.yaml"), expected, "the bake after {when}");
    }
    assert!(lost > 20, "only {lost} workers were killed in time");
}

/// Runs a worker under strace, killed once so many lasting calls are seen; gives how many there were.
fn traced_worker(bakery: &Bakery, id: &str, kill_at: Option<usize>) -> usize {
    let plain = bakery.command(&[]);
    let mut traced = Command::new("strace");
    // Every call waits a moment before it begins, so that the kill comes between two of them.
    let inject = format!("inject={LASTING}:delay_enter=2000");
    traced.args(["-f", "-qq", "-o", "/dev/stderr", "-e", &format!("trace={LASTING}"), "-e", &inject]);
    traced.args([env!("CARGO_BIN_EXE_bakery"), "__worker", id]).current_dir(bakery.path("")).env_clear();
    traced.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = traced.spawn().unwrap();
    let mut calls = 0;
    for line in BufReader::new(child.stderr.take().unwrap()).split(b'\n') {
        let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
        let Some((pid, call)) = line.split_once(' ') else { continue };
        // A call told in two parts counts once.
        if !pid.bytes().all(|b| b.is_ascii_digit()) || call.contains(" resumed>") {
            continue;
        }
        calls += 1;
        if kill_at == Some(calls) {
            Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status().unwrap();
        }
    }
    child.wait().unwrap();
    calls
}

#[test]
fn h01_a_hundred_kills_at_random_moments_lose_nothing() {
    let bakery = workspace();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut lost = 0;
    for round in 0..100 {
        bakery.write("recipes/app/file0", format!("round {round}"));
        let started = bakery.json(&["bake", "recipes/app.yaml", "--detach"]);
        let journal = bakery.path(&format!("home/state/bakes/{}/journal.jsonl", started["bake"].as_str().unwrap()));
        // The journal's growth is the clock: some bakes are killed at once, some near their end.
        let until = random.below(6000);
        let pid = started["pid"].as_u64().unwrap().to_string();
        while std::fs::metadata(&journal).map_or(0, |m| m.len()) < until && alive(&pid) {
            std::thread::yield_now();
        }
        let killed = Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status().unwrap();
        assert!(killed.signal().is_none());
        while alive(&pid) {
            std::thread::yield_now();
        }
        if round % 10 == 9 {
            assert_sound(&bakery, &format!("kill {round}"));
        }
    }
    for bake in bakery.json(&["bakes"]).as_array().unwrap() {
        lost += usize::from(bake["status"] == "lost");
    }
    assert!(lost > 10, "only {lost} bakes were killed in time");
    let digest = bakery.bake("recipes/app.yaml");
    let fresh = workspace();
    fresh.write("recipes/app/file0", "round 99");
    assert_eq!(fresh.bake("recipes/app.yaml"), digest, "what 100 kills left is what a fresh home gives");
}

/// xorshift64: the same moments every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie waits for whoever adopts it; it runs no more.
    !stat.is_empty() && !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z')
}
