//! A workspace to bake hostile recipes in, as root or as an ordinary user, and a canary: a folder beside the workspace's
//! own, this machine's mounts, and the processes that are left.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::bakery::Bakery;
use crate::support::ordinary::{self, Ordinary};
use crate::support::{peers, tiny};

/// Who bakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Root,
    Ordinary,
}

pub const EVERYBODY: [Who; 2] = [Who::Root, Who::Ordinary];

/// How long what is left of a bake may take to be gone; twice what is promised, for machines with much else to do.
pub const SOON: Duration = Duration::from_secs(4);

/// A variable of the worker's environment that nobody else may see.
const HOST_SECRET: &str = "canary-of-the-host";

/// Whether this machine can run these tests; says by name what it lacks.
pub fn can_run() -> bool {
    peers::need(&[&tiny::PROGRAMS[..], &ordinary::PROGRAMS[..], &["gcc"]].concat())
}

enum Owner {
    Root(Box<Bakery>),
    Ordinary(Box<Ordinary>),
}

pub struct Bench {
    owner: Owner,
    victim: Vec<String>,
    mounts: Vec<String>,
}

/// A bake that is over.
pub struct Baked {
    pub code: Option<i32>,
    pub stderr: String,
    pub events: Vec<Value>,
    /// Output of all steps.
    pub log: String,
}

impl Baked {
    pub fn digest(&self) -> String {
        let committed = self.events.iter().find(|event| event["kind"] == "image.committed");
        let committed = committed.unwrap_or_else(|| panic!("no image: {}\n{}", self.stderr, self.log));
        committed["digest"].as_str().unwrap().to_owned()
    }

    pub fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stderr, self.log);
        self
    }

    pub fn failed(self, words: &str) -> Self {
        assert_eq!(self.code, Some(1), "{}\n{}", self.stderr, self.log);
        assert!(self.stderr.contains(words), "no {words:?} in: {}\n{}", self.stderr, self.log);
        self
    }
}

impl Bench {
    /// A workspace with the recipe `app`: `steps`, and what stands after them, on the tiny system with `more` in it.
    pub fn new(who: Who, more: &[tiny::Member<'_>], steps: &str) -> Self {
        let bakery = Bakery::new();
        bakery.write("recipes/tiny.tar", tiny::tar(more));
        Self::with(who, bakery, &format!("base: scratch\nsteps:\n  - unpack: {{from: tiny.tar, to: /}}\n{steps}"))
    }

    /// A workspace with everything but the recipe.
    pub fn with(who: Who, bakery: Bakery, recipe: &str) -> Self {
        bakery.write("recipes/app.yaml", format!("recipe: 1\nname: app\ntag: \"1\"\n{recipe}"));
        bakery.write("victim/keep", "do not touch");
        bakery.write("victim/folder/deep", "nor this");
        let owner = match who {
            Who::Root => Owner::Root(Box::new(bakery)),
            Who::Ordinary => Owner::Ordinary(Box::new(Ordinary::new(bakery))),
        };
        let mut bench = Self { owner, victim: Vec::new(), mounts: Vec::new() };
        bench.victim = bench.look_at_victim();
        bench.mounts = bench.look_at_mounts();
        bench
    }

    pub fn bakery(&self) -> &Bakery {
        match &self.owner {
            Owner::Root(bakery) => bakery,
            Owner::Ordinary(ordinary) => ordinary.bakery(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.bakery().path(name)
    }

    /// A text of the workspace's path, in everything the sandbox is started with.
    pub fn mark(&self) -> String {
        self.path("").display().to_string().trim_end_matches('/').to_owned()
    }

    pub fn write_recipe(&self, recipe: &str) {
        std::fs::write(self.path("recipes/app.yaml"), format!("recipe: 1\nname: app\ntag: \"1\"\n{recipe}")).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match &self.owner {
            Owner::Root(bakery) => bakery.command(arguments),
            Owner::Ordinary(ordinary) => ordinary.command(arguments),
        };
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:{}/path", self.mark())).env("BAKERY_CANARY", HOST_SECRET);
        command
    }

    pub fn bake(&self) -> Baked {
        self.bake_with(&[], &[])
    }

    pub fn bake_with(&self, options: &[&str], env: &[(&str, &str)]) -> Baked {
        let mut command = self.command(&[&["bake", "recipes/app.yaml", "--json"], options].concat());
        let output = command.envs(env.iter().copied()).output().unwrap();
        let events = String::from_utf8_lossy(&output.stdout);
        Baked {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            events: events.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            log: self.latest().map(|folder| logs(&folder)).unwrap_or_default(),
        }
    }

    /// The folder of the bake that was begun last.
    pub fn latest(&self) -> Option<PathBuf> {
        let bakes = std::fs::read_dir(self.path("home/state/bakes")).ok()?;
        bakes.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).max()
    }

    /// The canary lives, no process is left, no mount, and no folder of a session.
    pub fn assert_untouched(&self) {
        assert_eq!(self.look_at_victim(), self.victim, "the folder beside the workspace's");
        let left = self.left_after(SOON);
        assert!(left.is_empty(), "left running: {left:#?}");
        let new: Vec<String> = self.look_at_mounts().into_iter().filter(|line| !self.mounts.contains(line)).collect();
        assert!(new.is_empty(), "left mounted: {new:#?}");
    }

    /// Folders of sessions.
    pub fn sessions(&self) -> Vec<PathBuf> {
        let kinds = std::fs::read_dir(self.path("home/cache/snapshots")).into_iter().flatten();
        let sessions = kinds.filter_map(|kind| std::fs::read_dir(kind.unwrap().path().join("sessions")).ok());
        sessions.flatten().map(|entry| entry.unwrap().path()).collect()
    }

    /// Processes of the sandbox that are left after so long; none as soon as there are none.
    pub fn left_after(&self, limit: Duration) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || begun.elapsed() > limit {
                return left.into_values().collect();
            }
            std::thread::yield_now();
        }
    }

