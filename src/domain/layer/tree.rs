//! Trees: layers merged bottom-up, and paths resolved in them the way a kernel confined to the root would. Reads no blob.
//!
//! Whiteouts of a layer apply to what lies below it and never to the layer itself, in whatever order they stand (T-07).
//! Keys are whole paths in byte order: what lies in `a` is the range from `a/` to `a0`.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::entry::{Entry, Kind, Node, join, split};
use crate::domain::text::escape_bytes;

/// Symlinks followed before a path counts as a loop, as in Linux.
const MAX_LINKS: usize = 40;

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
}

/// The merged tree. Hard links are resolved to the files they name.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Node,
    nodes: BTreeMap<Box<[u8]>, Placed>,
    layers: u32,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Node::plain_folder(0), nodes: BTreeMap::new(), layers: 0 }
    }
}

impl Tree {
    /// What stands at a path already resolved; the root for the empty one.
    pub fn node(&self, path: &[u8]) -> Option<&Node> {
        if path.is_empty() { Some(&self.root) } else { self.nodes.get(path).map(|placed| &placed.node) }
    }

    /// As [`node`](Self::node), with the layer; the root belongs to none.
    pub fn placed(&self, path: &[u8]) -> Option<&Placed> {
        self.nodes.get(path)
    }

    /// Whether a resolved path is a folder.
    pub fn is_folder(&self, path: &[u8]) -> bool {
        self.node(path).is_some_and(Node::is_folder)
    }

    /// Every path but the root, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Placed)> {
        self.nodes.iter().map(|(path, placed)| (&**path, placed))
    }

    /// Everything below a folder, at any depth, in byte order.
    pub fn below(&self, folder: &[u8]) -> impl Iterator<Item = (&[u8], &Placed)> {
        let (from, to) = children_of(folder);
        self.nodes.range::<[u8], _>((bound(&from), to_bound(to.as_deref()))).map(|(path, placed)| (&**path, placed))
    }

    /// The names directly in a folder, in byte order of their paths.
    pub fn names<'a>(&'a self, folder: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a Placed)> {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.below(folder)
            .filter(move |(path, _)| !path[skip..].contains(&b'/'))
            .map(move |(path, placed)| (&path[skip..], placed))
    }

    /// How many layers have been applied.
    pub fn layers(&self) -> u32 {
        self.layers
    }

    /// Ends a layer that was put entry by entry.
    pub(super) fn end_layer(&mut self) {
        self.layers += 1;
    }

    /// Resolves `path` (as written: parts between slashes) inside the root: symlinks on the way are followed, `..`
    /// stops at the root; the last part is followed only if `follow_last`. What does not exist is taken literally.
    pub fn resolve(&self, path: &[u8], follow_last: bool) -> Result<Vec<u8>, TreeError> {
        self.resolve_from(b"", path, follow_last)
    }

    /// As [`resolve`](Self::resolve), beginning in the resolved folder `start`.
    pub fn resolve_from(&self, start: &[u8], path: &[u8], follow_last: bool) -> Result<Vec<u8>, TreeError> {
        let parts = |path: &[u8]| -> Vec<Vec<u8>> {
            path.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".").rev().map(<[u8]>::to_vec).collect()
        };
        let mut ahead = parts(path);
        let mut at = if path.starts_with(b"/") { Vec::new() } else { start.to_vec() };
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == b".." {
                at.truncate(split(&at).0.len());
                continue;
            }
            let next = join(&at, &part);
            match self.node(&next).map(|node| &node.kind) {
                Some(Kind::Symlink(target)) if follow_last || !ahead.is_empty() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TreeError::Loop(escape_bytes(path)));
                    }
                    if target.starts_with(b"/") {
                        at.clear();
                    }
                    ahead.extend(parts(target));
                }
                _ => at = next,
            }
        }
        Ok(at)
    }

    /// Applies one layer on top.
    pub fn apply(&mut self, layer: &LayerContents) -> Result<(), TreeError> {
        for folder in &layer.opaques {
            let folder = self.resolve(folder, true)?;
            self.clear(&folder);
        }
        for path in &layer.whiteouts {
            let path = self.resolve(path, false)?;
            self.remove(&path);
        }
        let mut last: Option<(&[u8], Vec<u8>)> = None;
        for entry in &layer.entries {
            if entry.path.is_empty() {
                self.root = entry.node.clone();
                continue;
            }
            let (folder, name) = split(&entry.path);
            let resolved = match &last {
                Some((raw, resolved)) if *raw == folder => resolved.clone(),
                _ => {
                    let resolved = self.resolve(folder, true)?;
                    self.make_folders(&resolved, entry.node.mtime);
                    resolved
                }
            };
            let path = join(&resolved, name);
            let node = self.linked(&path, &entry.node)?;
            // What replaces something may have been a step on a way remembered.
            let replaces = self.put(&path, node);
            last = if replaces { None } else { Some((folder, resolved)) };
        }
        self.layers += 1;
        Ok(())
    }

    /// The node itself, or the file a hard link names.
    fn linked(&self, path: &[u8], node: &Node) -> Result<Node, TreeError> {
        let Kind::Hardlink(target) = &node.kind else { return Ok(node.clone()) };
        let fail = |why| TreeError::Hardlink { path: escape_bytes(path), target: escape_bytes(target), why };
        let found = self.resolve(target, false)?;
        match self.node(&found) {
            Some(found) if found.is_folder() => Err(fail("is a folder")),
            Some(found) => Ok(found.clone()),
            None => Err(fail("is not there")),
        }
    }

    /// Puts a node at a resolved path; `true` when it took the place of something that was not of its kind.
    pub(super) fn put(&mut self, path: &[u8], node: Node) -> bool {
        let replaces = match self.node(path) {
            Some(old) if old.is_folder() && node.is_folder() => false,
            Some(old) if old.is_folder() => {
                self.clear(path);
                true
            }
            Some(old) => matches!(old.kind, Kind::Symlink(_)) || node.is_folder(),
            None => matches!(node.kind, Kind::Symlink(_)),
        };
        if path.is_empty() {
            self.root = node;
        } else {
            self.nodes.insert(path.into(), Placed { node, layer: self.layers });
        }
        replaces
    }

    /// Makes a resolved path and all above it folders, replacing what is none (T-21).
    fn make_folders(&mut self, path: &[u8], mtime: i64) {
        let mut missing = path;
        let mut made = Vec::new();
        while !missing.is_empty() && !self.is_folder(missing) {
            made.push(missing);
            missing = split(missing).0;
        }
        for path in made.into_iter().rev() {
            self.put(path, Node::plain_folder(mtime));
        }
    }

    /// Removes a resolved path and all below it.
    pub(super) fn remove(&mut self, path: &[u8]) {
        if path.is_empty() {
            return;
        }
        if self.nodes.remove(path).is_some_and(|placed| placed.node.is_folder()) {
            self.clear(path);
        }
    }

    fn clear(&mut self, folder: &[u8]) {
        let doomed: Vec<Box<[u8]>> = self.below(folder).map(|(path, _)| path.into()).collect();
        for path in doomed {
            self.nodes.remove(&path);
        }
    }
}

