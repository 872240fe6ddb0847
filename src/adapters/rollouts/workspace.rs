//! One roll-out a workspace at a time: a kernel lock that whoever is at work holds, so that none is stale.

use std::path::{Path, PathBuf};

use crate::adapters::file_lock::FileLock;
use crate::adapters::journal::{BakeFolder, JournalError, is_held, list};
use crate::domain::oci::Digest;

/// Held by the process that rolls out in a workspace.
#[derive(Debug)]
pub struct WorkspaceLock {
    _lock: FileLock,
}

impl WorkspaceLock {
    /// Takes it; `None` while somebody else has it.
    pub fn take(rollouts: &Path, workspace: &Path) -> Result<Option<Self>, JournalError> {
        let path = of(rollouts, workspace);
        let lock = FileLock::try_exclusive(&path).map_err(JournalError::io("lock", &path))?;
        Ok(lock.map(|lock| Self { _lock: lock }))
    }
}

fn of(rollouts: &Path, workspace: &Path) -> PathBuf {
    let root = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
    let name = Digest::of(root.as_os_str().as_encoded_bytes());
    rollouts.join(format!("workspace-{}.lock", name.encoded()))
}

/// The roll-outs somebody is at work on.
pub fn at_work(rollouts: &Path) -> Result<Vec<BakeFolder>, JournalError> {
    let mut held = Vec::new();
    for folder in list(rollouts)? {
        if is_held(&folder)? {
            held.push(folder);
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_workspace_has_one_at_a_time_and_others_their_own() {
        let (rollouts, here, there) = (tempfile::tempdir().unwrap(), "/work-a", "/work-b");
        let first = WorkspaceLock::take(rollouts.path(), here.as_ref()).unwrap();
        assert!(first.is_some());
        assert!(WorkspaceLock::take(rollouts.path(), here.as_ref()).unwrap().is_none());
        assert!(WorkspaceLock::take(rollouts.path(), there.as_ref()).unwrap().is_some());
        drop(first);
        assert!(WorkspaceLock::take(rollouts.path(), here.as_ref()).unwrap().is_some());
        assert!(at_work(rollouts.path()).unwrap().is_empty());
    }
}
