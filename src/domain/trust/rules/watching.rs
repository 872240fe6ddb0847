//! Rules on paths as they appear while a step runs. What is seen is an estimate: the sealed layer is judged again, exactly.
//! Globs are compiled once, and what a base protects is looked up once, so that a path costs about a microsecond.

use std::collections::HashSet;

use super::super::policy::Demand;
use super::super::{Contract, Globs, Policy, reason};
use super::judged::shown;
use super::layer::{as_whom, is_open};
use crate::domain::layer::{PathId, Seen, Tree};
use crate::domain::text::escape;

/// A path that was seen to change.
#[derive(Clone, Copy, Debug)]
pub struct SeenPath<'a> {
    /// Absolute path in the image.
    pub path: &'a str,
    /// Whether it is gone.
    pub deleted: bool,
    /// Type and permission bits as in `st_mode`; 0 where it is gone.
    pub mode: u32,
    /// Rules that found a secret in it, with the line and the masked value.
    pub secrets: &'a [(String, u32, String)],
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check.
    pub check: &'static str,
    /// Whether the policy only warns.
    pub warns: bool,
    /// Stable reason code.
    pub reason: &'static str,
    /// A line a person can act on.
    pub line: String,
}

const TYPE: u32 = 0o170_000;
const FIFO: u32 = 0o010_000;
const CHAR: u32 = 0o020_000;
const FOLDER: u32 = 0o040_000;
const BLOCK: u32 = 0o060_000;
const FILE: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;

/// Checks that paths can break while a step runs, each with the paths that are excepted from it.
const WATCHED: [&str; 6] =
    ["layer.setuid", "layer.world-writable", "layer.secrets", "layer.device-nodes", "layer.paths", "lineage.contract"];

/// Judges paths as they appear.
pub struct Watching<'a> {
    policy: &'a Policy,
    base: Option<&'a Tree>,
    /// Of each watched check, the paths excepted. Whether an exception has run out is for the sealed layer.
    excepted: [Option<Globs>; WATCHED.len()],
    forbidden: Option<Globs>,
    /// Paths of the base that are protected.
    protected: HashSet<PathId>,
    /// Folders above them.
    above: HashSet<PathId>,
}

impl<'a> Watching<'a> {
    /// Under a policy and the contract of a base; `base` is its merged tree, where it is at hand.
    pub fn new(policy: &'a Policy, contract: &'a Contract, base: Option<&'a Tree>) -> Self {
        let excepted = WATCHED.map(|check| {
            let ours = policy.exceptions.iter().filter(|exception| exception.check == check);
            Globs::new(ours.map(|exception| exception.path.as_deref().unwrap_or("**")))
                .ok()
                .filter(|globs| !globs.is_empty())
        });
        let (mut protected, mut above) = (HashSet::new(), HashSet::new());
        // Globs that mean nothing are told where the sealed layer is judged.
        if let (Some(base), false, Ok(globs)) = (base, contract.protected.is_empty(), Globs::new(&contract.protected)) {
            for (path, seen) in base.walk(PathId::ROOT, base.layers()) {
                if !globs.matches(&path) {
                    continue;
                }
                protected.insert(seen.id());
                let mut folder = base.folder(seen.id());
                while folder != PathId::ROOT && above.insert(folder) {
                    folder = base.folder(folder);
                }
            }
        }
        let forbidden = Globs::new(&policy.image.forbid_paths).ok().filter(|globs| !globs.is_empty());
        Self { policy, base, excepted, forbidden, protected, above }
    }

    /// What is wrong with a path that was seen.
    pub fn see(&self, seen: SeenPath<'_>) -> Vec<Violation> {
        let mut found = Vec::new();
        let path = seen.path.trim_start_matches('/');
        self.contract(path, &seen, &mut found);
        if !seen.deleted {
            self.layer(path, &seen, &mut found);
        }
        found.retain(|violation| !self.is_excepted(violation.check, path));
        found
    }

    fn is_excepted(&self, check: &str, path: &str) -> bool {
        let at = WATCHED.iter().position(|watched| *watched == check);
        let globs = at.and_then(|at| self.excepted.get(at)).and_then(Option::as_ref);
        globs.is_some_and(|globs| globs.matches(path.as_bytes()))
    }

