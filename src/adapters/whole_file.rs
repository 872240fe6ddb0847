//! Small files, whole or not at all: bounded reading, writing by rename. Knows no format.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;

/// Whether what was written must survive a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// File and folder are synced before the call returns.
    Durable,
    /// A cache: losing it costs time only.
    Cache,
}

/// The file's bytes, one more than `limit` at most; `None` where there is no file.
pub fn read_bounded(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Makes `path` hold `bytes`; a reader sees the old content or the new, never a part. Folders are made as needed.
pub fn write_whole(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    write(path, durability, None, |file| file.write_all(bytes))
}

/// The same for content that is made as it is written.
pub fn write_whole_with(
    path: &Path,
    durability: Durability,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(path, durability, None, content)
}

/// The same with these permissions from the first moment on: what only its owner may read stays so.
pub fn write_whole_as(path: &Path, bytes: &[u8], permissions: Permissions) -> io::Result<()> {
    write(path, Durability::Durable, Some(permissions), |file| file.write_all(bytes))
}

fn write(
    path: &Path,
    durability: Durability,
    permissions: Option<Permissions>,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".new-{}", ulid::Ulid::generate()));
    let written = fill(&temporary, durability, permissions, content).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is the one worth telling.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    match durability {
        Durability::Durable => File::open(folder)?.sync_all(),
        Durability::Cache => Ok(()),
    }
}

fn fill(
    path: &Path,
    durability: Durability,
    permissions: Option<Permissions>,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    if let Some(permissions) = permissions {
        // Before there is anything in it to be read.
        file.set_permissions(permissions)?;
    }
    content(&mut file)?;
    match durability {
        Durability::Durable => file.sync_all(),
        Durability::Cache => Ok(()),
    }
}
