//! The folder of one bake: its name, its files, how it is made and found. Knows nothing of their content.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use ulid::Ulid;

use super::error::JournalError;

/// The longest request a worker reads: a recipe is at most 1 MiB.
const MAX_REQUEST_BYTES: u64 = 8 * 1024 * 1024;

/// One bake's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BakeFolder {
    id: String,
    path: PathBuf,
}

impl BakeFolder {
    /// A new bake's folder below `bakes`, under a fresh ULID; only its owner may enter.
    pub fn create(bakes: &Path) -> Result<Self, JournalError> {
        let private = |recursive: bool| {
            let mut builder = DirBuilder::new();
            builder.recursive(recursive).mode(0o700);
            builder
        };
        private(true).create(bakes).map_err(JournalError::io("create", bakes))?;
        let id = Ulid::generate().to_string();
        let path = bakes.join(&id);
        private(false).create(&path).map_err(JournalError::io("create", &path))?;
        sync_folder(bakes)?;
        Ok(Self { id, path })
    }

    /// The folder of bake `id`, which need not exist.
    pub fn of(bakes: &Path, id: &str) -> Option<Self> {
        let id = Ulid::from_string(id).ok()?.to_string();
        Some(Self { path: bakes.join(&id), id })
    }

    /// The folder around a bake's `journal.jsonl`, wherever it was copied to; named after the folder.
    pub fn around(path: &Path) -> Self {
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { path: path.to_owned(), id }
    }

    /// The bake's ULID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `journal.jsonl`.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// `lock`.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// `logs`.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// `worker.log`.
    pub fn worker_log(&self) -> PathBuf {
        self.path.join("worker.log")
    }

    /// Writes a small file: whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let path = self.path.join(name);
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(JournalError::io("create", &path))?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(JournalError::io("write", &path))?;
        file.persist(&path).map_err(|error| JournalError::io("write", &path)(error.error))?;
        sync_folder(&self.path)
    }

    /// Reads a small file; `None` where it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let path = self.path.join(name);
        let file = match open_for_reading(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::io("open", &path)(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_REQUEST_BYTES).read_to_end(&mut bytes).map_err(JournalError::io("read", &path))?;
        Ok(Some(bytes))
    }

    /// Removes the folder with everything in it.
    pub fn remove(&self) -> Result<(), JournalError> {
        fs::remove_dir_all(&self.path).map_err(JournalError::io("remove", &self.path))
    }
}

/// All bakes below `bakes` that have a journal, newest first.
pub fn list(bakes: &Path) -> Result<Vec<BakeFolder>, JournalError> {
    let mut found = folders(bakes)?;
    found.retain(|folder| folder.journal().exists());
    Ok(found)
}

/// All folders below `bakes`, newest first.
pub fn folders(bakes: &Path) -> Result<Vec<BakeFolder>, JournalError> {
    let entries = match fs::read_dir(bakes) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("read", bakes)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(JournalError::io("read", bakes))?;
        found.extend(entry.file_name().to_str().and_then(|name| BakeFolder::of(bakes, name)));
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Opens a file for reading, never through a symlink (H-10).
pub(in crate::adapters) fn open_for_reading(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens a file to append to, made where absent, for its owner only, never through a symlink (H-10).
pub(in crate::adapters) fn open_for_appending(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}

/// Makes names in a folder last.
pub(in crate::adapters) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync", path))
}
