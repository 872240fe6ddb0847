//! What changed in an image as a tree of paths: each folder knows the totals of what is below it, so that one more change
//! costs no more than its path is deep. Knows no step and no screen.
//!
//! Memory is bounded: so many paths are kept singly; those beyond count in the totals of the nearest folder that is kept.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::domain::journal::{ChangeOp, SeenChange};

/// Paths kept singly, folders among them.
const KEPT: usize = 50_000;
/// Paths beyond of which it is still remembered what happened to them: a file that grows counts once.
const REMEMBERED: usize = 500_000;
/// Parts of a path; what is deeper hangs at the last one, with its slashes.
const DEEPEST: usize = 128;

/// How much changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted.
    pub deleted: u64,
    /// Bytes of what was added or modified.
    pub bytes: u64,
}

impl Totals {
    fn of(own: Option<&OwnChange>) -> Self {
        let Some(own) = own else { return Self::default() };
        let mut totals = Self::default();
        match own.op {
            ChangeOp::Added => totals.added = 1,
            ChangeOp::Modified => totals.modified = 1,
            ChangeOp::Deleted => totals.deleted = 1,
        }
        totals.bytes = own.bytes();
        totals
    }

    /// Paths of any sort.
    pub fn paths(&self) -> u64 {
        self.added.saturating_add(self.modified).saturating_add(self.deleted)
    }

    fn holds(&self, op: ChangeOp) -> bool {
        let number = match op {
            ChangeOp::Added => self.added,
            ChangeOp::Modified => self.modified,
            ChangeOp::Deleted => self.deleted,
        };
        number > 0
    }

    fn plus(self, other: Self) -> Self {
        Self {
            added: self.added.saturating_add(other.added),
            modified: self.modified.saturating_add(other.modified),
            deleted: self.deleted.saturating_add(other.deleted),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            added: self.added.saturating_sub(other.added),
            modified: self.modified.saturating_sub(other.modified),
            deleted: self.deleted.saturating_sub(other.deleted),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// What happened to one path itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnChange {
    /// What.
    pub op: ChangeOp,
    /// Bytes it has now; of a deleted one, those it had where that is known.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

impl OwnChange {
    /// Bytes it brings.
    pub fn bytes(&self) -> u64 {
        if self.op == ChangeOp::Deleted { 0 } else { self.size }
    }
}

/// What two things that happened to a path one after the other come to; `None` where it is as it was.
fn both(before: ChangeOp, then: ChangeOp) -> Option<ChangeOp> {
    use ChangeOp::{Added, Deleted, Modified};
    match (before, then) {
        (Added, Deleted) => None,
        (Added, _) => Some(Added),
        (Modified | Deleted, Deleted) => Some(Deleted),
        (Modified | Deleted, _) => Some(Modified),
    }
}

/// A path of a tree; holds until the tree changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(usize);

#[derive(Clone, Debug, Default, PartialEq)]
struct PathNode {
    name: Arc<str>,
    parent: usize,
    children: BTreeMap<Arc<str>, usize>,
    folder: bool,
    own: Option<OwnChange>,
    /// Of everything below, the path itself not among it.
    below: Totals,
    /// The part of `below` that no node stands for, and that has no nearer folder.
    unlisted: Totals,
    /// The newest batch that changed it or what is below.
    batch: u64,
}

/// The tree.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeTree {
    /// The first is the root.
    nodes: Vec<PathNode>,
    free: Vec<usize>,
    /// No path more is kept singly: what was counted once stays counted where it was.
    full: bool,
    /// What happened to paths that are counted only, by their hashes.
    beyond: HashMap<u64, (ChangeOp, u64)>,
    batch: u64,
}

impl Default for ChangeTree {
    fn default() -> Self {
        Self { nodes: vec![PathNode::default()], free: Vec::new(), full: false, beyond: HashMap::new(), batch: 0 }
    }
}

/// One path as a reader of the tree sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenPath<'t> {
    /// Its name in its folder; text from outside.
    pub name: &'t str,
    /// What happened to it, where anything did.
    pub own: Option<OwnChange>,
    /// What happened below it.
    pub below: Totals,
    /// Paths below it that are counted only.
    pub unlisted: u64,
    /// Whether it is a folder, as far as is known.
    pub folder: bool,
    /// Whether the newest batch changed it or something below.
    pub newest: bool,
}

impl ChangeTree {
    /// Takes a batch in: from now on it is the newest.
    pub fn take(&mut self, batch: &[SeenChange]) {
        self.batch += 1;
        for change in batch {
            // What watches a folder may tell the type along with the bits.
            let folder = change.mode & 0o170_000 == 0o040_000;
            self.put(&change.path, OwnChange { op: change.op, size: change.size, mode: change.mode & 0o7777 }, folder);
        }
    }

