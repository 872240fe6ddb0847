//! Family H-01: `kill -9` at random moments of a roll-out. Going on finishes it; no tag ever points to what does not verify.
//!
//! `BAKERY_KILLS=100` kills a hundred: only those count that hit a process at work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bakery::adapters::settings::Paths;
use bakery::flows::prune::fsck;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::house::{CLEAN, House, OVER, verifies};
use crate::support::bakery::peer;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers::need;

/// What a round changes, and the next one begins with anew.
const CHANGES: [&str; 4] = ["local", "red", "recipes", "home/state"];
/// Every name there is in layouts.
const NAMES: [&str; 6] = [
    "local/team/clean:1",
    "local/team/over:1",
    "local/team/web:1",
    "local/team/deep:1",
    "red/team/clean:1",
    "red/team/web:1",
];
/// Every name in the registry, where there is one.
const REMOTE: [&str; 2] = ["blue/team/clean:1", "blue/team/over:1"];

/// A fleet of a baker, of a team with a layout and of one with a registry.
struct Fleet {
    house: House,
    registry: Option<DockerRegistry>,
}

impl Fleet {
    fn new() -> Self {
        let registry = need(&["docker-registry"]).then(DockerRegistry::start);
        let mut teams = "  red: {layout: ./red, KEYS}\n".to_owned();
        if let Some(registry) = &registry {
            teams.push_str(&format!("  blue: {{registry: {}/blue, KEYS}}\n", registry.host()));
        }
        let house = House::new(&teams);
        house.team("red");
        house.app("clean", "global/os:12", CLEAN);
        house.app("over", "global/os:12", OVER);
        house.app("web", "local/team/clean:1", "  - write: {to: /srv/web, content: w}\n");
        house.app("deep", "local/team/over:1", "  - write: {to: /srv/deep, content: d}\n");
        let fleet = Self { house, registry };
        for name in &fleet.names()[4..] {
            let own = name.split(['/', ':']).nth(2).unwrap();
            fleet.house.publish(own, name);
        }
        fleet.house.base(2, "{}");
        for (kept, there) in fleet.changes() {
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            peer("cp", &["-a", &there.display().to_string(), &kept.display().to_string()]);
        }
        fleet
    }

