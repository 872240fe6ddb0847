//! Places in a tree that is being extracted, found by descriptor: links are followed inside the root and nowhere else,
//! whatever an archive put on the way. Means what [`Tree::resolve`](crate::domain::layer::Tree::resolve) means.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Timespec, fstat, mkdirat, openat2, readlinkat, statat, unlinkat,
};
use rustix::io::Errno;

use super::upper::settle;
use crate::domain::layer::split;

/// Symlinks followed before a path counts as a loop, as in Linux.
const MAX_LINKS: usize = 40;

/// The root, with the folder used last: neighbours in an archive mostly share it.
pub(super) struct Places<'a> {
    root: BorrowedFd<'a>,
    last: Option<(Box<[u8]>, OwnedFd)>,
    /// Times folders are to have in the end, by their paths as they were opened.
    times: HashMap<Box<[u8]>, Timespec>,
}

impl<'a> Places<'a> {
    pub(super) fn new(root: BorrowedFd<'a>) -> Self {
        Self { root, last: None, times: HashMap::new() }
    }

    /// Something on a way may have been replaced.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// The folder at `path`, where there is one.
    pub(super) fn existing(&mut self, path: &[u8]) -> Result<Option<BorrowedFd<'_>>, Errno> {
        if self.last.as_ref().is_none_or(|(last, _)| **last != *path) {
            let folder = match self.open(path) {
                Ok(folder) => folder,
                Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
                Err(error) => return Err(error),
            };
            self.remember(path, &folder)?;
            self.last = Some((path.into(), folder));
        }
        Ok(self.last.as_ref().map(|(_, folder)| folder.as_fd()))
    }

    /// The folder at `path`, made where it is missing, replacing what is none (T-21).
    pub(super) fn folder(&mut self, path: &[u8], mtime: i64) -> Result<BorrowedFd<'_>, Errno> {
        if self.existing(path)?.is_none() {
            let resolved = self.resolve(path)?;
            self.make(&resolved, mtime)?;
            let folder = self.open(&resolved)?;
            self.last = Some((path.into(), folder));
        }
        self.last.as_ref().map(|(_, folder)| folder.as_fd()).ok_or(Errno::NOENT)
    }

    /// The time a folder is to have in the end.
    pub(super) fn set_time(&mut self, path: &[u8], mtime: i64) {
        self.times.insert(path.into(), Timespec { tv_sec: mtime, tv_nsec: 0 });
    }

    /// Sets the times of all folders that were written in; what is gone by now has none.
    pub(super) fn settle_all(&mut self) -> Result<(), Errno> {
        for (path, time) in std::mem::take(&mut self.times) {
            match self.open(&path) {
                Ok(folder) => settle(folder.as_fd(), b"", time)?,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A folder is going to be written in: unless the archive says otherwise, it keeps its time.
    fn remember(&mut self, path: &[u8], folder: &OwnedFd) -> Result<(), Errno> {
        if !self.times.contains_key(path) {
            let stat = fstat(folder)?;
            let nanos = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
            self.times.insert(path.into(), Timespec { tv_sec: stat.st_mtime, tv_nsec: nanos });
        }
        Ok(())
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let path = if path.is_empty() { b"." } else { path };
        openat2(self.root, path, flags, Mode::empty(), resolve)
    }

    /// What stands at a path without links on the way; `None` for nothing.
    fn kind(&self, path: &[u8]) -> Result<Option<FileType>, Errno> {
        let (above, name) = split(path);
        let folder = match self.open(above) {
            Ok(folder) => folder,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(error),
        };
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where a path leads; what does not exist is taken literally.
    fn resolve(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            path.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".").rev().map(<[u8]>::to_vec).collect()
        };
        let mut ahead = parts(path);
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == b".." {
                at.truncate(split(&at).0.len());
                continue;
            }
            let next = if at.is_empty() { part } else { [&at, b"/".as_slice(), &part].concat() };
            if self.kind(&next)? != Some(FileType::Symlink) {
                at = next;
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP);
            }
            let (above, name) = split(&next);
            let target = readlinkat(self.open(above)?, name, Vec::new())?.into_bytes();
            if target.starts_with(b"/") {
                at.clear();
            }
            ahead.extend(parts(&target));
        }
        Ok(at)
    }

    /// Makes a resolved path and all above it folders: 0755, root's.
    fn make(&mut self, path: &[u8], mtime: i64) -> Result<(), Errno> {
        if path.is_empty() {
            return Ok(());
        }
        let (above, name) = split(path);
        match self.kind(path)? {
            Some(FileType::Directory) => return Ok(()),
            Some(_) => unlinkat(&self.open(above)?, name, AtFlags::empty())?,
            None => self.make(above, mtime)?,
        }
        let folder = self.open(above)?;
        self.remember(above, &folder)?;
        mkdirat(&folder, name, Mode::from_raw_mode(0o755))?;
        rustix::fs::chmodat(&folder, name, Mode::from_raw_mode(0o755), AtFlags::empty())?;
        self.set_time(path, mtime);
        Ok(())
    }
}
