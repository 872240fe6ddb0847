//! `bakery shell`, the real program: at pipes, at a terminal, in images and at the states of recipes.

mod piped;
mod recipe;
mod typed;

use std::path::Path;
use std::process::Command;

use crate::support::bakery::{Bakery, succeeded};
use crate::support::peers;

/// A workspace of the demo, with a few commands of this host in its images; `None` where this host makes no sandbox.
fn stocked() -> Option<Bakery> {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--dir", "shop", "--seed-only", "-q"]);
    let allowed = rustix::process::geteuid().is_root() || {
        let tried = Command::new("unshare").args(["--user", "--map-root-user", "true"]).status();
        tried.is_ok_and(|status| status.success())
    };
    if !allowed {
        peers::need(&["user-namespaces"]);
        return None;
    }
    Some(bakery)
}

/// A command in the demo's workspace.
fn at(bakery: &Bakery, arguments: &[&str]) -> Command {
    let mut command = bakery.command(arguments);
    command.current_dir(bakery.path("shop"));
    command
}

/// Runs it; must succeed; gives stdout.
fn ok(bakery: &Bakery, arguments: &[&str]) -> String {
    succeeded(&at(bakery, arguments).output().unwrap(), &arguments.join(" "))
}

/// Runs it and must fail with `code`; gives stderr.
fn fails(bakery: &Bakery, code: i32, arguments: &[&str]) -> String {
    let output = at(bakery, arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

/// What is left in the snapshots' scratch space, and mounted below the home.
fn leftovers(bakery: &Bakery) -> Vec<String> {
    let mut left = Vec::new();
    let kinds = std::fs::read_dir(bakery.path("home/cache/snapshots")).unwrap();
    for kind in kinds.flatten() {
        let sessions = std::fs::read_dir(kind.path().join("sessions")).unwrap();
        left.extend(sessions.flatten().map(|entry| entry.path().display().to_string()));
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let home = bakery.path("home").display().to_string();
    left.extend(mounts.lines().filter(|line| line.contains(&home)).map(str::to_owned));
    left
}

/// Processes that have this word among their arguments.
fn running(word: &str) -> Vec<String> {
    let of = |folder: &Path| {
        let words = std::fs::read(folder.join("cmdline")).ok()?;
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        let state = std::fs::read_to_string(folder.join("stat")).ok()?;
        let dead = state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        (words.contains(&word.as_bytes()) && !dead).then(|| folder.display().to_string())
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| of(&entry.path())).collect()
}