    fn names(&self) -> Vec<&'static str> {
        let remote = REMOTE.iter().filter(|_| self.registry.is_some());
        NAMES.iter().chain(remote).copied().collect()
    }

    /// What a round changes: as it was before, and where it is.
    fn changes(&self) -> Vec<(PathBuf, PathBuf)> {
        let (before, baker) = (self.house.baker.path("before"), &self.house.baker);
        let mut changes: Vec<_> = CHANGES.iter().map(|name| (before.join(name), baker.path(name))).collect();
        changes.extend(self.storage().map(|storage| (before.join("storage"), storage)));
        changes
    }

    fn storage(&self) -> Option<PathBuf> {
        self.registry.as_ref().map(|registry| registry.folder().join("storage"))
    }

    /// As the round before began.
    fn restore(&self) {
        for (kept, there) in self.changes() {
            std::fs::remove_dir_all(&there).unwrap();
            peer("cp", &["-a", &kept.display().to_string(), &there.display().to_string()]);
        }
    }

    /// Where every name points, read from the disk: `NAME DIGEST`.
    fn tags(&self) -> BTreeSet<String> {
        let mut tags = BTreeSet::new();
        for store in ["local", "red"] {
            let Ok(text) = std::fs::read(self.house.baker.path(store).join("index.json")) else { continue };
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
        for name in REMOTE.iter().filter(|_| self.registry.is_some()) {
            let (repository, tag) = name.rsplit_once(':').unwrap();
            let link = format!("docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}/current/link");
            if let Ok(digest) = std::fs::read_to_string(self.storage().unwrap().join(link)) {
                tags.extend((!digest.is_empty()).then(|| format!("{name} {digest}")));
            }
        }
        tags
    }

    /// Every name points to an image that is there as a whole and verifies, with nothing remembered of earlier looks.
    fn assert_verified(&self, runtime: &Runtime, when: &str) {
        let mut context = self.house.context();
        let elsewhere = tempfile::tempdir().unwrap();
        context.paths = Paths::below(elsewhere.path());
        for name in self.tags() {
            let pinned = name.replace(' ', "@");
            assert!(self.is_whole(&name), "{when}: something of {name} is missing");
            assert!(verifies(runtime, &context, &pinned), "{when}: {pinned}");
        }
    }

    /// Whether manifest, config and layers of `NAME DIGEST` are on the disk in their full length.
    fn is_whole(&self, tag: &str) -> bool {
        let (name, digest) = tag.split_once(' ').unwrap();
        let file = |digest: &str| {
            let hex = digest.strip_prefix("sha256:").unwrap();
            match name.split_once('/').unwrap().0 {
                "blue" => {
                    let path = format!("docker/registry/v2/blobs/sha256/{}/{hex}/data", &hex[..2]);
                    self.storage().unwrap().join(path)
                }
                store => self.house.baker.path(store).join("blobs/sha256").join(hex),
            }
        };
        let Ok(manifest) = std::fs::read(file(digest)) else { return false };
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layers = manifest["layers"].as_array().expect("a manifest of one platform");
        layers.iter().chain([&manifest["config"]]).all(|part| {
            let length = std::fs::metadata(file(part["digest"].as_str().unwrap())).map(|metadata| metadata.len());
            length.ok() == part["size"].as_u64()
        })
    }

    /// The only roll-out there is, once its journal is there.
    fn journal(&self) -> Option<(String, PathBuf)> {
        let folders = std::fs::read_dir(self.house.baker.path("home/state/rollouts")).ok()?.flatten();
        let mut journals = folders.map(|folder| folder.path().join("journal.jsonl")).filter(|path| path.exists());
        let journal = journals.next()?;
        let id = journal.parent()?.file_name()?.to_str()?.to_owned();
        Some((id, journal))
    }
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

/// Every whole line of a journal.
fn records(journal: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a record tells, in short.
fn told(record: &Value) -> String {
    let word = |key: &str| record[key].as_str().unwrap_or_default();
    format!("{} {}", word("kind"), word("doing")).trim_end().to_owned()
}

fn is_over(records: &[Value]) -> bool {
    records.last().is_some_and(|last| last["kind"] == "rollout.finished")
}

/// Seconds of the day.
fn second(record: &Value) -> f64 {
    let at = record["at"].as_str().unwrap();
    let time = at[11..].trim_end_matches('Z').split(':').map(|part| part.parse::<f64>().unwrap());
    time.fold(0.0, |sum, part| sum * 60.0 + part)
}

/// Every bake that is at work.
fn bakes(house: &House) -> Vec<u64> {
    let folders = std::fs::read_dir(house.baker.path("home/state/bakes")).into_iter().flatten().flatten();
    let begun = folders.filter_map(|folder| records(&folder.path().join("journal.jsonl")).into_iter().next());
    let worker = |first: Value| {
        let (pid, bake) = (first["pid"].as_u64()?, first["bake"].as_str()?);
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&words).contains(bake).then_some(pid)
    };
    begun.filter_map(worker).collect()
}

/// Where a roll-out is to be killed: after so many records, and that part of the time until the next.
struct Moment {
    records: usize,
    part: f64,
}

/// Waits for the moment, and kills whoever is at work; gives the record it came after, where it hit.
fn hit(fleet: &Fleet, moment: &Moment, gaps: &[f64]) -> Option<String> {
    let (journal, until) = loop {
        if let Some((_, journal)) = fleet.journal() {
            break (journal, Instant::now() + Duration::from_secs(60));
        }
        std::thread::yield_now();
    };
    let mut found = records(&journal);
    while found.len() < moment.records && !is_over(&found) {
        assert!(Instant::now() < until, "the roll-out does nothing any more: {found:#?}");
        std::thread::sleep(Duration::from_micros(200));
        found = records(&journal);
    }
    let gap = gaps.get(moment.records).copied().unwrap_or(0.01);
    std::thread::sleep(Duration::from_secs_f64(gap * moment.part));
    let pid = found.iter().rev().find_map(|record| record["pid"].as_u64()).unwrap();
    kill(pid);
    let found = records(&journal);
    (!is_over(&found)).then(|| told(found.last().unwrap()))
}

/// How often it came after which record, and what else was killed.
#[derive(Default)]
struct Tally {
    hits: BTreeMap<String, u64>,
    missed: u64,
    bakes: u64,
}

impl Tally {
    fn count(&self) -> u64 {
        self.hits.values().sum()
    }
}

/// Begins one, kills it once or twice, goes on with it to its end.
fn round(fleet: &Fleet, (random, gaps): (&mut Random, &[f64]), tally: &mut Tally, runtime: &Runtime) {
    let (house, number) = (&fleet.house, tally.count());
    let mut starting = house
        .baker
        .command(&["rollout", "global/os:12", "--detach"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut from = 1;
    for _ in 0..=random.below(4) / 3 {
        // Whoever goes on has less to do.
        let left = gaps.len().saturating_sub(from).max(3);
        let records = from + usize::try_from(random.below(left as u64 - 1)).unwrap();
        let part = random.below(1000) as f64 / 1000.0;
        match hit(fleet, &Moment { records, part }, gaps) {
            Some(after) => *tally.hits.entry(after).or_default() += 1,
            None => tally.missed += 1,
        }
        if random.below(3) == 0 {
            for bake in bakes(house) {
                kill(bake);
                tally.bakes += 1;
            }
        }
        fleet.assert_verified(runtime, &format!("after {number} kills"));
        starting.wait().unwrap();
        let (id, journal) = fleet.journal().unwrap();
        from = self::records(&journal).len() + 1;
        house.baker.json(&["rollout", "--resume", &id, "--detach"]);
    }
    let (id, _) = fleet.journal().unwrap();
    let output = house.baker.run(&["rollout", "--attach", &id]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "after {number} kills: {told}");
}

#[test]
fn h01_a_roll_out_killed_at_random_moments_is_finished_by_going_on() {
    let wanted: u64 = std::env::var("BAKERY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(15);
    let (fleet, runtime) = (Fleet::new(), Runtime::new().unwrap());
    let house = &fleet.house;
    let before = fleet.tags();
    let watch = Instant::now();
    assert_eq!(house.rollout(&["global/os:12"]).0, 0);
    let undisturbed = records(&fleet.journal().unwrap().1);
    let gaps: Vec<f64> =
        std::iter::once(0.0).chain(undisturbed.windows(2).map(|two| second(&two[1]) - second(&two[0]))).collect();
    let after = fleet.tags();
    let names = fleet.names().len();
    assert_eq!((before.len(), after.len(), before.intersection(&after).count()), (names, names, 0), "{after:?}");
    let known: BTreeSet<String> = before.union(&after).cloned().collect();
    let onto = house.digest("global/os:12");
    let (mut random, mut tally) = (Random(0x9e37_79b9_7f4a_7c15), Tally::default());
    while tally.count() < wanted {
        assert!(tally.missed <= wanted, "only {} hit, {} missed", tally.count(), tally.missed);
        fleet.restore();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let mut seen = BTreeSet::new();
                while !over.load(Ordering::Relaxed) {
                    seen.extend(fleet.tags());
                    std::thread::sleep(Duration::from_millis(2));
                }
                seen
            });
            let ends = Ends(&over);
            round(&fleet, (&mut random, &gaps), &mut tally, &runtime);
            drop(ends);
            let seen = watching.join().unwrap();
            assert!(seen.is_subset(&known), "{:?}", seen.difference(&known));
        });
        let kills = tally.count();
        assert_eq!(fleet.tags(), after, "after {kills} kills: as if nobody had killed anything");
        fleet.assert_verified(&runtime, &format!("at the end, after {kills} kills"));
        assert_eq!([house.lock("clean"), house.lock("over")], [onto.clone(), onto.clone()], "after {kills} kills");
        let checked = runtime.block_on(fsck(&house.context(), false, |_| {})).unwrap();
        assert!(checked.sound, "after {kills} kills: {:?}", checked.found);
    }
    let Tally { hits, missed, bakes } = &tally;
    eprintln!(
        "{} roll-outs and {bakes} bakes killed, {missed} missed, in {:?}: {hits:#?}",
        tally.count(),
        watch.elapsed()
    );
}
