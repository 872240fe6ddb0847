//! Who may free content, and who may swap the index: `flock` on files inside `.bakery/`, so that none goes stale.
//!
//! `hold.lock` is shared by everybody who puts or uses content and exclusive for who frees it; `index.lock` is held
//! around reading, changing and replacing `index.json`.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};

use super::disk::{PRIVATE, create_folder, lock};
use super::open::Layout;
use crate::adapters::store::StoreError;

/// While it lives, nothing is freed from the layout. Released by dropping it, or by the end of the process.
#[derive(Debug)]
pub struct Hold {
    _lock: Locked,
}

/// While it lives, nobody else swaps the index.
pub(super) struct IndexLock {
    _lock: Locked,
}

/// A locked file. Unlocked in so many words: a process being started by another thread has a copy of the descriptor
/// until it runs its program, and closing alone would leave the lock with that copy.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // It cannot fail on a descriptor that is open.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl Layout {
    /// Keeps everything in the layout from being freed; waits while something is being freed.
    pub fn hold(&self) -> Result<Hold, StoreError> {
        let path = self.path().join(PRIVATE).join("hold.lock");
        let file = open_lock(self.path(), &path)?;
        lock(&file, FlockOperation::LockShared, &path)?;
        Ok(Hold { _lock: Locked(file) })
    }

    /// The right to free content; refused at once while somebody holds the layout.
    pub(super) fn hold_alone(&self) -> Result<Hold, StoreError> {
        let path = self.path().join(PRIVATE).join("hold.lock");
        let file = open_lock(self.path(), &path)?;
        if lock(&file, FlockOperation::NonBlockingLockExclusive, &path)? {
            return Ok(Hold { _lock: Locked(file) });
        }
        let detail = "a bake, a push or another gc is using this store".into();
        Err(StoreError::Busy { store: self.label(), detail })
    }

    pub(super) fn lock_index(&self) -> Result<IndexLock, StoreError> {
        lock_index(self.path())
    }
}

pub(super) fn lock_index(root: &Path) -> Result<IndexLock, StoreError> {
    let path = root.join(PRIVATE).join("index.lock");
    let file = open_lock(root, &path)?;
    lock(&file, FlockOperation::LockExclusive, &path)?;
    Ok(IndexLock { _lock: Locked(file) })
}

fn open_lock(root: &Path, path: &Path) -> Result<File, StoreError> {
    let open = |flags: OFlags| {
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        rustix::fs::open(path, flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode)
    };
    // Without CREATE first: whoever may only read can still hold.
    let opened = match open(OFlags::empty()) {
        Err(rustix::io::Errno::NOENT) => {
            create_folder(&root.join(PRIVATE))?;
            open(OFlags::CREATE)
        }
        other => other,
    };
    opened.map(File::from).map_err(|error| StoreError::io("open", path)(error.into()))
}
