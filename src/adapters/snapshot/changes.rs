//! What an upper folder changes, compared with what lay below: the same lines, in the same order, as the engine's own
//! steps give for the same changes (`domain::layer::Stage`). Writes no layer.
//!
//! What was only touched is no change, and gets the time it has below: the upper folder, as a snapshot for the steps
//! above, shows what unpacking the layer would give. For the same reason sockets are taken out.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, Timespec, makedev, mknodat, statat, unlinkat};
use rustix::io::Errno;

use super::upper::{
    Found, Standing, Upper, UpperError, alike, failed, folder, names_in, open_folder, same_content, settle, standing,
};
use crate::domain::layer::{Change, Changeset, EntryError, Limits, MAX_PATH, Marker, Node, Op, split};
use crate::domain::text::escape_bytes;

/// Device and inode: what files with several names share.
pub(super) type Inode = (u64, u64);

/// fuse-overlayfs says with it, too, that a folder is opaque.
pub(super) const OPAQUE_FILE: &[u8] = b".wh..wh..opq";

/// What is to be packed.
pub(super) struct Changes {
    /// The lines, sorted by name in the layer; the source says which files are one.
    pub(super) set: Changeset<Inode>,
    /// Sockets.
    pub(super) skipped: u64,
}

/// Compares all of the upper folder with what lay below.
pub(super) fn collect(upper: &Upper<'_>) -> Result<Changes, UpperError> {
    let set = Changeset { changes: Vec::new(), added: 0, modified: 0, deleted: 0 };
    let mut walk = Walk {
        upper,
        changes: Changes { set, skipped: 0 },
        same: BTreeMap::new(),
        ahead: Vec::new(),
        bytes: 0,
        limits: Limits::default(),
    };
    walk.root()?;
    while let Some(next) = walk.ahead.pop() {
        walk.folder(&next)?;
    }
    walk.finish()
}

struct Walk<'a> {
    upper: &'a Upper<'a>,
    changes: Changes,
    /// Folders, and files with several names, that are as they were below, with their time there.
    same: BTreeMap<Box<[u8]>, Same>,
    ahead: Vec<Ahead>,
    bytes: u64,
    limits: Limits,
}

struct Same {
    node: Node,
    inode: Option<Inode>,
    time: Timespec,
}

/// A folder to be walked.
struct Ahead {
    path: Box<[u8]>,
    /// Whether there is a folder of its path below.
    lower: bool,
    /// Marked itself.
    opaque: bool,
    /// It, or a folder above it, is marked: what is only below is gone.
    hidden: bool,
}

/// A folder being walked.
struct Here<'a> {
    ahead: &'a Ahead,
    upper: OwnedFd,
    lower: Option<OwnedFd>,
}

pub(super) fn child(folder: &[u8], name: &[u8]) -> Box<[u8]> {
    if folder.is_empty() { name.into() } else { [folder, b"/", name].concat().into() }
}

