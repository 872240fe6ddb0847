//! Ids of the user namespace: which of the host's stand for those in the image. Maps nothing by itself but a single one.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{getgid, getuid};

use super::error::SandboxError;
use crate::adapters::host::{IdMode, id_mode};

/// Name of the folder for snapshots of this kind: other ids on the disk, another form of whiteouts and opaque folders.
pub fn folder_name(ids: IdMode) -> String {
    let user = getuid().as_raw();
    match ids {
        IdMode::Root => "root".into(),
        IdMode::Subordinate { users, groups } => format!("ids-{user}-{}-{}-{}", users.0, users.1, groups.0),
        IdMode::Single { .. } => format!("single-{user}"),
    }
}

/// The ids whose snapshots a folder of this name holds, where they are this user's.
pub fn ids_of_kind(kind: &str) -> Option<IdMode> {
    let single = IdMode::Single { pretend: true };
    let mut mine = vec![single];
    mine.extend(id_mode(None));
    mine.into_iter().find(|ids| folder_name(*ids) == kind)
}

/// Gives the process `pid`, which has a new user namespace, subordinate ids by the set-id programs of the system.
pub(super) fn map_subordinate(pid: u32, users: (u32, u32), groups: (u32, u32)) -> Result<(), SandboxError> {
    if getuid().is_root() {
        return map_as_root(pid, users, groups);
    }
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

/// Root needs nobody's leave.
fn map_as_root(pid: u32, users: (u32, u32), groups: (u32, u32)) -> Result<(), SandboxError> {
    for (file, (first, count)) in [("uid_map", users), ("gid_map", groups)] {
        let path = format!("/proc/{pid}/{file}");
        std::fs::write(&path, format!("0 0 1\n1 {first} {count}\n"))
            .map_err(|source| SandboxError::Program { program: "uid_map", source })?;
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
