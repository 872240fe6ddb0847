//! Comparing: what is not the same at the same path, of two images or of one image as of two of its layers. Reads no blob.
//!
//! Changes stand in the order of a walk: folders before what is in them, names in byte order. A folder that is gone is told
//! with everything that was in it. Reading order: `find` (what differs), `moved` (what only has another place), `forest`
//! (changes as a tree with totals).

mod find;
mod forest;
mod moved;

use std::sync::Arc;

use super::tree::{Differences, PathId, Seen, Tree};

pub use forest::{Branch, Forest, Totals};

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Was not there.
    Added,
    /// Was there, and differs.
    Modified,
    /// Was there, and is gone.
    Deleted,
    /// The same content was at another path, which is gone.
    Moved,
}

impl ChangeKind {
    /// The word for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Moved => "moved",
        }
    }
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompareOptions {
    /// Whether a file whose time alone differs is modified.
    pub times: bool,
    /// Whether a file that went and came with the same content is told as moved.
    pub moves: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { times: false, moves: true }
    }
}

/// An image as of some of its layers.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its layers merged.
    pub tree: Arc<Tree>,
    /// How many of them are there.
    pub level: u32,
}

impl Side {
    /// All layers of an image.
    pub fn whole(tree: Arc<Tree>) -> Self {
        let level = tree.layers();
        Self { tree, level }
    }

    fn seen(&self, path: Option<PathId>) -> Option<Seen<'_>> {
        self.tree.seen_at(path?, self.level)
    }
}

/// One change, without a copy of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delta {
    kind: ChangeKind,
    what: Differences,
    before: Option<PathId>,
    after: Option<PathId>,
}

/// What differs between two sides.
#[derive(Clone, Debug)]
pub struct Comparison {
    before: Side,
    after: Side,
    deltas: Vec<Delta>,
}

/// One path that is not the same.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'c> {
    /// What happened to it.
    pub kind: ChangeKind,
    /// What differs, where something stands on both sides; of what was moved, all but the content may.
    pub what: Differences,
    /// What stood there; where it was moved, at the path it had.
    pub before: Option<Seen<'c>>,
    /// What stands there.
    pub after: Option<Seen<'c>>,
    sides: (&'c Side, &'c Side),
}

impl Comparison {
    /// `after` against `before`, of two images.
    pub fn between(before: Side, after: Side, options: CompareOptions) -> Self {
        let deltas = find::between(&before, &after);
        Self { before, after, deltas }.finished(options)
    }

    /// One image with `to` of its layers against the same with `from`: `(0, n)` is all that is in it, `(k, k + 1)` what
    /// its layer `k` changes. Work in proportion to those layers.
    pub fn levels(tree: &Arc<Tree>, from: u32, to: u32, options: CompareOptions) -> Self {
        let side = |level| Side { tree: Arc::clone(tree), level };
        let (before, after) = (side(from), side(to));
        let deltas = find::levels(&before, &after);
        Self { before, after, deltas }.finished(options)
    }

    fn finished(mut self, options: CompareOptions) -> Self {
        if !options.times {
            self.deltas.retain_mut(|delta| {
                delta.what = delta.what.without(Differences::TIME);
                delta.kind != ChangeKind::Modified || !delta.what.is_empty()
            });
        }
        if options.moves {
            moved::pair(&self.before, &self.after, &mut self.deltas);
            if !options.times {
                self.deltas.iter_mut().for_each(|delta| delta.what = delta.what.without(Differences::TIME));
            }
        }
        self.deltas.shrink_to_fit();
        self
    }

    /// The side compared with.
    pub fn before(&self) -> &Side {
        &self.before
    }

    /// The side compared.
    pub fn after(&self) -> &Side {
        &self.after
    }

    /// How many paths are not the same.
    pub fn len(&self) -> usize {
        self.deltas.len()
    }

    /// Whether all are.
    pub fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// The change of this number.
    pub fn get(&self, at: usize) -> Option<Changed<'_>> {
        self.deltas.get(at).map(|delta| self.changed(delta))
    }

    /// All changes, in the order of a walk.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Changed<'_>> {
        self.deltas.iter().map(|delta| self.changed(delta))
    }

    /// What it comes to.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.iter().for_each(|changed| totals.count(&changed));
        totals
    }

    fn changed(&self, delta: &Delta) -> Changed<'_> {
        Changed {
            kind: delta.kind,
            what: delta.what,
            before: self.before.seen(delta.before),
            after: self.after.seen(delta.after),
            sides: (&self.before, &self.after),
        }
    }
}

impl<'c> Changed<'c> {
    /// What is there now, else what was there.
    pub fn seen(&self) -> Option<Seen<'c>> {
        self.after.or(self.before)
    }

    /// The path: where it is now, else where it was. Relative to the root; empty for the root itself.
    pub fn path(&self) -> Vec<u8> {
        match (self.after, self.before) {
            (Some(after), _) => self.sides.1.tree.path(after.id()),
            (None, Some(before)) => self.sides.0.tree.path(before.id()),
            (None, None) => Vec::new(),
        }
    }

    /// Where it was before it moved.
    pub fn from(&self) -> Option<Vec<u8>> {
        let before = self.before.filter(|_| self.kind == ChangeKind::Moved)?;
        Some(self.sides.0.tree.path(before.id()))
    }

    /// Bytes of what is there now; of what was deleted, those it had.
    pub fn size(&self) -> u64 {
        self.seen().map_or(0, |seen| seen.size())
    }

    /// The layer that made it so, counted from 0: that put what is there. `None` where only the side before knows of it.
    pub fn layer(&self) -> Option<u32> {
        self.after.and_then(|after| after.layer())
    }

    /// Whether it is about a folder.
    pub fn is_folder(&self) -> bool {
        self.seen().is_some_and(|seen| seen.is_folder())
    }
}

#[cfg(test)]
mod tests;