    /// Takes one change in that belongs to no batch.
    pub fn put(&mut self, path: &str, change: OwnChange, folder: bool) {
        let trimmed = path.trim_matches('/');
        let parts: Vec<&str> = trimmed.splitn(DEEPEST, '/').filter(|part| !part.is_empty()).collect();
        let (mut at, mut found) = (0, 0);
        while let Some(next) = parts.get(found).and_then(|part| self.nodes[at].children.get(*part)) {
            (at, found) = (*next, found + 1);
        }
        let missing = &parts[found..];
        if missing.is_empty() {
            self.nodes[at].folder |= folder;
            return self.change(at, change);
        }
        self.full |= self.nodes.len() - self.free.len() + missing.len() > KEPT;
        if self.full {
            return self.count(at, trimmed, change);
        }
        for part in missing {
            at = self.add_child(at, part);
        }
        self.nodes[at].folder = folder;
        self.change(at, change);
    }

    /// What changed in all.
    pub fn totals(&self) -> Totals {
        self.nodes[0].below.plus(Totals::of(self.nodes[0].own.as_ref()))
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.totals().paths() == 0
    }

    /// The root.
    pub fn root(&self) -> PathId {
        PathId(0)
    }

    /// One path.
    pub fn seen(&self, id: PathId) -> SeenPath<'_> {
        let node = &self.nodes[id.0];
        SeenPath {
            name: &node.name,
            own: node.own,
            below: node.below,
            unlisted: node.unlisted.paths(),
            folder: node.folder || !node.children.is_empty() || node.unlisted.paths() > 0,
            newest: self.batch > 0 && node.batch == self.batch,
        }
    }

    /// What is in a folder, by name.
    pub fn children(&self, id: PathId) -> impl ExactSizeIterator<Item = PathId> {
        self.nodes[id.0].children.values().map(|child| PathId(*child))
    }

    /// The folder it is in; the root is in itself.
    pub fn parent(&self, id: PathId) -> PathId {
        PathId(self.nodes[id.0].parent)
    }

    /// The whole path, without a slash before it.
    pub fn path(&self, id: PathId) -> String {
        let mut parts = Vec::new();
        let mut at = id.0;
        while at != 0 {
            parts.push(&*self.nodes[at].name);
            at = self.nodes[at].parent;
        }
        parts.reverse();
        parts.join("/")
    }

    /// What stands at a path, or the nearest folder above it.
    pub fn nearest(&self, path: &str) -> PathId {
        let mut at = 0;
        for part in path.splitn(DEEPEST, '/') {
            let Some(next) = self.nodes[at].children.get(part) else { break };
            at = *next;
        }
        PathId(at)
    }

