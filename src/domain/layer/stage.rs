//! What one step changes: a tree being altered, and in the end exactly the entries and whiteouts its layer needs.
//!
//! Paths are resolved ones. What a step leaves as it was is no change, however often the step touched it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{MAX_PART, MAX_PATH, Node, join, split};
use super::tree::{Tree, TreeError};
use crate::domain::text::escape_bytes;

/// What cannot be done to the tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// Something else stands where a folder is needed.
    #[error("T-21: /{path} is a {kind} in the image, not a folder")]
    NotAFolder {
        /// Where.
        path: String,
        /// What stands there.
        kind: &'static str,
    },
    /// A folder stands where something else was to be put.
    #[error("T-21: /{0} is a folder in the image, and would be replaced with all that is in it")]
    Folder(String),
    /// A path no file system holds.
    #[error("T-14: /{0}… is over 4096 bytes, or has a part over 255")]
    TooLong(String),
    /// Something to be put at the root itself.
    #[error("T-04: the root stays a folder")]
    Root,
    /// The tree holds no more.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Was not there below.
    Added,
    /// Was there, and differs.
    Modified,
    /// Was there, and is gone.
    Deleted,
    /// A folder above a change, as it was: engines that unpack a layer alone take its mode and owner from here.
    Context,
}

/// One line of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<S> {
    /// The path itself, also where it is deleted.
    pub path: Box<[u8]>,
    /// What happened to it.
    pub op: Op,
    /// What stands there now; what stood there, where it is deleted.
    pub node: Node,
    /// Where a file's content comes from.
    pub source: Option<S>,
}

impl<S> Change<S> {
    /// The name it has in the layer.
    pub fn layer_name(&self) -> Vec<u8> {
        match self.op {
            Op::Deleted => {
                let (folder, name) = split(&self.path);
                join(folder, &[b".wh.", name].concat())
            }
            Op::Added | Op::Modified | Op::Context => self.path.to_vec(),
        }
    }
}

/// What a step's layer holds, sorted by name in the layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changeset<S> {
    /// The lines.
    pub changes: Vec<Change<S>>,
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted, with everything that was in deleted folders.
    pub deleted: u64,
}

/// A tree while one step changes it; `S` says where a file's content comes from.
pub struct Stage<'t, S> {
    tree: &'t mut Tree,
    before: BTreeMap<Box<[u8]>, Option<Node>>,
    sources: BTreeMap<Box<[u8]>, S>,
    mtime: i64,
}

impl<'t, S: Clone> Stage<'t, S> {
    /// Begins; folders made on the way get `mtime`.
    pub fn new(tree: &'t mut Tree, mtime: i64) -> Self {
        Self { tree, before: BTreeMap::new(), sources: BTreeMap::new(), mtime }
    }

    /// The tree as it now is.
    pub fn tree(&self) -> &Tree {
        self.tree
    }

    /// Where the content of a file this step has put comes from.
    pub fn source(&self, path: &[u8]) -> Option<&S> {
        self.sources.get(path)
    }

    /// What stood at a path before this step.
    pub fn below(&self, path: &[u8]) -> Option<Node> {
        match self.before.get(path) {
            Some(before) => before.clone(),
            None => self.tree.node(path),
        }
    }

    /// Makes sure that a folder stands at `path`, as `node` where none stood there; one that is there keeps what it is.
    pub fn folder(&mut self, path: &[u8], node: &Node) -> Result<(), StageError> {
        if self.tree.is_folder(path) {
            return Ok(());
        }
        fits(path)?;
        self.make_folders(split(path).0)?;
        self.clear_way(path)?;
        self.set(path, node, None)
    }

