//! Family H-01: `kill -9` at random moments of a roll-out. Going on finishes it; no tag ever points to what does not verify.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bakery::flows::prune::fsck;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::house::{CLEAN, House, OVER, verifies};
use crate::support::bakery::peer;

/// What a round changes, and the next one begins with anew.
const CHANGES: [&str; 4] = ["local", "red", "recipes", "home/state"];
/// Every name there is.
const NAMES: [&str; 6] = [
    "local/team/clean:1",
    "local/team/over:1",
    "local/team/web:1",
    "local/team/deep:1",
    "red/team/clean:1",
    "red/team/web:1",
];

fn fleet() -> House {
    let house = House::new("  red: {layout: ./red, KEYS}\n");
    house.team("red");
    house.app("clean", "global/os:12", CLEAN);
    house.app("over", "global/os:12", OVER);
    house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
    house.app("deep", "local/team/over:1", "  - write: {to: /srv/deep, content: d}\n");
    house.publish("clean", "red/team/clean:1");
    house.publish("web", "red/team/web:1");
    house.base(2, "{}");
    house
}

/// As the round before began.
fn restore(house: &House) {
    for name in CHANGES {
        let (from, to) = (house.baker.path("before").join(name), house.baker.path(name));
        std::fs::remove_dir_all(&to).unwrap();
        peer("cp", &["-a", &from.display().to_string(), &to.display().to_string()]);
    }
}

/// Where every name of a layout points: `NAME DIGEST`.
fn tags(house: &House) -> BTreeSet<String> {
    let mut tags = BTreeSet::new();
    for store in ["local", "red"] {
        let Ok(text) = std::fs::read(house.baker.path(store).join("index.json")) else { continue };
        let index: Value = serde_json::from_slice(&text).unwrap();
        for entry in index["manifests"].as_array().unwrap() {
            if let Some(name) = entry["annotations"]["org.opencontainers.image.ref.name"].as_str() {
                // Signatures of the older kind are tags, too.
                if !name.contains(":sha256-") {
                    tags.insert(format!("{store}/{name} {}", entry["digest"].as_str().unwrap()));
                }
            }
        }
    }
    tags
}

/// xorshift64: the same moments every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Until its last thread is gone: only then are its locks free.
fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    let is_zombie = stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z');
    !stat.is_empty() && (!is_zombie || threads > 1)
}

/// Ends whoever looks on, also where the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn kill(pid: u64) {
    Command::new("kill").args(["-9", &pid.to_string()]).stderr(std::process::Stdio::null()).status().unwrap();
    while is_alive(pid) {
        std::thread::yield_now();
    }
}

/// The first lines of the journals below a folder.
fn begun(folder: &Path) -> Vec<Value> {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let journals = folders.filter_map(|folder| std::fs::read_to_string(folder.path().join("journal.jsonl")).ok());
    journals.filter_map(|journal| serde_json::from_str(journal.lines().next()?).ok()).collect()
}

/// The process at work on a roll-out: of its first line, or of the last that went on with it.
fn worker(house: &House, id: &str) -> u64 {
    let journal = house.baker.path(&format!("home/state/rollouts/{id}/journal.jsonl"));
    let text = std::fs::read_to_string(journal).unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter_map(|event| event["pid"].as_u64()).next_back().unwrap()
}

/// Every bake that is at work.
fn bakes(house: &House) -> Vec<u64> {
    let begun = begun(&house.baker.path("home/state/bakes"));
    let worker = |first: &Value| {
        let (pid, bake) = (first["pid"].as_u64()?, first["bake"].as_str()?);
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&words).contains(bake).then_some(pid)
    };
    begun.iter().filter_map(worker).collect()
}

#[test]
fn h01_a_roll_out_killed_at_random_moments_is_finished_by_going_on() {
    let rounds: u64 = std::env::var("BAKERY_KILLS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(25);
    let (house, runtime) = (fleet(), Runtime::new().unwrap());
    for name in CHANGES {
        let to = house.baker.path("before").join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        peer("cp", &["-a", &house.baker.path(name).display().to_string(), &to.display().to_string()]);
    }
    let before = tags(&house);
    let watch = Instant::now();
    assert_eq!(house.rollout(&["global/os:12"]).0, 0);
    let whole = watch.elapsed();
    let after = tags(&house);
    assert_eq!((before.len(), after.len(), before.intersection(&after).count()), (6, 6, 0), "{after:?}");
    let onto = house.digest("global/os:12");
    let context = house.context();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut cut_short, mut bakes_killed) = (0, 0);
    for round in 0..rounds {
        restore(&house);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let mut seen = BTreeSet::new();
                while !over.load(Ordering::Relaxed) {
                    seen.extend(tags(&house));
                    std::thread::sleep(Duration::from_millis(2));
                }
                seen
            });
            let ends = Ends(&over);
            let started = house.baker.json(&["rollout", "global/os:12", "--detach"]);
            let id = started["rollout"].as_str().unwrap().to_owned();
            for _ in 0..=random.below(4) / 3 {
                let moment = random.below(u64::try_from(whole.as_micros()).unwrap());
                std::thread::sleep(Duration::from_micros(moment));
                cut_short += u64::from(is_alive(worker(&house, &id)));
                kill(worker(&house, &id));
                if random.below(3) == 0 {
                    for bake in bakes(&house) {
                        kill(bake);
                        bakes_killed += 1;
                    }
                }
                for name in tags(&house).difference(&before) {
                    let pinned = name.replace(' ', "@");
                    assert!(verifies(&runtime, &context, &pinned), "round {round}: {pinned} at the kill");
                }
                house.baker.json(&["rollout", "--resume", &id, "--detach"]);
            }
            let output = house.baker.run(&["rollout", "--attach", &id]);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            drop(ends);
            let seen = watching.join().unwrap();
            assert!(output.status.success(), "round {round}: {told}");
            let known: BTreeSet<String> = before.union(&after).cloned().collect();
            assert!(seen.is_subset(&known), "round {round}: {:?}", seen.difference(&known));
        });
        assert_eq!(tags(&house), after, "round {round}: as if nobody had killed anything");
        for name in NAMES {
            assert!(verifies(&runtime, &context, name), "round {round}: {name}");
        }
        assert_eq!([house.lock("clean"), house.lock("over")], [onto.clone(), onto.clone()], "round {round}");
        let checked = runtime.block_on(fsck(&context, false, |_| {})).unwrap();
        assert!(checked.sound, "round {round}: {:?}", checked.found);
    }
    eprintln!(
        "{rounds} rounds, {cut_short} roll-outs and {bakes_killed} bakes killed; undisturbed {whole:?}, in all {:?}",
        watch.elapsed()
    );
    assert!(cut_short * 2 > rounds, "only {cut_short} of {rounds} were killed in time");
}