    fn add_child(&mut self, parent: usize, name: &str) -> usize {
        let name: Arc<str> = name.into();
        let node = PathNode { name: Arc::clone(&name), parent, ..PathNode::default() };
        let id = match self.free.pop() {
            Some(id) => {
                self.nodes[id] = node;
                id
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        self.nodes[parent].children.insert(name, id);
        id
    }

    /// Something happened to a path that has a node.
    fn change(&mut self, id: usize, change: OwnChange) {
        let op = match self.nodes[id].own {
            Some(own) => both(own.op, change.op),
            None => Some(change.op),
        };
        let before = self.nodes[id].below.plus(Totals::of(self.nodes[id].own.as_ref()));
        self.nodes[id].own = op.map(|op| OwnChange { op, ..change });
        if change.op == ChangeOp::Deleted && self.nodes[id].below.paths() > 0 {
            self.delete_below(id);
        }
        let after = self.nodes[id].below.plus(Totals::of(self.nodes[id].own.as_ref()));
        self.nodes[id].batch = self.batch;
        self.tell_above(id, before, after);
        self.prune(id);
    }

    /// A path without a node: what happened to it counts at the folder `at`.
    fn count(&mut self, at: usize, path: &str, change: OwnChange) {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let key = hasher.finish();
        let old = self.beyond.get(&key).map(|(op, size)| OwnChange { op: *op, size: *size, mode: 0 });
        // What went with its folder is remembered, and counted no more.
        let old = old.filter(|old| self.nodes[at].unlisted.holds(old.op));
        let op = old.map_or(Some(change.op), |old| both(old.op, change.op));
        let new = op.map(|op| OwnChange { op, ..change });
        match new {
            Some(new) if old.is_some() || self.beyond.len() < REMEMBERED => {
                self.beyond.insert(key, (new.op, new.size));
            }
            _ => {
                self.beyond.remove(&key);
            }
        }
        let (before, after) = (Totals::of(old.as_ref()), Totals::of(new.as_ref()));
        let node = &mut self.nodes[at];
        node.unlisted = node.unlisted.minus(before).plus(after);
        node.below = node.below.minus(before).plus(after);
        node.batch = self.batch;
        self.tell_above(at, before, after);
        self.prune(at);
    }

    fn tell_above(&mut self, id: usize, before: Totals, after: Totals) {
        let mut at = id;
        while at != 0 {
            at = self.nodes[at].parent;
            let node = &mut self.nodes[at];
            node.below = node.below.minus(before).plus(after);
            node.batch = self.batch;
        }
    }

    /// A folder is gone: what this step had added there never was, the rest is deleted.
    fn delete_below(&mut self, folder: usize) {
        let mut order = vec![folder];
        let mut next = 0;
        while let Some(id) = order.get(next).copied() {
            order.extend(self.nodes[id].children.values());
            next += 1;
        }
        for id in order.into_iter().rev() {
            let children: Vec<usize> = self.nodes[id].children.values().copied().collect();
            let mut below = Totals::default();
            for child in children {
                below = below.plus(self.nodes[child].below).plus(Totals::of(self.nodes[child].own.as_ref()));
                self.drop_if_idle(child);
            }
            let node = &mut self.nodes[id];
            let unlisted = node.unlisted;
            let deleted = unlisted.modified.saturating_add(unlisted.deleted);
            node.unlisted = Totals { deleted, ..Totals::default() };
            node.below = below.plus(node.unlisted);
            node.batch = self.batch;
            if id != folder {
                node.own = node.own.and_then(|own| both(own.op, ChangeOp::Deleted).map(|op| OwnChange { op, ..own }));
                // Its own folder sums it up, and drops it where nothing is left of it.
            }
        }
    }

    /// Takes a node out that has nothing to tell; gives whether it did.
    fn drop_if_idle(&mut self, id: usize) -> bool {
        let node = &self.nodes[id];
        if id == 0 || node.own.is_some() || !node.children.is_empty() || node.unlisted.paths() > 0 {
            return false;
        }
        let (parent, name) = (node.parent, Arc::clone(&node.name));
        self.nodes[parent].children.remove(&name);
        self.nodes[id] = PathNode::default();
        self.free.push(id);
        true
    }

    /// Takes a path and the folders above it out, as long as they have nothing to tell.
    fn prune(&mut self, id: usize) {
        let mut at = id;
        while at != 0 {
            let parent = self.nodes[at].parent;
            if !self.drop_if_idle(at) {
                return;
            }
            at = parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(op: ChangeOp, path: &str, size: u64) -> SeenChange {
        SeenChange::new(op, path, size, 0o644)
    }

    /// Every path something happened to: `+ a/b 3`.
    fn lines(tree: &ChangeTree) -> Vec<String> {
        let mut lines = Vec::new();
        let mut ahead = vec![tree.root()];
        while let Some(id) = ahead.pop() {
            if let Some(own) = tree.seen(id).own {
                lines.push(format!("{:?} {} {}", own.op, tree.path(id), own.bytes()));
            }
            ahead.extend(tree.children(id));
        }
        lines.sort();
        lines
    }

    fn below(tree: &ChangeTree, path: &str) -> (u64, u64, u64, u64) {
        let id = tree.nearest(path);
        assert_eq!(tree.path(id), path);
        let totals = tree.seen(id).below;
        (totals.added, totals.modified, totals.deleted, totals.bytes)
    }

    #[test]
    fn later_batches_say_what_it_comes_to() {
        use ChangeOp::{Added, Deleted, Modified};
        for (first, then, left) in [
            (Added, Deleted, None),
            (Modified, Deleted, Some("Deleted d/f 0")),
            (Deleted, Added, Some("Modified d/f 7")),
            (Added, Modified, Some("Added d/f 7")),
            (Modified, Modified, Some("Modified d/f 7")),
            (Deleted, Deleted, Some("Deleted d/f 0")),
        ] {
            let mut tree = ChangeTree::default();
            tree.take(&[seen(first, "/d/f", 3)]);
            tree.take(&[seen(then, "/d/f", 7)]);
            assert_eq!(lines(&tree), left.into_iter().collect::<Vec<_>>(), "{first:?} then {then:?}");
            assert_eq!(tree.is_empty(), left.is_none());
            assert_eq!(tree.children(tree.root()).len(), usize::from(left.is_some()), "no empty folder stays");
        }
    }

    #[test]
    fn folders_know_what_is_below_them_and_the_newest_batch_is_known() {
        let mut tree = ChangeTree::default();
        tree.take(&[seen(ChangeOp::Added, "/usr/bin/curl", 300), seen(ChangeOp::Added, "/usr/lib/a", 50)]);
        tree.take(&[seen(ChangeOp::Modified, "/usr/lib/b", 7), seen(ChangeOp::Deleted, "/var/x", 0)]);
        assert_eq!(below(&tree, "usr"), (2, 1, 0, 357));
        assert_eq!(below(&tree, "usr/lib"), (1, 1, 0, 57));
        let newest = |path: &str| tree.seen(tree.nearest(path)).newest;
        assert!(newest("usr/lib/b") && newest("usr") && newest("var/x"));
        assert!(!newest("usr/bin/curl") && !newest("usr/bin"));
    }

    #[test]
    fn a_folder_that_goes_takes_what_the_step_had_put_there() {
        let mut tree = ChangeTree::default();
        tree.take(&[
            seen(ChangeOp::Added, "/cache/new", 10),
            seen(ChangeOp::Modified, "/cache/old", 10),
            seen(ChangeOp::Added, "/tmp/build", 0),
            seen(ChangeOp::Added, "/tmp/build/a", 5),
            seen(ChangeOp::Added, "/tmp/build/b/c", 5),
        ]);
        tree.take(&[seen(ChangeOp::Deleted, "/cache", 0), seen(ChangeOp::Deleted, "/tmp/build", 0)]);
        assert_eq!(lines(&tree), ["Deleted cache 0", "Deleted cache/old 0"]);
        assert_eq!(tree.totals(), Totals { deleted: 2, ..Totals::default() });
    }

    #[test]
    fn two_hundred_thousand_files_are_counted_and_so_many_kept() {
        let mut tree = ChangeTree::default();
        let changes: Vec<SeenChange> =
            (0..200_000).map(|n| seen(ChangeOp::Added, &format!("/srv/d{}/f{n}", n % 10), 3)).collect();
        changes.chunks(5000).for_each(|batch| tree.take(batch));
        // Told again as it grows, each still counts once.
        tree.take(&changes[199_000..].iter().map(|c| SeenChange { size: 4, ..c.clone() }).collect::<Vec<_>>());
        let totals = tree.totals();
        assert_eq!((totals.added, totals.bytes), (200_000, 601_000));
        assert_eq!(tree.nodes.len(), KEPT);
        let unlisted: u64 = (0..10).map(|n| tree.seen(tree.nearest(&format!("srv/d{n}"))).unlisted).sum();
        assert_eq!(unlisted, 200_000 - (KEPT as u64 - 12));
        tree.take(&changes.iter().map(|c| SeenChange { op: ChangeOp::Deleted, ..c.clone() }).collect::<Vec<_>>());
        assert!(tree.is_empty());
    }

    #[test]
    fn paths_without_end_cost_no_stack() {
        let mut tree = ChangeTree::default();
        tree.take(&[seen(ChangeOp::Added, &"a/".repeat(100_000), 1), seen(ChangeOp::Added, "//x///y/", 1)]);
        assert_eq!(tree.totals().added, 2);
        assert_eq!(below(&tree, "x").0, 1);
    }

    /// What happened to each path, one after the other, without any tree; folders that go take with them what is below.
    fn modelled(steps: &[(ChangeOp, String, u64)]) -> Vec<String> {
        let mut model: BTreeMap<String, (ChangeOp, u64)> = BTreeMap::new();
        for (op, path, size) in steps {
            let below = format!("{path}/");
            if *op == ChangeOp::Deleted {
                model.retain(|other, (op, _)| !other.starts_with(&below) || *op != ChangeOp::Added);
                model.iter_mut().filter(|(other, _)| other.starts_with(&below)).for_each(|(_, own)| own.0 = *op);
            }
            match model.get(path).map_or(Some(*op), |(before, _)| both(*before, *op)) {
                Some(op) => model.insert(path.clone(), (op, *size)),
                None => model.remove(path),
            };
        }
        let bytes = |op, size| if op == ChangeOp::Deleted { 0 } else { size };
        let mut lines: Vec<String> =
            model.into_iter().map(|(path, (op, size))| format!("{op:?} {path} {}", bytes(op, size))).collect();
        lines.sort();
        lines
    }

    const OPS: [ChangeOp; 3] = [ChangeOp::Added, ChangeOp::Modified, ChangeOp::Deleted];

    proptest! {
        /// Whatever comes in whatever batches: in order, and nothing stays of what went with its folder.
        #[test]
        fn a_tree_holds_what_happened_to_each_path(
            steps in proptest::collection::vec((0usize..3, "[ab](/[abc]){0,3}", 0u64..9), 0..80),
            batch in 1usize..9,
        ) {
            let steps: Vec<_> = steps.into_iter().map(|(op, path, size)| (OPS[op], path, size)).collect();
            let mut tree = ChangeTree::default();
            for some in steps.chunks(batch) {
                tree.take(&some.iter().map(|(op, path, size)| seen(*op, path, *size)).collect::<Vec<_>>());
            }
            prop_assert_eq!(lines(&tree), modelled(&steps));
        }

        /// The totals of every folder are those of what is in it, whatever happened before.
        #[test]
        fn totals_always_agree(steps in proptest::collection::vec((0u8..3, "[ab](/[abc]){0,3}", 0u64..9), 0..60)) {
            let mut tree = ChangeTree::default();
            for (op, path, size) in steps {
                let op = [ChangeOp::Added, ChangeOp::Modified, ChangeOp::Deleted][usize::from(op)];
                tree.take(&[seen(op, &path, size)]);
                let mut ahead = vec![tree.root()];
                while let Some(id) = ahead.pop() {
                    let mut sum = Totals::default();
                    for child in tree.children(id) {
                        let child = tree.seen(child);
                        sum = sum.plus(child.below).plus(Totals::of(child.own.as_ref()));
                        prop_assert!(child.own.is_some() || child.below.paths() > 0);
                    }
                    prop_assert_eq!(sum, tree.seen(id).below);
                    ahead.extend(tree.children(id));
                }
            }
        }
    }
}
