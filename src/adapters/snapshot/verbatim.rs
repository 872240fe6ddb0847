//! An upper folder of somebody else's as a layer's tar, as it lies: nothing is compared with what lay below, nothing in it
//! is touched. What is a change is for whoever reads the tar to say.

use std::collections::HashMap;
use std::collections::hash_map;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use super::changes::{Inode, OPAQUE_FILE, child};
use super::pack::{Content, Way};
use super::upper::{Found, Standing, UpperError, failed, names_in, open_file, open_folder, standing};
use crate::domain::layer::{Kind, Limits, Node, Packer, split};
use crate::domain::text::escape_bytes;

/// A line of the layer, by its name there.
struct Line {
    name: Box<[u8]>,
    what: What,
}

enum What {
    /// Something at a path, and which file it is where that has several names.
    Node(Node, Option<Inode>),
    /// The path is gone.
    Whiteout(Box<[u8]>),
    /// An empty file that says that nothing below its folder shows through.
    Opaque,
}

/// Writes the folder's tar into `out`: whiteouts and opaque folders as the image-spec has them (layer.md#whiteouts), every
/// entry with its own time. Contents are streamed; memory grows with the number of entries only.
///
/// # Errors
/// Content or a name that stands elsewhere (`redirect_dir`, `metacopy`), more than a layer may hold, and what the system says.
pub fn copy_out<W: Write>(upper: BorrowedFd<'_>, out: W, cancelled: &dyn Fn() -> bool) -> Result<W, UpperError> {
    let mut walk = Walk { upper, lines: Vec::new(), bytes: 0, ahead: vec![Box::default()], limits: Limits::default() };
    while let Some(folder) = walk.ahead.pop() {
        if cancelled() {
            return Err(UpperError::Cancelled);
        }
        walk.folder(&folder)?;
    }
    walk.lines.sort_by(|a, b| a.name.cmp(&b.name));
    // Where fuse-overlayfs wrote the folder, a file says it, too.
    walk.lines.dedup_by(|a, b| a.name == b.name);
    let mut links: HashMap<Inode, Box<[u8]>> = HashMap::new();
    let mut packer = Packer::new(out, 0).with_own_times();
    let mut way = Way::from(upper);
    for Line { name: path, what } in walk.lines {
        if cancelled() {
            return Err(UpperError::Cancelled);
        }
        let (mut node, inode) = match what {
            What::Node(node, inode) => (node, inode),
            What::Whiteout(gone) => {
                packer.whiteout(&gone)?;
                continue;
            }
            What::Opaque => {
                packer.file(&path, &Node { kind: EMPTY, ..Node::plain_folder(0) }, &mut std::io::empty())?;
                continue;
            }
        };
        match inode.map(|inode| links.entry(inode)) {
            Some(hash_map::Entry::Occupied(first)) => node.kind = Kind::Hardlink(first.get().clone()),
            Some(hash_map::Entry::Vacant(first)) => drop(first.insert(path.clone())),
            None => {}
        }
        if let Kind::File { .. } = node.kind {
            let (folder, name) = split(&path);
            let folder = way.folder(folder).map_err(failed(&path, "open"))?;
            let file = open_file(folder, name).map_err(failed(&path, "open"))?;
            packer.file(&path, &node, &mut Content { file: file.into(), cancelled })?;
        } else {
            packer.entry(&path, &node)?;
        }
    }
    Ok(packer.finish()?)
}

const EMPTY: Kind = Kind::File { size: 0, digest: None };

struct Walk<'a> {
    upper: BorrowedFd<'a>,
    lines: Vec<Line>,
    bytes: u64,
    ahead: Vec<Box<[u8]>>,
    limits: Limits,
}

impl Walk<'_> {
    fn folder(&mut self, path: &[u8]) -> Result<(), UpperError> {
        let open = open_folder(self.upper, path).map_err(failed(path, "open"))?;
        for name in names_in(open.as_fd()).map_err(failed(path, "list"))? {
            let path = child(path, &name);
            match standing(open.as_fd(), &name).map_err(failed(&path, "read"))? {
                Standing::Nothing | Standing::Socket => {}
                Standing::Whiteout => {
                    let marker = child(split(&path).0, &[b".wh.", &*name].concat());
                    self.add(marker, What::Whiteout(path))?;
                }
                Standing::Found(found) => self.found(path, found)?,
            }
        }
        Ok(())
    }

    fn found(&mut self, path: Box<[u8]>, found: Found) -> Result<(), UpperError> {
        if let Some(mark) = found.elsewhere {
            return Err(UpperError::Redirect { path: escape_bytes(&path), mark });
        }
        self.bytes = self.bytes.saturating_add(found.node.size());
        if self.bytes > self.limits.bytes {
            return Err(UpperError::TooLarge { path: escape_bytes(&path), limit: self.limits.bytes });
        }
        if found.opaque {
            self.add(child(&path, OPAQUE_FILE), What::Opaque)?;
        }
        if found.node.is_folder() {
            self.ahead.push(path.clone());
        }
        self.add(path, What::Node(found.node, found.inode))
    }

    fn add(&mut self, name: Box<[u8]>, what: What) -> Result<(), UpperError> {
        if self.lines.len() as u64 >= self.limits.entries {
            return Err(UpperError::TooMany(self.limits.entries));
        }
        self.lines.push(Line { name, what });
        Ok(())
    }
}