/// The bounds of everything below a folder: from, inclusive, and to, exclusive; without `to`, to the end.
pub fn children_of(folder: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    if folder.is_empty() {
        return (Vec::new(), None);
    }
    let with = |end: u8| [folder, &[end]].concat();
    (with(b'/'), Some(with(b'/' + 1)))
}

fn bound(from: &[u8]) -> Bound<&[u8]> {
    if from.is_empty() { Bound::Unbounded } else { Bound::Included(from) }
}

fn to_bound(to: Option<&[u8]>) -> Bound<&[u8]> {
    to.map_or(Bound::Unbounded, Bound::Excluded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::ContentDigest;

    fn node(kind: Kind) -> Node {
        Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
    }

    fn file(content: &str) -> Node {
        node(Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) })
    }

    fn link(target: &str) -> Node {
        node(Kind::Symlink(target.as_bytes().into()))
    }

    fn layer(entries: &[(&str, Node)], whiteouts: &[&str], opaques: &[&str]) -> LayerContents {
        let bytes = |paths: &[&str]| paths.iter().map(|p| p.as_bytes().into()).collect();
        LayerContents {
            entries: entries.iter().map(|(p, n)| Entry { path: p.as_bytes().into(), node: n.clone() }).collect(),
            whiteouts: bytes(whiteouts),
            opaques: bytes(opaques),
        }
    }

    fn tree(layers: &[LayerContents]) -> Tree {
        let mut tree = Tree::default();
        layers.iter().for_each(|layer| tree.apply(layer).unwrap());
        tree
    }

    fn paths(tree: &Tree) -> Vec<String> {
        tree.iter().map(|(path, _)| String::from_utf8(path.to_vec()).unwrap()).collect()
    }

    #[test]
    fn t07_whiteouts_apply_to_lower_layers_only_in_any_order() {
        let below = layer(&[("a/x", file("1")), ("a/y", file("2")), ("b", file("3"))], &[], &[]);
        let above = layer(&[("a/z", file("4")), ("b", file("5"))], &["b"], &["a"]);
        let tree = tree(&[below, above]);
        assert_eq!(paths(&tree), ["a", "a/z", "b"]);
        assert_eq!(tree.placed(b"b").unwrap().layer, 1);
    }

    #[test]
    fn a_whiteout_takes_a_folder_but_not_names_that_begin_like_it() {
        let below = layer(&[("a/x/1", file("")), ("a-b", file("")), ("a.c", file("")), ("a0", file(""))], &[], &[]);
        assert_eq!(paths(&tree(&[below, layer(&[], &["a"], &[])])), ["a-b", "a.c", "a0"]);
    }

    #[test]
    fn t02_symlinks_on_the_way_stay_inside_the_root() {
        let below = layer(
            &[
                ("usr/bin/sh", file("")),
                ("bin", link("usr/bin")),
                ("out", link("/../../../etc")),
                ("up", link("../..")),
                ("l1", link("l2")),
                ("l2", link("l1")),
            ],
            &[],
            &[],
        );
        let above = layer(&[("bin/foo", file("")), ("out/passwd", file("")), ("up/top", file(""))], &[], &[]);
        let tree = tree(&[below, above]);
        for path in ["usr/bin/foo", "etc/passwd", "top"] {
            assert!(tree.node(path.as_bytes()).is_some(), "{path}");
        }
        assert!(tree.resolve(b"l1/x", false).unwrap_err().to_string().starts_with("T-02"));
        assert_eq!(tree.resolve(b"l1", false).unwrap(), b"l1");
        assert_eq!(tree.resolve(b"/bin/../bin/./sh", true).unwrap(), b"usr/bin/sh");
    }

    #[test]
    fn t06_a_whiteout_through_a_symlinked_folder_stays_inside_the_root() {
        let below = layer(&[("etc/passwd", file("")), ("l", link("/etc"))], &[], &[]);
        assert_eq!(paths(&tree(&[below, layer(&[], &["l/passwd"], &[])])), ["etc", "l"]);
    }

    #[test]
    fn t03_hard_links_are_the_file_or_refused() {
        let both = tree(&[layer(&[("a", file("x")), ("b", node(Kind::Hardlink(b"a".as_slice().into())))], &[], &[])]);
        assert_eq!(both.node(b"a"), both.node(b"b"));
        for (target, makes) in [("missing", "is not there"), ("d", "is a folder")] {
            let bad = layer(&[("d/f", file("")), ("b", node(Kind::Hardlink(target.as_bytes().into())))], &[], &[]);
            let error = Tree::default().apply(&bad).unwrap_err().to_string();
            assert!(error.starts_with("T-03") && error.contains(makes), "{error}");
        }
    }

    #[test]
    fn t16_t21_the_last_of_several_wins_and_folders_and_files_replace_each_other() {
        let tree = tree(&[
            layer(&[("a", file("1")), ("a", file("22")), ("f", file("")), ("f/child", file(""))], &[], &[]),
            layer(&[("f", file("x")), ("a/b", file(""))], &[], &[]),
        ]);
        assert_eq!(paths(&tree), ["a", "a/b", "f"]);
        assert_eq!(tree.node(b"f").unwrap().size(), 1);
    }

    #[test]
    fn t05_a_folder_that_becomes_a_symlink_and_a_folder_again() {
        let contents = layer(
            &[("d/a", file("")), ("d", link("/etc")), ("d/b", file("")), ("d", node(Kind::Folder)), ("d/c", file(""))],
            &[],
            &[],
        );
        assert_eq!(paths(&tree(&[contents])), ["d", "d/c", "etc", "etc/b"]);
    }

    #[test]
    fn names_lists_one_folder() {
        let tree = tree(&[layer(&[("a/x/1", file("")), ("a/y", file("")), ("b", file(""))], &[], &[])]);
        let names =
            |folder: &[u8]| tree.names(folder).map(|(n, _)| String::from_utf8(n.to_vec()).unwrap()).collect::<Vec<_>>();
        assert_eq!(names(b"a"), ["x", "y"]);
        assert_eq!(names(b""), ["a", "b"]);
    }
}