    /// Puts `node` at `path`, replacing what is there; a folder takes over the metadata only.
    #[allow(clippy::needless_pass_by_value, reason = "whoever puts a node is done with it")]
    pub fn put(&mut self, path: &[u8], node: Node, source: Option<S>) -> Result<(), StageError> {
        if path.is_empty() && !node.is_folder() {
            return Err(StageError::Root);
        }
        fits(path)?;
        self.make_folders(split(path).0)?;
        if self.tree.is_folder(path) && !node.is_folder() {
            if self.below(path).is_some_and(|node| node.is_folder()) {
                return Err(StageError::Folder(escape_bytes(path)));
            }
            self.remove(path);
        }
        self.set(path, &node, source)
    }

    /// Removes `path` and everything below it.
    pub fn remove(&mut self, path: &[u8]) {
        let doomed: Vec<Box<[u8]>> = self.tree.below(path).map(|(path, _)| path).collect();
        for path in doomed.iter().map(|path| &**path).chain([path]) {
            self.remember(path);
            self.sources.remove(path);
        }
        self.tree.remove(path);
    }

    fn set(&mut self, path: &[u8], node: &Node, source: Option<S>) -> Result<(), StageError> {
        self.remember(path);
        self.tree.put(path, node)?;
        match source {
            Some(source) => self.sources.insert(path.into(), source),
            None => self.sources.remove(path),
        };
        Ok(())
    }

    fn remember(&mut self, path: &[u8]) {
        if !self.before.contains_key(path) {
            self.before.insert(path.into(), self.tree.node(path));
        }
    }

    fn make_folders(&mut self, path: &[u8]) -> Result<(), StageError> {
        if self.tree.is_folder(path) {
            return Ok(());
        }
        self.make_folders(split(path).0)?;
        self.clear_way(path)?;
        self.set(path, &Node::plain_folder(self.mtime), None)
    }