    fn layer(&self, path: &str, seen: &SeenPath<'_>, found: &mut Vec<Violation>) {
        let image = &self.policy.image;
        let (kind, mode) = (seen.mode & TYPE, seen.mode & 0o7777);
        let mut add = |check, demand, reason, what: &str| {
            if demand != Demand::Allow {
                let line = format!("{}: {what}", shown(path.as_bytes()));
                found.push(Violation { check, warns: demand == Demand::Warn, reason, line });
            }
        };
        if kind == FILE
            && let Some(what) = as_whom(mode)
        {
            add("layer.setuid", image.setuid, reason::LAYER_SETUID, &format!("{what}; {mode:04o}"));
        }
        if matches!(kind, FILE | FOLDER | FIFO) && is_open(mode, kind == FOLDER) {
            let what = format!("anybody may write it; {mode:04o}");
            add("layer.world-writable", image.world_writable, reason::LAYER_WRITABLE, &what);
        }
        for (rule, line, masked) in seen.secrets {
            let what = format!("line {line}: {} {}", escape(rule), escape(masked));
            add("layer.secrets", image.secrets, reason::LAYER_SECRET, &what);
        }
        if matches!(kind, CHAR | BLOCK) {
            add("layer.device-nodes", image.device_nodes, reason::LAYER_DEVICE, "a device");
        }
        if let Some(glob) = self.forbidden.as_ref().and_then(|globs| globs.which(path.as_bytes())) {
            let what = format!("forbidden by {}", escape(glob));
            add("layer.paths", Demand::Forbid, reason::LAYER_PATH, &what);
        }
    }

    fn contract(&self, path: &str, seen: &SeenPath<'_>, found: &mut Vec<Violation>) {
        if self.protected.is_empty() {
            return;
        }
        let Some((tree, id)) = self.base.and_then(|tree| Some((tree, tree.find(path.as_bytes())?))) else { return };
        let Some(before) = tree.seen_at(id, tree.layers()) else { return };
        let broken = if self.protected.contains(&id) {
            changed(before, seen)
        } else if self.above.contains(&id) {
            above(seen)
        } else {
            None
        };
        if let Some((reason, what)) = broken {
            let line = format!("{}: {what}", shown(path.as_bytes()));
            found.push(Violation { check: "lineage.contract", warns: false, reason, line });
        }
    }
}

/// What happened to a protected path.
fn changed(before: Seen<'_>, seen: &SeenPath<'_>) -> Option<(&'static str, String)> {
    if seen.deleted {
        return Some((
            reason::CONTRACT_DELETED,
            format!("deleted; the base's contract protects this {}", before.type_name()),
        ));
    }
    let kind = match seen.mode & TYPE {
        FIFO => "fifo",
        CHAR => "char",
        FOLDER => "folder",
        BLOCK => "block",
        SYMLINK => "symlink",
        _ => "file",
    };
    let (was, is) = (before.mode(), seen.mode & 0o7777);
    if kind != before.type_name() {
        let code = if kind == "symlink" { reason::CONTRACT_SYMLINK } else { reason::CONTRACT_TYPE };
        return Some((code, format!("was a {}, is a {kind}; the base's contract protects it", before.type_name())));
    }
    if was != is && kind != "symlink" {
        return Some((reason::CONTRACT_MODE, format!("was {was:04o}, is {is:04o}; the base's contract protects it")));
    }
    // Something new in a protected folder makes it appear, and breaks nothing.
    (kind != "folder").then(|| (reason::CONTRACT_MODIFIED, "changed; the base's contract protects it".to_owned()))
}

/// What happened to a folder above protected paths.
fn above(seen: &SeenPath<'_>) -> Option<(&'static str, String)> {
    let protects = "the base's contract protects paths below it";
    match seen.mode & TYPE {
        _ if seen.deleted => Some((reason::CONTRACT_DELETED, format!("deleted; {protects}"))),
        FOLDER => None,
        SYMLINK => Some((reason::CONTRACT_SYMLINK_ABOVE, format!("replaced by a symlink; {protects}"))),
        _ => Some((reason::CONTRACT_TYPE_ABOVE, format!("no folder any more; {protects}"))),
    }
}
