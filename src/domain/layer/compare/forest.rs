//! Changes as a tree: the folders on the way to them, each with what it comes to below. In the order of a walk, so a list
//! of them is the flat list. Copies no name.

use super::{ChangeKind, Changed, Comparison, PathId};

/// What changes come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paths added.
    pub added: u32,
    /// Paths modified.
    pub modified: u32,
    /// Paths deleted.
    pub deleted: u32,
    /// Files moved.
    pub moved: u32,
    /// Bytes of what was added and of what modified files now hold.
    pub bytes: u64,
    /// Bytes of what was deleted and of what modified files held.
    pub gone: u64,
}

impl Totals {
    /// Paths in all.
    pub fn paths(&self) -> u32 {
        self.added.saturating_add(self.modified).saturating_add(self.deleted).saturating_add(self.moved)
    }

    /// Counts one change.
    pub fn count(&mut self, changed: &Changed<'_>) {
        let (was, is) = (changed.before.map_or(0, |seen| seen.stored()), changed.after.map_or(0, |seen| seen.stored()));
        let (number, is, was) = match changed.kind {
            ChangeKind::Added => (&mut self.added, is, 0),
            ChangeKind::Modified => (&mut self.modified, is, was),
            ChangeKind::Deleted => (&mut self.deleted, 0, was),
            ChangeKind::Moved => (&mut self.moved, 0, 0),
        };
        *number = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(is);
        self.gone = self.gone.saturating_add(was);
    }

    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        self.added = self.added.saturating_add(other.added);
        self.modified = self.modified.saturating_add(other.modified);
        self.deleted = self.deleted.saturating_add(other.deleted);
        self.moved = self.moved.saturating_add(other.moved);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.gone = self.gone.saturating_add(other.gone);
    }
}

/// A path of the forest: a change, or a folder on the way to one.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// Folders above it.
    pub depth: u16,
    /// Branches of it and below it: the next one beside it comes after so many.
    pub span: u32,
    /// Number of its change in the comparison; a folder on the way has none.
    change: u32,
    path: PathId,
    /// Whether the path is one of the side after.
    is_after: bool,
    /// What it and all below it come to.
    pub totals: Totals,
}

impl Branch {
    /// Number of its change in the comparison; `None` for a folder that is only on the way.
    pub fn change(&self) -> Option<usize> {
        (self.change != u32::MAX).then_some(self.change as usize)
    }
}

/// Branches, folders before what is in them.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    branches: Vec<Branch>,
}

impl Forest {
    /// The changes that `keep` wants, with the folders above them. The root itself is no branch.
    pub fn of(comparison: &Comparison, mut keep: impl FnMut(&Changed<'_>) -> bool) -> Self {
        let mut forest = Self::default();
        // The way from the root to the branch before.
        let mut way: Vec<usize> = Vec::new();
        for (at, changed) in comparison.iter().enumerate() {
            if keep(&changed) {
                forest.take(comparison, &mut way, (at, &changed));
            }
        }
        forest.total();
        forest
    }

    fn take(&mut self, comparison: &Comparison, way: &mut Vec<usize>, (at, changed): (usize, &Changed<'_>)) {
        let is_after = changed.after.is_some();
        let Some(path) = changed.seen().map(|seen| seen.id()).filter(|path| *path != PathId::ROOT) else { return };
        let tree = if is_after { &comparison.after.tree } else { &comparison.before.tree };
        let mut parts = vec![path];
        while let Some(folder) = parts.last().map(|path| tree.folder(*path)).filter(|folder| *folder != PathId::ROOT) {
            parts.push(folder);
        }
        parts.reverse();
        let same = |(branch, part): &(&usize, &PathId)| self.name(comparison, **branch) == tree.name(**part);
        let shared = way.iter().zip(&parts).take_while(same).count();
        way.truncate(shared);
        for (depth, part) in parts.iter().enumerate().skip(shared) {
            way.push(self.branches.len());
            let depth = u16::try_from(depth).unwrap_or(u16::MAX);
            let blank = Branch { depth, span: 1, change: u32::MAX, path: *part, is_after, totals: Totals::default() };
            self.branches.push(blank);
        }
        let Some(branch) = way.last().and_then(|last| self.branches.get_mut(*last)) else { return };
        branch.change = u32::try_from(at).unwrap_or(u32::MAX);
        branch.totals.count(changed);
    }

    /// Spans and totals, from the last branch to the first.
    fn total(&mut self) {
        let mut way: Vec<usize> = Vec::new();
        let fold = |branches: &mut Vec<Branch>, way: &mut Vec<usize>, depth: usize| {
            while way.len() > depth {
                let (Some(below), Some(above)) = (way.pop(), way.last().copied()) else { return };
                let Branch { span, totals, .. } = branches[below];
                branches[above].span += span;
                branches[above].totals.add(&totals);
            }
        };
        for at in 0..self.branches.len() {
            let depth = usize::from(self.branches[at].depth);
            fold(&mut self.branches, &mut way, depth);
            way.truncate(depth);
            way.push(at);
        }
        fold(&mut self.branches, &mut way, 0);
    }

    /// All of them.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The uppermost branches, or those directly below one, as numbers.
    pub fn children(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        let (mut next, end) = match of.and_then(|of| Some((of, self.branches.get(of)?))) {
            Some((of, branch)) => (of + 1, of + branch.span as usize),
            None => (0, self.branches.len()),
        };
        std::iter::from_fn(move || {
            let at = next;
            next += self.branches.get(at).filter(|_| at < end)?.span as usize;
            Some(at)
        })
    }

    /// The last part of a branch's path.
    pub fn name<'c>(&self, comparison: &'c Comparison, at: usize) -> &'c [u8] {
        match self.branches.get(at) {
            Some(branch) if branch.is_after => comparison.after.tree.name(branch.path),
            Some(branch) => comparison.before.tree.name(branch.path),
            None => b"",
        }
    }

    /// A branch's whole path, relative to the root.
    pub fn path(&self, comparison: &Comparison, at: usize) -> Vec<u8> {
        match self.branches.get(at) {
            Some(branch) if branch.is_after => comparison.after.tree.path(branch.path),
            Some(branch) => comparison.before.tree.path(branch.path),
            None => Vec::new(),
        }
    }

    /// What a branch's change is; `None` for a folder that is only on the way.
    pub fn changed<'c>(&self, comparison: &'c Comparison, at: usize) -> Option<Changed<'c>> {
        comparison.get(self.branches.get(at)?.change()?)
    }
}
