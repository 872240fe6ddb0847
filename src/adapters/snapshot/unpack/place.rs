//! Where a path of an image leads: folders below a root, found without the kernel ever following a link. Changes nothing.
//!
//! Paths are resolved as `domain::layer::Tree` resolves them: links on the way are followed inside the root, `..` stops at
//! it, and what does not exist is taken literally. The kernel is only asked for ways that hold no link at all.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};
use rustix::io::Errno;

use super::error::UnpackError;
use crate::domain::layer::{TreeError, split};
use crate::domain::text::escape_bytes;

/// Symlinks followed before a path counts as a loop, as in `Tree` and in Linux.
const MAX_LINKS: usize = 40;
/// Folders held open; well below the 1024 descriptors a process may have.
const MAX_KNOWN: usize = 128;

/// A folder: open, and where it really is.
pub(super) struct Place {
    /// Opened with `O_PATH`.
    pub(super) fd: OwnedFd,
    /// Its path without links, relative to the root; empty for the root.
    pub(super) path: Box<[u8]>,
}

/// A path without links on the way.
pub(super) struct Resolved {
    pub(super) path: Vec<u8>,
    /// Whether every step on the way was a folder or a link: then only replacing one of these changes where it leads.
    solid: bool,
}

enum Step {
    Folder,
    Link(Vec<u8>),
    Other,
}

/// Opens `path` below `folder`; links, even `/proc`'s, are refused wherever they stand.
pub(super) fn open_below(folder: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    let path = if path.is_empty() { b"." } else { path };
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..16 {
        match openat2(folder, path, flags, Mode::empty(), resolve) {
            // Something was renamed meanwhile.
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

/// As [`open_below`], for a folder; `None` where there is none.
pub(super) fn open_folder(folder: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
    match open_below(folder, path, flags | OFlags::DIRECTORY) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Lookups below one root.
pub(super) struct Lookup<'r> {
    root: BorrowedFd<'r>,
    /// Folders by their paths as archives write them.
    known: HashMap<Box<[u8]>, Rc<Place>>,
}

impl<'r> Lookup<'r> {
    pub(super) fn new(root: BorrowedFd<'r>) -> Self {
        Self { root, known: HashMap::new() }
    }

    pub(super) fn root(&self) -> BorrowedFd<'r> {
        self.root
    }

    /// To be called when a link or a folder was taken away: it may have been a step on a way remembered.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The folder a path leads to, if there is one.
    pub(super) fn existing(&mut self, raw: &[u8]) -> Result<Option<Rc<Place>>, UnpackError> {
        if let Some(place) = self.known.get(raw) {
            return Ok(Some(Rc::clone(place)));
        }
        let open = |path: &[u8]| open_folder(self.root, path, OFlags::PATH).map_err(UnpackError::io("open", raw));
        let (fd, path, solid) = match open(raw)? {
            Some(fd) => (fd, raw.into(), true),
            None => {
                let Resolved { path, solid } = self.resolve(raw)?;
                match open(&path)? {
                    Some(fd) => (fd, path.into(), solid),
                    None => return Ok(None),
                }
            }
        };
        let place = Rc::new(Place { fd, path });
        if solid {
            if self.known.len() >= MAX_KNOWN {
                self.known.clear();
            }
            self.known.insert(raw.into(), Rc::clone(&place));
        }
        Ok(Some(place))
    }

    /// Where a path leads, its last part followed, too; what does not exist is taken literally.
    pub(super) fn resolve(&self, raw: &[u8]) -> Result<Resolved, UnpackError> {
        let mut ahead = parts(raw);
        let mut at = Vec::new();
        let mut links = 0;
        let mut solid = true;
        while let Some(part) = ahead.pop() {
            if part == b".." {
                at.truncate(split(&at).0.len());
                continue;
            }
            let mut next = at.clone();
            if !next.is_empty() {
                next.push(b'/');
            }
            next.extend_from_slice(&part);
            match self.step(&next).map_err(UnpackError::io("open", raw))? {
                Step::Link(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TreeError::Loop(escape_bytes(raw)).into());
                    }
                    if target.starts_with(b"/") {
                        at.clear();
                    }
                    ahead.extend(parts(&target));
                }
                Step::Folder => at = next,
                Step::Other => {
                    solid = false;
                    at = next;
                }
            }
        }
        Ok(Resolved { path: at, solid })
    }

    fn step(&self, path: &[u8]) -> Result<Step, Errno> {
        let fd = match open_below(self.root, path, OFlags::PATH) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Step::Other),
            Err(errno) => return Err(errno),
        };
        Ok(match FileType::from_raw_mode(fstat(fd.as_fd())?.st_mode) {
            FileType::Symlink => Step::Link(readlinkat(&fd, "", Vec::new())?.into_bytes()),
            FileType::Directory => Step::Folder,
            _ => Step::Other,
        })
    }
}

/// The parts of a path, last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".").rev().map(<[u8]>::to_vec).collect()
}
