//! A tree of changes as rows: folders that hold nothing but one folder share a line. Draws nothing.

use crate::domain::projection::{ChangeTree, PathId, SeenPath};

/// How rows stand in their folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// The biggest first.
    Size,
}

impl Order {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Name => Self::Size,
            Self::Size => Self::Name,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// The path; of folders that share a line, the innermost.
    pub(super) id: PathId,
    /// The outermost of folders that share a line.
    first: PathId,
    pub(super) depth: u16,
    /// Whether what is inside follows.
    pub(super) open: bool,
    has_inside: bool,
    /// It stands for the paths of the folder that are counted only.
    pub(super) counts_rest: bool,
}

impl Row {
    /// Whether it can open.
    pub(super) fn folds(&self) -> bool {
        self.has_inside
    }

    /// Rows that opening it adds, its folders closed.
    pub(super) fn inside(&self, tree: &ChangeTree) -> usize {
        tree.children(self.id).len() + usize::from(tree.seen(self.id).unlisted > 0)
    }

    /// The paths that share the line, the innermost first.
    pub(super) fn chain<'t>(&self, tree: &'t ChangeTree) -> impl Iterator<Item = PathId> + 't {
        let first = self.first;
        let above = move |id: &PathId| (*id != first).then(|| tree.parent(*id));
        std::iter::successors(Some(self.id), above)
    }

    /// Its name: at the outermost level with the root's slash, a folder's with one at its end.
    pub(super) fn name(&self, tree: &ChangeTree) -> String {
        let mut parts: Vec<&str> = self.chain(tree).map(|id| tree.seen(id).name).collect();
        parts.reverse();
        let slash = if self.depth == 0 { "/" } else { "" };
        let end = if tree.seen(self.id).folder { "/" } else { "" };
        format!("{slash}{}{end}", parts.join("/"))
    }
}

/// Every row, where `is_open` says which folders are, by their paths.
pub(super) fn rows_of(tree: &ChangeTree, order: Order, is_open: &dyn Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    // The root itself has a row only where it was changed; nothing is ever in it that its level does not show.
    put_inside(tree, order, is_open, (tree.root(), &mut String::new(), 0), &mut rows);
    rows
}

/// The rows inside a folder. No deeper than a tree is.
fn put_inside(
    tree: &ChangeTree,
    order: Order,
    is_open: &dyn Fn(&str) -> bool,
    (folder, path, depth): (PathId, &mut String, u16),
    rows: &mut Vec<Row>,
) {
    let mut inside: Vec<PathId> = tree.children(folder).collect();
    if order == Order::Size {
        // Sorting is stable: the same size stands by name.
        inside.sort_by_key(|id| std::cmp::Reverse(bytes(&tree.seen(*id))));
    }
    let length = path.len();
    for first in inside {
        let mut id = first;
        add(path, tree.seen(id).name);
        while let Some(only) = only_folder(tree, id) {
            id = only;
            add(path, tree.seen(id).name);
        }
        let has_inside = tree.children(id).len() > 0 || tree.seen(id).unlisted > 0;
        let open = has_inside && is_open(path);
        rows.push(Row { id, first, depth, open, has_inside, counts_rest: false });
        if open {
            put_inside(tree, order, is_open, (id, path, depth + 1), rows);
        }
        path.truncate(length);
    }
    if tree.seen(folder).unlisted > 0 {
        rows.push(Row { id: folder, first: folder, depth, open: false, has_inside: false, counts_rest: true });
    }
}

fn add(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

/// The one folder a folder holds, where nothing else is to be told of either.
fn only_folder(tree: &ChangeTree, id: PathId) -> Option<PathId> {
    let seen = tree.seen(id);
    let mut children = tree.children(id);
    let only = children.next().filter(|_| children.len() == 0 && seen.unlisted == 0)?;
    let inner = tree.seen(only);
    let op = |path: &SeenPath<'_>| path.own.map(|own| own.op);
    (inner.folder && op(&seen) == op(&inner)).then_some(only)
}

/// Bytes of a path with all that is below.
pub(super) fn bytes(path: &SeenPath<'_>) -> u64 {
    path.below.bytes.saturating_add(path.own.map_or(0, |own| own.bytes()))
}