    /// What this step put in the way of a folder goes; what stood there before stays.
    fn clear_way(&mut self, path: &[u8]) -> Result<(), StageError> {
        match (self.tree.node(path), self.below(path)) {
            (Some(node), Some(_)) => Err(StageError::NotAFolder { path: escape_bytes(path), kind: node.kind.as_str() }),
            (Some(_), None) => {
                self.remove(path);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// What has changed. The tree stays as the step left it, one layer higher if there is any change.
    pub fn finish(mut self) -> Changeset<S> {
        let mut set = Changeset { changes: Vec::new(), added: 0, modified: 0, deleted: 0 };
        let mut context = BTreeSet::new();
        for (path, before) in std::mem::take(&mut self.before) {
            let (op, node) = match (before, self.tree.node(&path)) {
                (None, None) => continue,
                (Some(before), Some(after)) if before.same_as(&after) => continue,
                (None, Some(after)) => (Op::Added, after),
                (Some(_), Some(after)) => (Op::Modified, after),
                (Some(before), None) => (Op::Deleted, before),
            };
            match op {
                Op::Added => set.added += 1,
                Op::Modified => set.modified += 1,
                Op::Deleted | Op::Context => set.deleted += 1,
            }
            if op == Op::Deleted && !self.tree.is_folder(split(&path).0) {
                // Gone with the folder it was in.
                continue;
            }
            let mut folder = split(&path).0;
            while !folder.is_empty() && context.insert(Box::<[u8]>::from(folder)) {
                folder = split(folder).0;
            }
            let source = self.sources.remove(&path);
            set.changes.push(Change { path, op, node, source });
        }
        for change in set.changes.iter().filter(|change| change.op != Op::Deleted) {
            context.remove(&change.path);
        }
        for path in context {
            if let Some(node) = self.tree.node(&path) {
                set.changes.push(Change { path, op: Op::Context, node, source: None });
            }
        }
        set.changes.sort_by_cached_key(Change::layer_name);
        if !set.changes.is_empty() {
            self.tree.end_layer();
        }
        set
    }
}

fn fits(path: &[u8]) -> Result<(), StageError> {
    if path.len() <= MAX_PATH && path.split(|b| *b == b'/').all(|part| part.len() <= MAX_PART) {
        return Ok(());
    }
    Err(StageError::TooLong(escape_bytes(&path[..path.len().min(80)])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{ContentDigest, Entry, Kind, LayerContents};

    fn file(content: &str) -> Node {
        let kind = Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) };
        Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
    }

    fn folder(mode: u32) -> Node {
        Node { mode, ..Node::plain_folder(0) }
    }

    fn tree() -> Tree {
        let entry = |path: &str, node| Entry { path: path.as_bytes().into(), node };
        let mut tree = Tree::default();
        let entries = vec![
            entry("tmp", folder(0o1777)),
            entry("tmp/a", file("1")),
            entry("d/x/y", file("2")),
            entry("f", file("3")),
        ];
        tree.apply(&LayerContents { entries, ..LayerContents::default() }).unwrap();
        tree
    }

    fn lines<S>(set: &Changeset<S>) -> Vec<String> {
        set.changes.iter().map(|c| format!("{:?} {}", c.op, String::from_utf8_lossy(&c.layer_name()))).collect()
    }

    #[test]
    fn what_is_as_it_was_is_no_change() {
        let mut tree = tree();
        let mut stage = Stage::<()>::new(&mut tree, 0);
        stage.put(b"f", file("other"), None).unwrap();
        stage.put(b"f", Node { mtime: 99, ..file("3") }, None).unwrap();
        stage.remove(b"d");
        stage.put(b"d/x/y", file("2"), None).unwrap();
        stage.folder(b"tmp", &folder(0o700)).unwrap();
        stage.put(b"new", file(""), None).unwrap();
        stage.remove(b"new");
        assert_eq!(lines(&stage.finish()), Vec::<String>::new());
        assert_eq!(tree.layers(), 1);
    }

    #[test]
    fn folders_above_a_change_come_along_as_they_are() {
        let mut tree = tree();
        let mut stage = Stage::new(&mut tree, 7);
        stage.put(b"tmp/b", file("x"), Some(5)).unwrap();
        stage.put(b"new/deep/file", file("x"), Some(6)).unwrap();
        stage.remove(b"d/x/y");
        let set = stage.finish();
        assert_eq!(
            lines(&set),
            [
                "Context d",
                "Context d/x",
                "Deleted d/x/.wh.y",
                "Added new",
                "Added new/deep",
                "Added new/deep/file",
                "Context tmp",
                "Added tmp/b"
            ]
        );
        assert_eq!((set.added, set.modified, set.deleted), (4, 0, 1));
        let tmp = set.changes.iter().find(|c| &*c.path == b"tmp").unwrap();
        assert_eq!(tmp.node.mode, 0o1777);
        assert_eq!(set.changes.last().unwrap().source, Some(5));
        assert_eq!(tree.placed(b"tmp/b").unwrap().layer, 1);
    }

    #[test]
    fn a_removed_folder_is_one_whiteout_and_counts_all_that_was_in_it() {
        let mut tree = tree();
        let mut stage = Stage::<()>::new(&mut tree, 0);
        stage.remove(b"d");
        let set = stage.finish();
        assert_eq!(lines(&set), ["Deleted .wh.d"]);
        assert_eq!(set.deleted, 3);
    }

    #[test]
    fn t21_what_stood_there_before_is_not_replaced_by_another_type() {
        let mut tree = tree();
        let mut stage = Stage::<()>::new(&mut tree, 0);
        assert!(matches!(stage.put(b"f/child", file(""), None), Err(StageError::NotAFolder { .. })));
        assert!(matches!(stage.put(b"d", file(""), None), Err(StageError::Folder(_))));
        stage.put(b"mine", file(""), None).unwrap();
        stage.put(b"mine/child", file(""), None).unwrap();
        stage.put(b"mine", file("again"), None).unwrap();
        assert_eq!(lines(&stage.finish()), ["Added mine"]);
    }
}