impl Walk<'_> {
    fn check(&self) -> Result<(), UpperError> {
        if (self.upper.cancelled)() { Err(UpperError::Cancelled) } else { Ok(()) }
    }

    fn below(&self, path: &[u8]) -> Result<Option<OwnedFd>, UpperError> {
        self.upper.lower.map(|lower| open_folder(lower, path).map_err(failed(path, "open what lay below"))).transpose()
    }

    fn root(&mut self) -> Result<(), UpperError> {
        let open = |root: BorrowedFd<'_>| open_folder(root, b"").and_then(folder);
        let above = open(self.upper.upper).map_err(failed(b"", "read"))?;
        let below = self.upper.lower.map(open).transpose().map_err(failed(b"", "read what lay below"))?;
        // A root nobody has described is a plain folder (`Tree`).
        let plain = Node::plain_folder(self.upper.created);
        let unchanged = alike(&above.node, below.as_ref().map_or(&plain, |below| &below.node));
        let opaque = above.opaque;
        let lower = below.is_some();
        let time = below.map_or(Timespec { tv_sec: self.upper.created, tv_nsec: 0 }, |below| below.time);
        self.ahead.push(Ahead { path: Box::default(), lower, opaque, hidden: opaque });
        if unchanged {
            self.same.insert(Box::default(), Same { node: above.node, inode: None, time });
            return Ok(());
        }
        self.add(Box::default(), Op::Modified, above.node, None)
    }

    fn folder(&mut self, ahead: &Ahead) -> Result<(), UpperError> {
        let upper = open_folder(self.upper.upper, &ahead.path).map_err(failed(&ahead.path, "open"))?;
        let lower = if ahead.lower { self.below(&ahead.path)? } else { None };
        let names = names_in(upper.as_fd()).map_err(failed(&ahead.path, "list"))?;
        let here = Here { ahead, upper, lower };
        for name in &names {
            self.check()?;
            if &**name != OPAQUE_FILE || !ahead.opaque {
                self.entry(&here, name)?;
            }
        }
        let Some(lower) = here.lower.filter(|_| ahead.hidden) else { return Ok(()) };
        for name in names_in(lower.as_fd()).map_err(failed(&ahead.path, "list what lay below"))? {
            if names.binary_search(&name).is_ok() {
                continue;
            }
            self.check()?;
            let path = child(&ahead.path, &name);
            let gone = standing(lower.as_fd(), &name).map_err(failed(&path, "read what lay below"))?;
            self.gone(path, gone)?;
        }
        Ok(())
    }

    fn entry(&mut self, here: &Here<'_>, name: &[u8]) -> Result<(), UpperError> {
        let path = child(&here.ahead.path, name);
        Marker::refuse(name)?;
        if path.len() > MAX_PATH {
            let why = "is over 4096 bytes";
            return Err(EntryError::Unusable { path: escape_bytes(&path[..120]), why }.into());
        }
        let above = standing(here.upper.as_fd(), name).map_err(failed(&path, "read"))?;
        let below = match &here.lower {
            Some(lower) => standing(lower.as_fd(), name).map_err(failed(&path, "read what lay below"))?,
            None => Standing::Nothing,
        };
        match above {
            Standing::Nothing => Ok(()),
            Standing::Whiteout => self.gone(path, below),
            Standing::Socket => {
                self.changes.skipped += 1;
                unlinkat(&here.upper, name, AtFlags::empty()).map_err(failed(&path, "remove"))?;
                if matches!(below, Standing::Found(_)) {
                    mknodat(&here.upper, name, FileType::CharacterDevice, Mode::empty(), makedev(0, 0))
                        .map_err(failed(&path, "make a whiteout"))?;
                }
                self.gone(path, below)
            }
            Standing::Found(above) => {
                if let Some(mark) = above.elsewhere {
                    return Err(UpperError::Redirect { path: escape_bytes(&path), mark });
                }
                let below = if let Standing::Found(below) = below { Some(below) } else { None };
                self.found(here, path, above, below)
            }
        }
    }

    fn found(
        &mut self,
        here: &Here<'_>,
        path: Box<[u8]>,
        above: Found,
        below: Option<Found>,
    ) -> Result<(), UpperError> {
        if above.node.is_folder() {
            let lower = below.as_ref().is_some_and(|below| below.node.is_folder());
            let hidden = here.ahead.hidden || above.opaque;
            self.ahead.push(Ahead { path: path.clone(), lower, opaque: above.opaque, hidden });
        }
        let Some(below) = below else { return self.add(path, Op::Added, above.node, above.inode) };
        if self.unchanged(&path, &above, &below)? {
            if above.node.is_folder() || above.inode.is_some() {
                self.same.insert(path, Same { node: above.node, inode: above.inode, time: below.time });
                return Ok(());
            }
            return settle(here.upper.as_fd(), split(&path).1, below.time).map_err(failed(&path, "set the time"));
        }
        if below.node.is_folder() && !above.node.is_folder() {
            self.changes.set.deleted += self.count_below(&path)?;
        }
        self.add(path, Op::Modified, above.node, above.inode)
    }

    fn unchanged(&self, path: &[u8], above: &Found, below: &Found) -> Result<bool, UpperError> {
        if !alike(&above.node, &below.node) {
            return Ok(false);
        }
        match (&above.open, &below.open) {
            (Some(a), Some(b)) if !above.node.is_folder() => {
                match same_content(a.as_fd(), b.as_fd(), self.upper.cancelled) {
                    Err(Errno::CANCELED) => Err(UpperError::Cancelled),
                    other => other.map_err(failed(path, "compare with what lay below")),
                }
            }
            _ => Ok(true),
        }
    }

    /// Notes that what stood there below is gone, if anything did.
    fn gone(&mut self, path: Box<[u8]>, below: Standing) -> Result<(), UpperError> {
        let Standing::Found(below) = below else { return Ok(()) };
        if below.node.is_folder() {
            self.changes.set.deleted += self.count_below(&path)?;
        }
        // The name of the whiteout is longer than the path.
        if path.len() + 4 > MAX_PATH {
            let why = "is too long to be taken away";
            return Err(EntryError::Unusable { path: escape_bytes(&path[..120]), why }.into());
        }
        self.add(path, Op::Deleted, below.node, None)
    }

    fn add(&mut self, path: Box<[u8]>, op: Op, node: Node, source: Option<Inode>) -> Result<(), UpperError> {
        let set = &mut self.changes.set;
        match op {
            Op::Added => set.added += 1,
            Op::Modified => set.modified += 1,
            Op::Deleted => set.deleted += 1,
            Op::Context => {}
        }
        if op != Op::Deleted {
            self.bytes = self.bytes.saturating_add(node.size());
        }
        if self.bytes > self.limits.bytes {
            return Err(UpperError::TooLarge { path: escape_bytes(&path), limit: self.limits.bytes });
        }
        set.changes.push(Change { path, op, node, source });
        if set.changes.len() as u64 > self.limits.entries {
            return Err(UpperError::TooMany(self.limits.entries));
        }
        Ok(())
    }

    /// How many paths lie below a folder of the lower tree.
    fn count_below(&self, path: &[u8]) -> Result<u64, UpperError> {
        let mut count = 0;
        let mut folders: Vec<Box<[u8]>> = vec![path.into()];
        while let Some(path) = folders.pop() {
            self.check()?;
            let Some(folder) = self.below(&path)? else { return Ok(0) };
            let failed = |errno: Errno| failed(&path, "list what lay below")(errno);
            for entry in Dir::read_from(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let name = entry.file_name();
                let mut kind = entry.file_type();
                if matches!(kind, FileType::Unknown | FileType::CharacterDevice) {
                    let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
                    kind = FileType::from_raw_mode(stat.st_mode);
                    if kind == FileType::CharacterDevice && stat.st_rdev == 0 {
                        continue;
                    }
                }
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                count += 1;
                if kind == FileType::Directory {
                    folders.push(child(&path, name.to_bytes()));
                }
            }
        }
        Ok(count)
    }

    /// Adds what comes along with the changes, and gives what does not its time back.
    fn finish(mut self) -> Result<Changes, UpperError> {
        let changed: HashSet<Inode> = self.changes.set.changes.iter().filter_map(|change| change.source).collect();
        // A new name of a file that is as it was is a link only together with the old one.
        let linked = |same: &Same| same.inode.is_some_and(|inode| changed.contains(&inode));
        let mut along: Vec<Box<[u8]>> =
            self.same.iter().filter(|(_, same)| linked(same)).map(|(path, _)| path.clone()).collect();
        let mut context: HashSet<&[u8]> = HashSet::new();
        for path in self.changes.set.changes.iter().map(|change| &change.path).chain(&along) {
            let mut folder = split(path).0;
            while !folder.is_empty() && context.insert(folder) {
                folder = split(folder).0;
            }
        }
        let folders: Vec<Box<[u8]>> =
            context.into_iter().filter(|path| self.same.contains_key(*path)).map(Box::from).collect();
        along.extend(folders);
        for path in along {
            if let Some(same) = self.same.remove(&path) {
                self.add(path, Op::Context, same.node, same.inode)?;
            }
        }
        for (path, same) in &self.same {
            let (folder, name) = split(path);
            open_folder(self.upper.upper, folder)
                .and_then(|folder| settle(folder.as_fd(), name, same.time))
                .map_err(failed(path, "set the time"))?;
        }
        self.changes.set.changes.sort_by_cached_key(Change::layer_name);
        Ok(self.changes)
    }
}
