//! Trees: layers merged bottom-up, and paths resolved in them the way a kernel confined to the root would. Reads no blob.
//!
//! Whiteouts of a layer apply to what lies below it and never to the layer itself, in whatever order they stand (T-07).
//! A tree remembers what each layer found and what it left, so that it can be looked at as of any of them (`Seen`).

mod layering;
mod resolve;
mod rows;
mod seen;
mod walk;

use super::entry::{Entry, Node};

pub use layering::Layering;
pub use seen::{Differences, Seen};
pub use walk::Walk;

use rows::{ROOT, Rows};

/// What one layer says: its entries in the archive's order, and what it takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerContents {
    /// Entries; of several with one path the last counts (T-16).
    pub entries: Vec<Entry>,
    /// Paths that are gone.
    pub whiteouts: Vec<Box<[u8]>>,
    /// Folders whose lower content is gone.
    pub opaques: Vec<Box<[u8]>>,
}

/// A node and the layer it came from, counted from 0 at the bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What stands there.
    pub node: Node,
    /// Which layer put it there last.
    pub layer: u32,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Symlinks in a circle.
    #[error("T-02: {0}: more than 40 symlinks on the way")]
    Loop(String),
    /// A hard link to what is not there, or to a folder.
    #[error("T-03: {path}: hard link to {target}, which {why}")]
    Hardlink {
        /// The link.
        path: String,
        /// What it names.
        target: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More names than a tree holds.
    #[error("T-19: {0}: more than 4 GiB of names")]
    Full(String),
}

/// A path of a tree: the same for as long as the tree is there, whatever stands at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

impl PathId {
    /// The root.
    pub const ROOT: Self = Self(ROOT);
}

/// As of all layers, and of one that is on its way.
const NOW: u32 = u32::MAX;

/// The merged tree. Hard links are resolved to the files they name.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    rows: Rows,
    layers: u32,
    /// Folders whose lower content a layer took away as a whole: the folder's row, and layers there when it shows.
    opaques: Vec<(u32, u32)>,
    /// Further names of files: the name's row, the file's row, and layers there when it shows.
    links: Vec<(u32, u32, u32)>,
}

impl Tree {
    /// What stands at a path already resolved; the root for the empty one.
    pub fn node(&self, path: &[u8]) -> Option<Node> {
        self.seen(path).map(|seen| seen.node())
    }

