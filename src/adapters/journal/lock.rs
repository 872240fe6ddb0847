//! Liveness: the worker holds a kernel lock for its life, so a lock is never stale (H-05). Writes nothing into it.
//!
//! The worker locks exclusively and is the only one that opens the file for writing; whoever asks takes a shared lock for
//! a moment, so that askers never stand in each other's way.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::JournalError;
use super::folder::{BakeFolder, open_for_appending, open_for_reading};

/// Held by the worker; free again when the process is gone, however it went.
#[derive(Debug)]
pub struct WorkerLock(File);

impl WorkerLock {
    /// Becomes the bake's one worker.
    pub fn take(folder: &BakeFolder) -> Result<Self, JournalError> {
        let path = folder.lock();
        let file = open_for_appending(&path).map_err(JournalError::io("open", &path))?;
        // A shared lock is refused by another worker only; then the wait for the exclusive one is for askers, who are
        // gone at once.
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(JournalError::Locked(folder.id().to_owned())),
            Err(error) => return Err(JournalError::io("lock", &path)(error)),
        }
        flock(&file, FlockOperation::LockExclusive).map_err(JournalError::io("lock", &path))?;
        Ok(Self(file))
    }

    /// Lets go, so that watchers see it now.
    pub fn release(self) {
        drop(self.0);
    }
}

/// Whether the bake's worker lives.
pub fn is_held(folder: &BakeFolder) -> Result<bool, JournalError> {
    let path = folder.lock();
    let file = match open_for_reading(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(JournalError::io("open", &path)(error)),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(JournalError::io("ask for the lock", &path)(error)),
    }
}

/// Blocks until the worker is gone.
pub(super) fn wait_until_free(folder: &BakeFolder) -> Result<(), JournalError> {
    let path = folder.lock();
    let file = open_for_reading(&path).map_err(JournalError::io("open", &path))?;
    loop {
        match flock(&file, FlockOperation::LockShared) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(JournalError::io("wait for", &path)(error)),
        }
    }
}
