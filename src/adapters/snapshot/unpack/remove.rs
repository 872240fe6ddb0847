//! Removing whole trees, descriptor by descriptor: no link is followed, no depth and no mode is in the way.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, chmodat, fstat, openat, openat2, unlinkat};
use rustix::io::Errno;

/// Rights a folder needs to be emptied.
const OWNER: u32 = 0o700;
/// How often a folder is listed again when something keeps appearing in it.
const TRIES: usize = 8;

/// A folder on the way down.
struct Level {
    /// Its name in the folder above.
    name: CString,
    /// Device and inode, to be found again by.
    id: (u64, u64),
    /// Folders in it still to be removed.
    pending: Vec<CString>,
    tries: usize,
}

/// Removes `name` in `parent` and everything below it; nothing there is fine. Other file systems mounted below are not
/// entered: they are an error.
pub fn remove_tree(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let name = CString::new(name.as_bytes()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(remove(parent, &name)?)
}

/// Removes everything in a folder, not the folder.
pub(super) fn clear(folder: BorrowedFd<'_>) -> Result<(), Errno> {
    let folder = openat(folder, c".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for name in unlink_all(folder.as_fd())? {
        remove(folder.as_fd(), &name)?;
    }
    Ok(())
}

pub(super) fn remove(parent: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    if unlink(parent, name)? {
        return Ok(());
    }
    // Only two folders are open at a time, however deep it goes; the way back is checked.
    let mut here = enter(parent, name)?;
    let mut way = vec![level(here.as_fd(), name)?];
    while let Some(last) = way.last_mut() {
        if let Some(child) = last.pending.pop() {
            if let Some(fd) = gone_or_open(here.as_fd(), &child)? {
                here = fd;
                way.push(level(here.as_fd(), &child)?);
            }
            continue;
        }
        let above = match way.len() {
            1 => None,
            depth => Some((openat(&here, c"..", listing(), Mode::empty())?, way[depth - 2].id)),
        };
        if let Some((fd, expected)) = &above
            && id(fd.as_fd())? != *expected
        {
            return Err(Errno::STALE);
        }
        let Some(last) = way.last_mut() else { break };
        let folder = above.as_ref().map_or(parent, |(fd, _)| fd.as_fd());
        match unlinkat(folder, &last.name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {
                way.pop();
                if let Some((fd, _)) = above {
                    here = fd;
                }
            }
            Err(Errno::NOTEMPTY | Errno::EXIST) if last.tries < TRIES => {
                last.tries += 1;
                last.pending = unlink_all(here.as_fd())?;
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn listing() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn level(folder: BorrowedFd<'_>, name: &CStr) -> Result<Level, Errno> {
    Ok(Level { name: name.to_owned(), id: id(folder)?, pending: unlink_all(folder)?, tries: 0 })
}

fn id(fd: BorrowedFd<'_>) -> Result<(u64, u64), Errno> {
    let stat = fstat(fd)?;
    Ok((stat.st_dev, stat.st_ino))
}

/// Removes what is no folder; `false` where a folder stands.
fn unlink(parent: BorrowedFd<'_>, name: &CStr) -> Result<bool, Errno> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// An empty folder goes at once; another is opened.
fn gone_or_open(parent: BorrowedFd<'_>, name: &CStr) -> Result<Option<OwnedFd>, Errno> {
    match unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(None),
        Err(Errno::NOTEMPTY | Errno::EXIST) => enter(parent, name).map(Some),
        Err(errno) => Err(errno),
    }
}

/// Opens a folder to be emptied, with the rights that needs.
fn enter(parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let open = |flags| openat2(parent, name, flags | OFlags::CLOEXEC, Mode::empty(), resolve);
    let found = open(OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
    let mode = fstat(&found)?.st_mode;
    if mode & OWNER != OWNER {
        // Through its descriptor, so that no link is followed. Root manages without.
        let itself = format!("/proc/self/fd/{}", found.as_raw_fd());
        let _ = chmodat(CWD, itself, Mode::from_raw_mode(OWNER), AtFlags::empty());
    }
    open(listing())
}

/// Removes all in a folder that is no folder; gives the folders.
fn unlink_all(folder: BorrowedFd<'_>) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push((entry.file_name().to_owned(), entry.file_type().is_dir()));
        }
    }
    let mut folders = Vec::new();
    for (name, is_folder) in names {
        if is_folder || !unlink(folder, &name)? {
            folders.push(name);
        }
    }
    Ok(folders)
}
