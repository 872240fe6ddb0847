//! Locks on files (`flock`): held by a descriptor, so that none outlives its process (H-05). Writes nothing into them.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

/// A lock, held while it lives.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Alone, unless somebody else holds it.
    pub fn try_exclusive(path: &Path) -> io::Result<Option<Self>> {
        lock(path, FlockOperation::NonBlockingLockExclusive)
    }

    /// Alone, once nobody else holds it: for what takes a moment.
    pub fn exclusive(path: &Path) -> io::Result<Self> {
        lock(path, FlockOperation::LockExclusive)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Together with others, unless somebody holds it alone.
    pub fn try_shared(path: &Path) -> io::Result<Option<Self>> {
        lock(path, FlockOperation::NonBlockingLockShared)
    }
}

impl Drop for FileLock {
    /// In so many words: a process being started by another thread has a copy of the descriptor until it runs its program.
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

fn lock(path: &Path, operation: FlockOperation) -> io::Result<Option<FileLock>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    match flock(&file, operation) {
        Ok(()) => Ok(Some(FileLock(file))),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
