//! Removing a folder with everything in it, by descriptors, following no link, however deep it is.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, chmodat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::upper::names_in;

/// Folders held open at once; what lies deeper is brought up first.
const DEEPEST: usize = 128;

/// Removes `name` in `parent`, whatever it is; nothing there is fine.
pub fn remove_tree(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    Ok(remove(parent, name.as_bytes())?)
}

/// As [`remove_tree`], in bytes.
pub(super) fn remove(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::Directory => {
            unlinkat(parent, name, AtFlags::empty())
        }
        Ok(_) => {
            let mut brought = 0;
            remove_folder(parent, name, (parent, &mut brought), 0)
        }
    }
}

/// Empties a folder.
pub(super) fn clear(folder: BorrowedFd<'_>) -> Result<(), Errno> {
    for name in names_in(folder)? {
        remove(folder, &name)?;
    }
    Ok(())
}

fn remove_folder(
    parent: BorrowedFd<'_>,
    name: &[u8],
    (top, brought): (BorrowedFd<'_>, &mut u32),
    depth: usize,
) -> Result<(), Errno> {
    let folder = open(parent, name)?;
    for inner in names_in(folder.as_fd())? {
        match unlinkat(&folder, &*inner, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => continue,
            // Linux says EISDIR; POSIX allows EPERM.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error),
        }
        if depth < DEEPEST {
            remove_folder(folder.as_fd(), &inner, (top, &mut *brought), depth + 1)?;
            continue;
        }
        *brought += 1;
        let up = format!(".removed-{}-{brought}", std::process::id());
        match renameat(&folder, &*inner, top, up.as_bytes()) {
            Ok(()) => remove_folder(top, up.as_bytes(), (top, &mut *brought), 0)?,
            // On an overlay folders of lower layers stay where they are; they are not deeper than paths are long.
            Err(Errno::XDEV) => remove_folder(folder.as_fd(), &inner, (top, &mut *brought), depth + 1)?,
            Err(error) => return Err(error),
        }
    }
    drop(folder);
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Opens a folder to be emptied, also one that nobody may look into.
fn open(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(parent, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
            openat(parent, name, flags, Mode::empty())
        }
        other => other,
    }
}
