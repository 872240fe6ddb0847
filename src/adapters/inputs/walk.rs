//! Walking a `from`: names, types, modes, sizes. Reads no content.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use globset::GlobMatcher;
use rustix::fs::{AtFlags, Dir, FileType, OFlags, Stat, readlinkat, statat};

use super::InputsError;
use super::open::{Links, joined, open_beneath, refusal, special};
use crate::domain::text::escape_bytes;

/// Most entries of one `from`.
const MAX_ENTRIES: usize = 1_000_000;

/// Something found, not yet read.
pub(super) struct Found {
    /// Relative to `from`, empty for `from` itself.
    pub(super) path: String,
    /// Permission bits that count.
    pub(super) mode: u32,
    /// Type.
    pub(super) kind: FoundKind,
}

pub(super) enum FoundKind {
    File(Stamp),
    Folder,
    Symlink(String),
}

/// What tells, without reading, that a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) changed: i64,
}

impl Stamp {
    pub(super) fn of(stat: &Stat) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: nanoseconds(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
            changed: nanoseconds(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or(0)),
        }
    }
}

/// The bits of a mode that count: all of 07777 but write for group and others.
pub(super) fn mode_of(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777 & !0o022
}

/// Everything below `root` (opened from `from`), sorted by path.
pub(super) fn walk(root: &OwnedFd, from: &str, exclude: &[GlobMatcher]) -> Result<Vec<Found>, InputsError> {
    let stat = rustix::fs::fstat(root).map_err(InputsError::io("stat", from))?;
    let mut found = Vec::new();
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            let kind = FoundKind::File(Stamp::of(&stat));
            return Ok(vec![Found { path: String::new(), mode: mode_of(&stat), kind }]);
        }
        FileType::Directory => {
            found.push(Found { path: String::new(), mode: mode_of(&stat), kind: FoundKind::Folder });
        }
        other => return Err(InputsError::Special { path: from.to_owned(), kind: special(other) }),
    }
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let first = found.len();
        list(root.as_fd(), from, &folder, exclude, &mut found)?;
        if found.len() > MAX_ENTRIES {
            return Err(InputsError::TooMany { path: from.to_owned(), limit: MAX_ENTRIES });
        }
        let below = found[first..].iter().filter(|entry| matches!(entry.kind, FoundKind::Folder));
        folders.extend(below.map(|entry| entry.path.clone()));
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// One folder's entries.
fn list(
    root: BorrowedFd<'_>,
    from: &str,
    folder: &str,
    exclude: &[GlobMatcher],
    found: &mut Vec<Found>,
) -> Result<(), InputsError> {
    let shown = joined(from, folder);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let fd = open_beneath(root, folder, flags, Links::Refused).map_err(|errno| refusal(errno, &shown))?;
    let entries = Dir::read_from(&fd).map_err(InputsError::io("list", &shown))?;
    for entry in entries {
        let entry = entry.map_err(InputsError::io("list", &shown))?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let Ok(text) = name.to_str() else {
            let path = format!("{shown}/{}", escape_bytes(name.to_bytes()));
            return Err(InputsError::NotUtf8 { path });
        };
        let path = if folder.is_empty() { text.to_owned() } else { format!("{folder}/{text}") };
        if exclude.iter().any(|glob| glob.is_match(&path)) {
            continue;
        }
        let full = || joined(from, &path);
        let stat = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| refusal(errno, &full()))?;
        let (mode, kind) = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => (mode_of(&stat), FoundKind::File(Stamp::of(&stat))),
            FileType::Directory => (mode_of(&stat), FoundKind::Folder),
            FileType::Symlink => {
                let target = readlinkat(&fd, name, Vec::new()).map_err(InputsError::io("read link", &full()))?;
                let target = target.into_string().map_err(|_| InputsError::NotUtf8 { path: full() })?;
                (0o777, FoundKind::Symlink(target))
            }
            other => return Err(InputsError::Special { path: full(), kind: special(other) }),
        };
        found.push(Found { path, mode, kind });
    }
    Ok(())
}
