//! A walk through a tree: folders before what is in them, names in byte order, nothing copied but the paths.

use super::{PathId, Seen, Tree};

/// Gives paths relative to the root, and what stands at them.
pub struct Walk<'t> {
    tree: &'t Tree,
    level: u32,
    /// What is still to come of each folder on the way, the next one last.
    ahead: Vec<(Vec<Seen<'t>>, usize)>,
    path: Vec<u8>,
}

impl<'t> Walk<'t> {
    pub(super) fn new(tree: &'t Tree, folder: PathId, level: u32) -> Self {
        let mut walk = Self { tree, level, ahead: Vec::new(), path: tree.path(folder) };
        walk.enter(folder);
        walk
    }

    fn enter(&mut self, folder: PathId) {
        let mut children = self.tree.children_at(folder, self.level);
        children.reverse();
        self.ahead.push((children, self.path.len()));
    }
}

impl<'t> Iterator for Walk<'t> {
    type Item = (Box<[u8]>, Seen<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (children, length) = self.ahead.last_mut()?;
            self.path.truncate(*length);
            let Some(seen) = children.pop() else {
                self.ahead.pop();
                continue;
            };
            if !self.path.is_empty() {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(self.tree.name(seen.id()));
            let path = self.path.as_slice().into();
            if seen.is_folder() {
                self.enter(seen.id());
            }
            return Some((path, seen));
        }
    }
}
