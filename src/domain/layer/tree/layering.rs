//! A layer put on a tree, entry by entry: what it takes away first, then what it brings. Keeps no entry.

use super::rows::{ROOT, Tag};
use super::{LayerContents, NOW, Tree, TreeError};
use crate::domain::layer::entry::{Kind, Node, join, split};
use crate::domain::text::escape_bytes;

/// A layer on its way onto a tree. An entry that is refused leaves the tree as it was; whoever only looks may go on with
/// the next one.
pub struct Layering<'t> {
    tree: &'t mut Tree,
    /// The folder of the entry before.
    last: Option<Last>,
}

/// A folder, as written and as it was found: the entries of an archive stand beside each other.
struct Last {
    written: Vec<u8>,
    found: Vec<u8>,
    row: u32,
}

impl Layering<'_> {
    /// Puts one entry.
    pub fn entry(&mut self, path: &[u8], node: Node) -> Result<(), TreeError> {
        if path.is_empty() {
            self.tree.put(b"", &node)?;
            return Ok(());
        }
        let (folder, name) = split(path);
        let last = match self.last.take() {
            Some(last) if last.written == folder => last,
            _ => {
                let found = self.tree.resolve(folder, true)?;
                self.tree.make_folders(&found, node.mtime)?;
                let row = self.tree.meet(&found)?;
                Last { written: folder.to_vec(), found, row }
            }
        };
        let (node, linked) = self.tree.linked(|| join(&last.found, name), node)?;
        let row = self.tree.rows.meet(last.row, name).ok_or_else(|| TreeError::Full(escape_bytes(path)))?;
        if let Some(file) = linked {
            self.tree.links.push((row, file, self.tree.layers + 1));
        }
        let linked = linked.is_some();
        // What replaces something may have been a step on a way remembered.
        if !self.tree.place(row, &node, linked) {
            self.last = Some(last);
        }
        Ok(())
    }

    /// The layer is whole.
    pub fn finish(self) {
        self.tree.layers += 1;
    }
}

impl Tree {
    /// Applies one layer on top.
    pub fn apply(&mut self, layer: &LayerContents) -> Result<(), TreeError> {
        let mut layering = self.begin_layer(&layer.opaques, &layer.whiteouts)?;
        for entry in &layer.entries {
            layering.entry(&entry.path, entry.node.clone())?;
        }
        layering.finish();
        Ok(())
    }

    /// Begins a layer on top: what it takes away goes.
    pub fn begin_layer(&mut self, opaques: &[Box<[u8]>], whiteouts: &[Box<[u8]>]) -> Result<Layering<'_>, TreeError> {
        for folder in opaques {
            let folder = self.resolve(folder, true)?;
            self.clear(&folder);
            if let Some(id) = self.find(&folder) {
                self.opaques.push((id.0, self.layers + 1));
            }
        }
        for path in whiteouts {
            let path = self.resolve(path, false)?;
            self.remove(&path);
        }
        Ok(Layering { tree: self, last: None })
    }

    /// Ends a layer that was put entry by entry.
    pub(in crate::domain::layer) fn end_layer(&mut self) {
        self.layers += 1;
    }

    /// The node itself, or the file a hard link names with that file's row.
    fn linked(&self, path: impl Fn() -> Vec<u8>, node: Node) -> Result<(Node, Option<u32>), TreeError> {
        let Kind::Hardlink(target) = &node.kind else { return Ok((node, None)) };
        let fail = |why| TreeError::Hardlink { path: escape_bytes(&path()), target: escape_bytes(target), why };
        let found = self.resolve(target, false)?;
        match self.node(&found) {
            Some(found) if found.is_folder() => Err(fail("is a folder")),
            Some(node) => Ok((node, self.find(&found).map(|file| file.0))),
            None => Err(fail("is not there")),
        }
    }

    /// Puts a node at a resolved path; `true` when it took the place of something that was not of its kind.
    pub(in crate::domain::layer) fn put(&mut self, path: &[u8], node: &Node) -> Result<bool, TreeError> {
        let row = self.meet(path)?;
        Ok(self.place(row, node, false))
    }

    fn place(&mut self, row: u32, node: &Node, linked: bool) -> bool {
        let folder = node.is_folder();
        let replaces = match self.rows.at(row, NOW).map(|version| self.rows.version(version).tag) {
            Some(Tag::Folder) if folder => false,
            Some(Tag::Folder) => {
                self.clear_row(row);
                true
            }
            Some(tag) => tag == Tag::Symlink || folder,
            None => matches!(node.kind, Kind::Symlink(_)),
        };
        self.rows.set(row, Some(node), linked, self.layers + 1);
        replaces
    }

    fn meet(&mut self, path: &[u8]) -> Result<u32, TreeError> {
        let mut row = ROOT;
        for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            row = self.rows.meet(row, part).ok_or_else(|| TreeError::Full(escape_bytes(path)))?;
        }
        Ok(row)
    }

    /// Makes a resolved path and all above it folders, replacing what is none (T-21).
    fn make_folders(&mut self, path: &[u8], mtime: i64) -> Result<(), TreeError> {
        let mut missing = path;
        let mut made = Vec::new();
        while !missing.is_empty() && !self.is_folder(missing) {
            made.push(missing);
            missing = split(missing).0;
        }
        for path in made.into_iter().rev() {
            self.put(path, &Node::plain_folder(mtime))?;
        }
        Ok(())
    }

    /// Removes a resolved path and all below it.
    pub(in crate::domain::layer) fn remove(&mut self, path: &[u8]) {
        let Some(row) = self.find(path).map(|id| id.0).filter(|row| *row != ROOT) else { return };
        let Some(version) = self.rows.at(row, NOW) else { return };
        if self.rows.version(version).tag == Tag::Folder {
            self.clear_row(row);
        }
        self.rows.set(row, None, false, self.layers + 1);
    }

    fn clear(&mut self, folder: &[u8]) {
        if let Some(id) = self.find(folder) {
            self.clear_row(id.0);
        }
    }

    /// Nothing is left below a row.
    fn clear_row(&mut self, row: u32) {
        let mut ahead = vec![row];
        while let Some(folder) = ahead.pop() {
            let standing = |row: &u32| self.rows.at(*row, NOW).is_some();
            let doomed: Vec<u32> = self.rows.children(folder).filter(standing).collect();
            for row in doomed {
                self.rows.set(row, None, false, self.layers + 1);
                ahead.push(row);
            }
        }
    }
}