    /// The same, without a copy.
    pub fn seen(&self, path: &[u8]) -> Option<Seen<'_>> {
        self.seen_at(self.find(path)?, NOW)
    }

    /// What stands at a path when `level` layers are there.
    pub fn seen_at(&self, path: PathId, level: u32) -> Option<Seen<'_>> {
        let version = self.rows.at(path.0, level)?;
        Some(Seen { tree: self, version })
    }

    /// As [`node`](Self::node), with the layer; the root belongs to none.
    pub fn placed(&self, path: &[u8]) -> Option<Placed> {
        if path.is_empty() {
            return None;
        }
        let seen = self.seen(path)?;
        Some(Placed { node: seen.node(), layer: seen.layer()? })
    }

    /// Whether a resolved path is a folder.
    pub fn is_folder(&self, path: &[u8]) -> bool {
        self.seen(path).is_some_and(|seen| seen.is_folder())
    }

    /// The path of this name, met in any layer.
    pub fn find(&self, path: &[u8]) -> Option<PathId> {
        let mut parts = path.split(|b| *b == b'/').filter(|part| !part.is_empty());
        parts.try_fold(ROOT, |folder, part| self.rows.child(folder, part)).map(PathId)
    }

    /// The path's last part.
    pub fn name(&self, path: PathId) -> &[u8] {
        self.rows.name(path.0)
    }

    /// The folder a path is in; the root is its own.
    pub fn folder(&self, path: PathId) -> PathId {
        PathId(self.rows.row(path.0).folder)
    }

    /// The whole path, relative to the root.
    pub fn path(&self, path: PathId) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = path.0;
        while at != ROOT {
            parts.push(self.rows.name(at));
            at = self.rows.row(at).folder;
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// What stands in a folder when `level` layers are there, by name.
    pub fn children_at(&self, folder: PathId, level: u32) -> Vec<Seen<'_>> {
        let at = |row| self.rows.at(row, level).map(|version| Seen { tree: self, version });
        let mut children: Vec<Seen<'_>> = self.rows.children(folder.0).filter_map(at).collect();
        children.sort_unstable_by(|a, b| self.name(a.id()).cmp(self.name(b.id())));
        children
    }

    /// Every path but the root: folders before what is in them, names in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (Box<[u8]>, Placed)> {
        self.below(b"")
    }

    /// Everything below a folder, at any depth, in the same order.
    pub fn below(&self, folder: &[u8]) -> impl Iterator<Item = (Box<[u8]>, Placed)> {
        let walk = self.find(folder).map(|id| self.walk(id, NOW));
        walk.into_iter()
            .flatten()
            .filter_map(|(path, seen)| Some((path, Placed { node: seen.node(), layer: seen.layer()? })))
    }

    /// Everything below a folder when `level` layers are there.
    pub fn walk(&self, folder: PathId, level: u32) -> Walk<'_> {
        Walk::new(self, folder, level)
    }

    /// The names directly in a folder, in byte order.
    pub fn names(&self, folder: &[u8]) -> impl Iterator<Item = (Box<[u8]>, Placed)> {
        let children = self.find(folder).map(|id| self.children_at(id, NOW)).unwrap_or_default();
        children
            .into_iter()
            .filter_map(|seen| Some((self.name(seen.id()).into(), Placed { node: seen.node(), layer: seen.layer()? })))
    }

    /// How many layers have been applied.
    pub fn layers(&self) -> u32 {
        self.layers
    }

    /// The paths that layers `from` to `to` touched (counted from 0, `to` excluded), in no order; some more than once.
    pub fn touched(&self, from: u32, to: u32) -> impl Iterator<Item = PathId> {
        let versions = self.rows.versions();
        let begin = versions.partition_point(|version| version.since <= from);
        let end = versions.partition_point(|version| version.since <= to);
        versions.get(begin..end).unwrap_or_default().iter().map(|version| PathId(version.row))
    }

    /// Which of the layers `from` to `to` (counted from 0, `to` excluded) first took away all that stood in a folder below it.
    pub fn emptied(&self, folder: PathId, from: u32, to: u32) -> Option<u32> {
        let since = |(row, since): &(u32, u32)| (*row == folder.0 && *since > from && *since <= to).then_some(*since);
        self.opaques.iter().filter_map(since).min().map(|since| since - 1)
    }

    /// The further names that layers `from` to `to` (counted from 0, `to` excluded) gave to files, each with the file it
    /// was given to and the layer.
    pub fn links(&self, from: u32, to: u32) -> impl Iterator<Item = (PathId, PathId, u32)> {
        let within = move |link: &&(u32, u32, u32)| link.2 > from && link.2 <= to;
        self.links.iter().filter(within).map(|(name, file, since)| (PathId(*name), PathId(*file), since - 1))
    }

    /// The fewest bytes a path's layers ever held for it; none where it was gone in between.
    pub(super) fn smallest(&self, path: PathId) -> u64 {
        let mut at = self.rows.row(path.0).newest;
        let mut least = u64::MAX;
        while at != rows::NONE {
            least = least.min(Seen { tree: self, version: at }.stored());
            at = self.rows.version(at).older;
        }
        least
    }

    /// Every file content that any layer put: the last it stands for, and whether something above took it away.
    pub fn contents(&self) -> impl Iterator<Item = (Seen<'_>, bool)> {
        let numbered = (0_u32..).zip(self.rows.versions());
        numbered
            .filter(|(_, version)| version.tag == rows::Tag::File)
            .map(|(at, version)| (Seen { tree: self, version: at }, self.rows.row(version.row).newest == at))
    }
}

#[cfg(test)]
mod tests;
