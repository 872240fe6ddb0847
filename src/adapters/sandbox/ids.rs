//! Ids of the user namespace: which of the host's stand for those in the image. Maps nothing by itself but a single one.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{getgid, getuid};

use super::error::SandboxError;

/// Whose ids the files of images have on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Real root: the image's own numbers.
    Root,
    /// The user is the image's root, and subordinate ids are all others: exact.
    Subordinate {
        /// First subordinate user id, and how many.
        users: (u32, u32),
        /// First subordinate group id, and how many.
        groups: (u32, u32),
    },
    /// One id for everything: who owns what is lost.
    Single {
        /// chown and set-id calls are answered as if they had worked.
        pretend: bool,
    },
}

impl Ids {
    /// What this user has here: root's own, else subordinate ids where they were given some, else one.
    pub fn of_host() -> Self {
        if getuid().is_root() {
            return Self::Root;
        }
        let tools = ["newuidmap", "newgidmap"].iter().all(|tool| is_installed(tool));
        let range = |file: &str| range_of(&std::fs::read_to_string(file).unwrap_or_default());
        match (range("/etc/subuid"), range("/etc/subgid")) {
            (Some(users), Some(groups)) if tools => Self::Subordinate { users, groups },
            _ => Self::Single { pretend: true },
        }
    }

    /// Whether owners in a layer are what the step made them.
    pub fn are_exact(self) -> bool {
        !matches!(self, Self::Single { .. })
    }

    /// Name of the folder for snapshots of this kind: other ids on the disk, other form of whiteouts and opaque folders.
    pub fn folder_name(self) -> String {
        let user = getuid().as_raw();
        match self {
            Self::Root => "root".into(),
            Self::Subordinate { users, groups } => format!("ids-{user}-{}-{}-{}", users.0, users.1, groups.0),
            Self::Single { .. } => format!("single-{user}"),
        }
    }
}

/// Gives the process `pid`, which has a new user namespace, subordinate ids by the set-id programs of the system.
pub(super) fn map_subordinate(pid: u32, users: (u32, u32), groups: (u32, u32)) -> Result<(), SandboxError> {
    let map = [("newuidmap", getuid().as_raw(), users), ("newgidmap", getgid().as_raw(), groups)];
    for (program, own, (first, count)) in map {
        let arguments = [pid, 0, own, 1, 1, first, count].map(|number| number.to_string());
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|source| SandboxError::Program { program, source })?;
        if !output.status.success() {
            let words = crate::domain::text::escape_bytes(&output.stderr[..output.stderr.len().min(400)]);
            return Err(SandboxError::Mapping { program, words });
        }
    }
    Ok(())
}

/// Maps the caller's one id, from within its own new user namespace.
pub(super) fn map_single(user: u32, group: u32) -> std::io::Result<()> {
    let own = Path::new("/proc/self");
    std::fs::write(own.join("setgroups"), "deny")?;
    std::fs::write(own.join("uid_map"), format!("0 {user} 1"))?;
    std::fs::write(own.join("gid_map"), format!("0 {group} 1"))
}

/// The first range of subordinate ids a file gives this user, by name or number.
fn range_of(text: &str) -> Option<(u32, u32)> {
    let number = getuid().as_raw().to_string();
    let name = std::fs::read_to_string("/etc/passwd").unwrap_or_default().lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    text.lines().find_map(|line| {
        let mut fields = line.trim().split(':');
        let who = fields.next()?;
        let range = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (who == number || Some(who) == name.as_deref()).then_some(range)
    })
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
