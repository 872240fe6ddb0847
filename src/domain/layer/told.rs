//! What a layer that is there changes on the tree below it, with the meaning a step's own changeset has. Reads no blob.

use super::entry::Node;
use super::stage::Op;
use super::tree::{LayerContents, Tree, TreeError};

/// One path a layer changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerChange {
    /// What happened to it; never [`Op::Context`].
    pub op: Op,
    /// The path, relative to the root; empty for the root itself.
    pub path: Box<[u8]>,
    /// Bytes of content; of a deleted file, those it had.
    pub size: u64,
    /// Permission bits (07777).
    pub mode: u32,
    /// Whether it is a folder.
    pub folder: bool,
}

impl LayerChange {
    fn of(op: Op, path: &[u8], node: &Node) -> Self {
        Self { op, path: path.into(), size: node.size(), mode: node.mode, folder: node.is_folder() }
    }
}

/// What `layer` changes on `tree`, in byte order of the paths: entries that leave a path as it was are none, and a deleted
/// folder is told with everything that was in it.
pub fn changes_on(tree: &Tree, layer: &LayerContents) -> Result<Vec<LayerChange>, TreeError> {
    let mut after = tree.clone();
    after.apply(layer)?;
    let mut changes = Vec::new();
    if let (Some(was), Some(is)) = (tree.node(b""), after.node(b""))
        && !was.same_as(is)
    {
        changes.push(LayerChange::of(Op::Modified, b"", is));
    }
    let (mut old, mut new) = (tree.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(changes),
            (Some((was, _)), Some((is, _))) => was.cmp(is),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let was = if order.is_le() { old.next() } else { None };
        let is = if order.is_ge() { new.next() } else { None };
        match (was, is) {
            (Some((path, was)), None) => changes.push(LayerChange::of(Op::Deleted, path, &was.node)),
            (None, Some((path, is))) => changes.push(LayerChange::of(Op::Added, path, &is.node)),
            // What a layer did not put is what it was.
            (Some((path, was)), Some((_, is))) if is.layer == tree.layers() && !was.node.same_as(&is.node) => {
                changes.push(LayerChange::of(Op::Modified, path, &is.node));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::layer::{Changeset, ContentDigest, Entry, Kind, Stage};

    fn file(content: &str) -> Node {
        let kind = Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) };
        Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
    }

    fn entry(path: &str, node: Node) -> Entry {
        Entry { path: path.as_bytes().into(), node }
    }

    fn below() -> Tree {
        let mut tree = Tree::default();
        let link = Node { kind: Kind::Symlink(b"a".as_slice().into()), ..file("") };
        let entries =
            vec![entry("a/b/c", file("1")), entry("a/b/d", file("2")), entry("b/a", file("33")), entry("c", link)];
        tree.apply(&LayerContents { entries, ..LayerContents::default() }).unwrap();
        tree
    }

    /// The layer a changeset becomes.
    fn layer_of(set: &Changeset<()>) -> LayerContents {
        let mut layer = LayerContents::default();
        for change in &set.changes {
            match change.op {
                Op::Deleted => layer.whiteouts.push(change.path.clone()),
                _ => layer.entries.push(Entry { path: change.path.clone(), node: change.node.clone() }),
            }
        }
        layer
    }

    fn lines(changes: &[LayerChange]) -> Vec<String> {
        changes.iter().map(|c| format!("{:?} {} {}", c.op, String::from_utf8_lossy(&c.path), c.size)).collect()
    }

    #[test]
    fn entries_that_change_nothing_are_none_and_deleted_folders_count_in_full() {
        let tree = below();
        let layer = LayerContents {
            entries: vec![
                entry("a", Node::plain_folder(9)),
                entry("b/a", Node { mtime: 5, ..file("33") }),
                entry("b/new", file("xyz")),
                entry("c", file("7")),
            ],
            whiteouts: vec![b"a/b".as_slice().into(), b"never/was".as_slice().into()],
            opaques: Vec::new(),
        };
        assert_eq!(
            lines(&changes_on(&tree, &layer).unwrap()),
            ["Deleted a/b 0", "Deleted a/b/c 1", "Deleted a/b/d 1", "Added b/new 3", "Modified c 1"]
        );
        let opaque = LayerContents {
            entries: vec![entry("a/b/d", file("2"))],
            whiteouts: Vec::new(),
            opaques: vec![b"a".as_slice().into()],
        };
        assert_eq!(lines(&changes_on(&tree, &opaque).unwrap()), ["Deleted a/b/c 1"]);
    }

    proptest! {
        /// A layer read back says what the step that made it said.
        #[test]
        fn a_sealed_layer_says_what_its_step_did(
            steps in proptest::collection::vec((0u8..4, "[abc](/[abcd]){0,2}", "[12]{0,2}"), 0..24),
        ) {
            let mut tree = below();
            let before = tree.clone();
            let mut stage = Stage::<()>::new(&mut tree, 0);
            for (act, path, content) in &steps {
                // What the tree refuses is no change.
                let _ = match act {
                    0 => {
                        stage.remove(path.as_bytes());
                        Ok(())
                    }
                    1 => stage.folder(path.as_bytes(), &Node::plain_folder(0)),
                    2 => stage.put(path.as_bytes(), Node { mode: 0o700, ..Node::plain_folder(0) }, None),
                    _ => stage.put(path.as_bytes(), file(content), Some(())),
                };
            }
            let set = stage.finish();
            let told = changes_on(&before, &layer_of(&set)).unwrap();
            let count = |op| told.iter().filter(|change| change.op == op).count() as u64;
            prop_assert_eq!((count(Op::Added), count(Op::Modified), count(Op::Deleted)), (set.added, set.modified, set.deleted));
            let told: BTreeSet<(u8, &[u8])> = told.iter().map(|c| (c.op as u8, &*c.path)).collect();
            for change in set.changes.iter().filter(|change| change.op != Op::Context) {
                prop_assert!(told.contains(&(change.op as u8, &*change.path)), "{:?}", change);
            }
        }
    }
}
