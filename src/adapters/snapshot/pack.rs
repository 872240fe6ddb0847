//! Packing: an overlay's upper folder becomes the tar of a layer, the same bytes for the same changes. Compresses nothing,
//! decides nothing about what is a change.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::Timespec;
use rustix::io::Errno;

use super::changes::{Inode, collect};
use super::upper::{Upper, UpperError, failed, open_file, open_folder, settle};
use crate::domain::layer::{Change, Kind, Op, Packer, split};

/// What a layer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted, with everything that was in deleted folders.
    pub deleted: u64,
    /// Bytes of all files' contents in it.
    pub bytes: u64,
    /// Sockets, which no layer holds; they are taken out of the upper folder, too.
    pub skipped: u64,
}

/// Writes `upper` as a layer's tar: what differs from below, sorted by name, with the folders above each change, whiteouts
/// (image-spec layer.md#whiteouts, never opaque ones), and files of one inode as hard links to the first of them.
///
/// Contents are streamed; memory grows with the number of changes only. The overlay must not be mounted any more: times
/// in the upper folder are set to what they will be for a reader of the image, `created` for all that is packed.
pub fn pack(upper: &Upper<'_>, out: impl Write) -> Result<Packed, UpperError> {
    let changes = collect(upper)?;
    let set = &changes.set;
    let mut packed = Packed {
        added: set.added,
        modified: set.modified,
        deleted: set.deleted,
        skipped: changes.skipped,
        ..Packed::default()
    };
    let mut job =
        Job { packer: Packer::new(out, upper.created), way: Way::from(upper.upper), links: HashMap::new(), upper };
    for change in &set.changes {
        packed.bytes += match job.line(change) {
            Err(_) if (upper.cancelled)() => return Err(UpperError::Cancelled),
            other => other?,
        };
    }
    job.packer.finish()?.flush().map_err(failed(b"", "write the layer"))?;
    Ok(packed)
}

struct Job<'a, W> {
    packer: Packer<W>,
    way: Way<'a>,
    /// The first name of each file with several.
    links: HashMap<Inode, Box<[u8]>>,
    upper: &'a Upper<'a>,
}

impl<W: Write> Job<'_, W> {
    /// Writes one line; gives the bytes of its content.
    fn line(&mut self, change: &Change<Inode>) -> Result<u64, UpperError> {
        if (self.upper.cancelled)() {
            return Err(UpperError::Cancelled);
        }
        if change.op == Op::Deleted {
            self.packer.whiteout(&change.path)?;
            return Ok(0);
        }
        let (folder, name) = split(&change.path);
        let folder = self.way.folder(folder).map_err(failed(&change.path, "open"))?;
        let mut node = change.node.clone();
        if let Some(inode) = change.source {
            match self.links.entry(inode) {
                Entry::Occupied(first) => node.kind = Kind::Hardlink(first.get().clone()),
                Entry::Vacant(first) => {
                    first.insert(change.path.clone());
                }
            }
        }
        if let Kind::File { .. } = node.kind {
            let file = open_file(folder, name).map_err(failed(&change.path, "open"))?;
            let mut content = Content { file: file.into(), cancelled: self.upper.cancelled };
            self.packer.file(&change.path, &node, &mut content)?;
        } else {
            self.packer.entry(&change.path, &node)?;
        }
        let created = Timespec { tv_sec: self.upper.created, tv_nsec: 0 };
        settle(folder, name, created).map_err(failed(&change.path, "set the time"))?;
        Ok(node.size())
    }
}

/// The folder last opened: neighbours in a layer mostly share it.
pub(super) struct Way<'a> {
    root: BorrowedFd<'a>,
    last: Option<(Box<[u8]>, OwnedFd)>,
}

impl<'a> Way<'a> {
    pub(super) fn from(root: BorrowedFd<'a>) -> Self {
        Self { root, last: None }
    }

    pub(super) fn folder(&mut self, path: &[u8]) -> Result<BorrowedFd<'_>, Errno> {
        if self.last.as_ref().is_none_or(|(last, _)| **last != *path) {
            self.last = Some((path.into(), open_folder(self.root, path)?));
        }
        self.last.as_ref().map(|(_, folder)| folder.as_fd()).ok_or(Errno::NOENT)
    }
}

/// A file that ends between two reads when somebody asks for it.
pub(super) struct Content<'a> {
    pub(super) file: File,
    pub(super) cancelled: &'a dyn Fn() -> bool,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.cancelled)() {
            return Err(io::Error::other("cancelled"));
        }
        self.file.read(buffer)
    }
}