    /// Processes started for this workspace, whatever they call themselves: by what they were started with, and by the
    /// mounts they see.
    pub fn processes(&self) -> BTreeMap<u32, String> {
        let mark = self.mark();
        let own = std::process::id();
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let about = |pid: u32| {
            let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let words = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let all = [words.clone().into_bytes(), read("environ"), read("mountinfo")];
            let marked = all.iter().any(|text| String::from_utf8_lossy(text).contains(&mark));
            marked.then_some((pid, words))
        };
        pids.filter(|pid| *pid != own).filter_map(about).collect()
    }

    fn look_at_victim(&self) -> Vec<String> {
        let mut found = Vec::new();
        describe(&self.path("victim"), &mut found);
        for device in ["null", "zero", "full", "random", "urandom", "tty"] {
            let meta = std::fs::metadata(format!("/dev/{device}")).unwrap();
            found.push(format!("{device} {:o} {} {} {}", meta.mode(), meta.uid(), meta.gid(), meta.rdev()));
        }
        found
    }

    /// Mounts of this machine's, but for those where other tests work.
    fn look_at_mounts(&self) -> Vec<String> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let of_others = ["/tmp", "/run", "/var", env!("CARGO_TARGET_TMPDIR")];
        let counts = |line: &&str| {
            let place = line.split(' ').nth(4).unwrap_or_default();
            line.contains(&self.mark()) || !of_others.iter().any(|folder| place.starts_with(folder))
        };
        mounts.lines().filter(counts).map(str::to_owned).collect()
    }
}

/// What every step wrote, one after the other.
pub fn logs(bake: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(bake.join("logs")) else { return String::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect()
}

fn describe(path: &Path, found: &mut Vec<String>) {
    let meta = std::fs::symlink_metadata(path).unwrap();
    let content = if meta.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
    let times = (meta.mtime(), meta.mtime_nsec());
    let owner = (meta.uid(), meta.gid());
    found.push(format!("{} {:o} {owner:?} {} {times:?} {content:?}", path.display(), meta.mode(), meta.ino()));
    if meta.is_dir() {
        let mut below: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        below.sort();
        below.iter().for_each(|path| describe(path, found));
    }
}
