//! Files that are there whole or not at all: opening without following, temporary files, syncing folders.
//!
//! A temporary file is locked by its writer for as long as it lives; one nobody has locked is left over from a crash.
//! Knows nothing of blobs or indexes.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::adapters::store::StoreError;

/// bakery's own folder inside a layout.
pub(super) const PRIVATE: &str = ".bakery";
const TEMPORARY: &str = "tmp";

/// Opens a regular file for reading; links, pipes, sockets and devices are refused without being touched (J-12).
pub(super) fn open_regular(path: &Path) -> Result<File, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP) => return Err(irregular(path, "is a symbolic link")),
        Err(Errno::NXIO) => return Err(irregular(path, "is a socket")),
        Err(error) => return Err(StoreError::io("open", path)(error.into())),
    };
    let metadata = file.metadata().map_err(StoreError::io("look at", path))?;
    if metadata.is_file() { Ok(file) } else { Err(irregular(path, "is no regular file")) }
}

fn irregular(path: &Path, detail: &str) -> StoreError {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let store = path.parent().unwrap_or(path).display().to_string();
    StoreError::Hostile { store, family: "J-12", detail: format!("{name} {detail}") }
}

/// A small file's bytes; one longer than `limit` is refused (J-08).
pub(super) fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
    if bytes.len() as u64 > limit {
        let store = path.display().to_string();
        return Err(StoreError::Hostile { store, family: "J-08", detail: format!("longer than {limit} bytes") });
    }
    Ok(bytes)
}

/// Makes a folder's entries durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", path))
}

/// Creates a folder below an existing one, durably; one that is there already is fine, a link in its place is not.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    match std::fs::create_dir(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => check_folder(path),
        Err(error) => Err(StoreError::io("create", path)(error)),
    }
}

/// Refuses anything but a real folder.
pub(super) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let metadata = std::fs::symlink_metadata(path).map_err(StoreError::io("look at", path))?;
    if metadata.is_dir() { Ok(()) } else { Err(irregular(path, "is no folder")) }
}

/// Takes a lock on an open file; `false` when somebody else has it and the operation does not wait.
pub(super) fn lock(file: &File, operation: FlockOperation, path: &Path) -> Result<bool, StoreError> {
    match rustix::io::retry_on_intr(|| rustix::fs::flock(file, operation)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(StoreError::io("lock", path)(error.into())),
    }
}

/// A file on its way: removed when dropped, unless [`persist`](Self::persist)ed.
pub(super) struct Temporary {
    pub(super) file: File,
    pub(super) path: PathBuf,
    armed: bool,
}

impl Temporary {
    /// A new, locked file in the layout at `root`.
    pub(super) fn create(root: &Path) -> Result<Self, StoreError> {
        let folder = root.join(PRIVATE).join(TEMPORARY);
        loop {
            let number = getrandom::u64().map_err(|e| StoreError::io("create", &folder)(std::io::Error::other(e)))?;
            let path = folder.join(format!("{number:016x}"));
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => File::from(file),
                Err(Errno::EXIST) => continue,
                Err(Errno::NOENT) => {
                    create_folder(&root.join(PRIVATE))?;
                    create_folder(&folder)?;
                    continue;
                }
                Err(error) => return Err(StoreError::io("create", &path)(error.into())),
            };
            let this = Self { file, path, armed: true };
            lock(&this.file, FlockOperation::LockExclusive, &this.path)?;
            // Between creation and lock a sweep may have taken it for a leftover.
            if this.file.metadata().map_err(StoreError::io("look at", &this.path))?.nlink() > 0 {
                return Ok(this);
            }
        }
    }

    /// Syncs content and mode. After a failure the file must not be used: a second sync may lie.
    pub(super) fn sync(&self, mode: u32) -> Result<(), StoreError> {
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode))
            .map_err(|error| StoreError::io("set the mode of", &self.path)(error.into()))?;
        self.file.sync_all().map_err(StoreError::io("sync", &self.path))
    }

    /// Renames the synced file into its place, replacing what is there. The folder is still to be synced.
    pub(super) fn persist(mut self, target: &Path) -> Result<(), StoreError> {
        std::fs::rename(&self.path, target).map_err(StoreError::io("rename to", target))?;
        self.armed = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.armed {
            // Nothing to tell: a file that stays is swept later.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Temporary files nobody is writing any more; removed when `remove` says so. Gives their number and bytes.
pub(super) fn sweep(root: &Path, remove: bool) -> Result<(u64, u64), StoreError> {
    let folder = root.join(PRIVATE).join(TEMPORARY);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(StoreError::io("list", &folder)(error)),
    };
    let (mut count, mut bytes) = (0, 0);
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", &folder))?.path();
        // Gone meanwhile, or somebody else's: not ours to judge.
        let Ok(file) = open_regular(&path) else { continue };
        if !lock(&file, FlockOperation::NonBlockingLockExclusive, &path)? {
            continue;
        }
        let size = file.metadata().map_err(StoreError::io("look at", &path))?.len();
        if remove && std::fs::remove_file(&path).is_err() {
            continue;
        }
        count += 1;
        bytes += size;
    }
    Ok((count, bytes))
}
