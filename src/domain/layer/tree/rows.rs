//! Where a tree keeps its paths and what stood at them: rows by folder and name, versions by row. Knows no rule of layers.
//!
//! A path has one row for good, so a row is the path's identity whatever comes and goes there; each layer that touches it
//! leaves one version. A million paths have to fit: names share one buffer, rare parts are kept apart.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::domain::layer::entry::{ContentDigest, Kind, Node, Xattrs};

/// No row, no version.
pub(super) const NONE: u32 = u32::MAX;
/// The root's row.
pub(super) const ROOT: u32 = 0;

/// A path that was met, whether or not anything stands there now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The folder it is in.
    pub(super) folder: u32,
    /// The child met last.
    pub(super) first: u32,
    /// The sibling met before it.
    pub(super) next: u32,
    name_at: u32,
    name_length: u8,
    /// What stands there, as of the newest layer.
    pub(super) newest: u32,
}

/// What stood at a path as of one layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) row: u32,
    /// What stood there before.
    pub(super) older: u32,
    /// Layers that are there when it shows: the layer's place counted from 1.
    pub(super) since: u32,
    extra: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Bytes of a file; major and minor number of a device.
    pub(super) size: u64,
    pub(super) mtime: i64,
    digest: [u8; 32],
    pub(super) mode: u16,
    pub(super) tag: Tag,
    digested: bool,
    /// A further name of a file that the same layer holds under another.
    pub(super) linked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Gone,
    File,
    Folder,
    Symlink,
    Hardlink,
    Char,
    Block,
    Fifo,
}

/// What few versions have.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    pub(super) target: Box<[u8]>,
    pub(super) xattrs: Xattrs,
}

/// A tree's rows and versions.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    rows: Vec<Row>,
    versions: Vec<Version>,
    names: Vec<u8>,
    extras: Vec<Extra>,
    found: HashTable<u32>,
    hasher: RandomState,
}

impl Default for Rows {
    fn default() -> Self {
        let root = Row { folder: ROOT, first: NONE, next: NONE, name_at: 0, name_length: 0, newest: NONE };
        let mut rows = Self {
            rows: vec![root],
            versions: Vec::new(),
            names: Vec::new(),
            extras: Vec::new(),
            found: HashTable::new(),
            hasher: RandomState::new(),
        };
        // There before any layer.
        rows.set(ROOT, Some(&Node::plain_folder(0)), false, 0);
        rows
    }
}

impl Rows {
    pub(super) fn row(&self, row: u32) -> &Row {
        &self.rows[row as usize]
    }

    pub(super) fn version(&self, version: u32) -> &Version {
        &self.versions[version as usize]
    }

    pub(super) fn versions(&self) -> &[Version] {
        &self.versions
    }

    pub(super) fn name(&self, row: u32) -> &[u8] {
        let row = self.row(row);
        &self.names[row.name_at as usize..][..usize::from(row.name_length)]
    }

    pub(super) fn extra(&self, version: &Version) -> Option<&Extra> {
        self.extras.get(version.extra as usize)
    }

    /// The row of a name in a folder.
    pub(super) fn child(&self, folder: u32, name: &[u8]) -> Option<u32> {
        self.hashed(self.hasher.hash_one((folder, name)), folder, name)
    }

    fn hashed(&self, hash: u64, folder: u32, name: &[u8]) -> Option<u32> {
        self.found.find(hash, |row| self.row(*row).folder == folder && self.name(*row) == name).copied()
    }

    /// The same, met now where it was not. `None` where 4 GiB of names are full.
    pub(super) fn meet(&mut self, folder: u32, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one((folder, name));
        if let Some(row) = self.hashed(hash, folder, name) {
            return Some(row);
        }
        let (name_at, row) = (u32::try_from(self.names.len()).ok()?, u32::try_from(self.rows.len()).ok()?);
        let name_length = u8::try_from(name.len()).ok()?;
        self.names.extend_from_slice(name);
        let next = std::mem::replace(&mut self.rows[folder as usize].first, row);
        self.rows.push(Row { folder, first: NONE, next, name_at, name_length, newest: NONE });
        let Self { rows, names, hasher, found, .. } = self;
        let again = |row: &u32| {
            let row = &rows[*row as usize];
            hasher.hash_one((row.folder, &names[row.name_at as usize..][..usize::from(row.name_length)]))
        };
        found.insert_unique(hash, row, again);
        Some(row)
    }

    /// The children ever met in a folder, in no order.
    pub(super) fn children(&self, folder: u32) -> impl Iterator<Item = u32> {
        let next = |row: u32| (row != NONE).then_some(row);
        std::iter::successors(next(self.row(folder).first), move |row| next(self.row(*row).next))
    }

    /// What stands at a row when `level` layers are there; `None` where nothing does.
    pub(super) fn at(&self, row: u32, level: u32) -> Option<u32> {
        let mut at = self.row(row).newest;
        while at != NONE {
            let version = self.version(at);
            if version.since <= level {
                return (version.tag != Tag::Gone).then_some(at);
            }
            at = version.older;
        }
        None
    }

    /// Says what stands at a row from `since` on; `None`: nothing.
    pub(super) fn set(&mut self, row: u32, node: Option<&Node>, linked: bool, since: u32) {
        let newest = self.row(row).newest;
        let replaces = newest != NONE && self.version(newest).since == since;
        let older = if replaces { self.version(newest).older } else { newest };
        let version = self.made(node, linked, Version { row, older, since, ..Version::gone() });
        if replaces {
            self.versions[newest as usize] = version;
        } else {
            self.rows[row as usize].newest = u32::try_from(self.versions.len()).unwrap_or(NONE);
            self.versions.push(version);
        }
    }

    fn made(&mut self, node: Option<&Node>, linked: bool, blank: Version) -> Version {
        let Some(node) = node else { return blank };
        let device = |major: &u32, minor: &u32| (u64::from(*major) << 32) | u64::from(*minor);
        let (tag, size, digest, target) = match &node.kind {
            Kind::File { size, digest } => (Tag::File, *size, *digest, None),
            Kind::Folder => (Tag::Folder, 0, None, None),
            Kind::Symlink(target) => (Tag::Symlink, 0, None, Some(target)),
            Kind::Hardlink(target) => (Tag::Hardlink, 0, None, Some(target)),
            Kind::Char { major, minor } => (Tag::Char, device(major, minor), None, None),
            Kind::Block { major, minor } => (Tag::Block, device(major, minor), None, None),
            Kind::Fifo => (Tag::Fifo, 0, None, None),
        };
        let mut extra = NONE;
        if target.is_some() || !node.xattrs.is_empty() {
            extra = u32::try_from(self.extras.len()).unwrap_or(NONE);
            self.extras.push(Extra { target: target.cloned().unwrap_or_default(), xattrs: node.xattrs.clone() });
        }
        Version {
            extra,
            uid: node.uid,
            gid: node.gid,
            size,
            mtime: node.mtime,
            digest: digest.map_or([0; 32], |digest| digest.0),
            mode: u16::try_from(node.mode & 0o7777).unwrap_or(0),
            tag,
            digested: digest.is_some(),
            linked,
            ..blank
        }
    }
}

impl Version {
    fn gone() -> Self {
        Self {
            row: NONE,
            older: NONE,
            since: 0,
            extra: NONE,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            digest: [0; 32],
            mode: 0,
            tag: Tag::Gone,
            digested: false,
            linked: false,
        }
    }

    pub(super) fn digest(&self) -> Option<ContentDigest> {
        self.digested.then_some(ContentDigest(self.digest))
    }
}
