//! A tree of changed paths: folders open and close, the selection stays on its path whatever comes in above it, and only
//! what is in sight is made. Knows no step and no image.

mod draw;
mod rows;

pub use draw::{ChangeTreeView, total_line};
pub use rows::Order;

use std::collections::HashMap;

use super::Cursor;
use crate::domain::projection::{ChangeTree, PathId};
use crate::tui::keymap::Motion;
use rows::{Row, rows_of};

/// Which folders are open, and what is selected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeFold {
    /// The selected row.
    pub cursor: Cursor,
    /// How rows stand in their folder.
    pub order: Order,
    rows: Vec<Row>,
    /// The selected path, and whether the row that counts the rest of its folder is meant.
    at: (String, bool),
    folders: HashMap<String, Fold>,
    /// Somebody reads: nothing opens or closes by itself.
    held: bool,
}

/// Whether a folder is open, and who wanted that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fold {
    open: bool,
    by_user: bool,
}

impl TreeFold {
    /// Nothing known yet but how rows are to stand.
    pub fn sorted(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    /// Takes in that the tree is another one now, of which `height` rows show. As long as nobody reads it, folders are open
    /// as far as all of it fits; one that outgrew the room closes once and stays closed.
    pub fn follow(&mut self, tree: &ChangeTree, height: usize) {
        self.lay_out(tree);
        if !self.held {
            self.fit(tree, height.max(1));
        }
        let before = self.cursor.selected;
        if let Some(now) = self.find(tree).filter(|_| self.held) {
            // What is in sight stays where it is, whatever comes in above.
            self.cursor.offset = (self.cursor.offset + now).saturating_sub(before);
            self.cursor.selected = now;
        }
        self.cursor.follow(self.rows.len(), height);
        self.remember(tree);
    }

    /// Forgets which folders opened by themselves: another tree of the same paths is shown from now on, or there is other
    /// room for it.
    pub fn start_over(&mut self) {
        if !self.held {
            self.folders.retain(|_, fold| fold.by_user);
        }
    }

    /// Nobody reads it any more.
    pub fn release(&mut self) {
        self.held = false;
        (self.cursor, self.at) = (Cursor::default(), (String::new(), false));
    }

    /// Rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Moves; to the right opens, to the left closes or goes to the folder above. `false` where the left leads out.
    pub fn step(&mut self, tree: &ChangeTree, motion: Motion, height: usize) -> bool {
        self.held = true;
        let row = self.rows.get(self.cursor.selected).cloned();
        match (motion, row) {
            (Motion::Right, Some(row)) if row.folds() && !row.open => self.set(tree, &row, true, height),
            (Motion::Right, Some(row)) if row.folds() => self.select(tree, self.cursor.selected + 1, height),
            (Motion::Right, _) => {}
            (Motion::Left, Some(row)) if row.open => self.set(tree, &row, false, height),
            (Motion::Left, Some(row)) if row.depth > 0 => {
                let above = self.rows[..self.cursor.selected].iter().rposition(|other| other.depth < row.depth);
                self.select(tree, above.unwrap_or(0), height);
            }
            (Motion::Left, _) => return false,
            _ => self.select(tree, motion.leads(self.cursor.selected, height.max(1)), height),
        }
        true
    }

    /// Selects a row.
    pub fn select(&mut self, tree: &ChangeTree, row: usize, height: usize) {
        self.held = true;
        self.cursor.go(row, self.rows.len(), height);
        self.remember(tree);
    }

    /// Opens the selected folder, or closes it.
    pub fn toggle(&mut self, tree: &ChangeTree, height: usize) {
        self.held = true;
        if let Some(row) = self.rows.get(self.cursor.selected).cloned().filter(Row::folds) {
            self.set(tree, &row, !row.open, height);
        }
    }

    /// Sorts the other way: by name, or the biggest first.
    pub fn reorder(&mut self, tree: &ChangeTree, height: usize) {
        self.order = self.order.other();
        self.follow(tree, height);
    }

    fn set(&mut self, tree: &ChangeTree, row: &Row, open: bool, height: usize) {
        self.folders.insert(tree.path(row.id), Fold { open, by_user: true });
        self.follow(tree, height);
    }

    fn remember(&mut self, tree: &ChangeTree) {
        self.at = match self.rows.get(self.cursor.selected) {
            Some(row) => (tree.path(row.id), row.counts_rest),
            None => (String::new(), false),
        };
    }

    fn lay_out(&mut self, tree: &ChangeTree) {
        let folders = &self.folders;
        self.rows = rows_of(tree, self.order, &|path| folders.get(path).is_some_and(|fold| fold.open));
    }

    /// The row of the selected path, else of the nearest folder above it that has one.
    fn find(&self, tree: &ChangeTree) -> Option<usize> {
        let (path, rest) = &self.at;
        if path.is_empty() && !rest {
            return None;
        }
        let mut above = vec![tree.nearest(path)];
        while let Some(last) = above.last().copied().filter(|id| *id != tree.root()) {
            above.push(tree.parent(last));
        }
        let rank = |id: PathId| above.iter().position(|other| *other == id);
        let best = self.rows.iter().enumerate().filter_map(|(index, row)| {
            let chain = row.chain(tree).filter_map(rank).min()?;
            Some((chain, row.counts_rest != *rest, index))
        });
        best.min().map(|(_, _, index)| index)
    }

    /// Opens new folders while there is room, the outermost first; closes the deepest while there is too little.
    fn fit(&mut self, tree: &ChangeTree, height: usize) {
        loop {
            let mut room = height.saturating_sub(self.rows.len());
            if room == 0 {
                break;
            }
            let mut new: Vec<(u16, String, usize)> = Vec::new();
            for row in self.rows.iter().filter(|row| row.folds() && !row.open) {
                let path = tree.path(row.id);
                if !self.folders.contains_key(&path) {
                    new.push((row.depth, path, row.inside(tree)));
                }
            }
            new.sort_by_key(|(depth, ..)| *depth);
            let mut opened = false;
            for (_, path, inside) in new {
                let open = inside <= room;
                opened |= open;
                room -= if open { inside } else { 0 };
                self.folders.insert(path, Fold { open, by_user: false });
            }
            if !opened {
                break;
            }
            self.lay_out(tree);
        }
        let own = |folders: &HashMap<String, Fold>, path: &str| folders.get(path).is_some_and(|fold| fold.by_user);
        // A folder that is alone is open however much is in it: there is nothing else to look at.
        let alone = self.rows.iter().filter(|row| row.depth == 0).count() == 1;
        if let Some(path) =
            self.rows.first().filter(|row| alone && row.folds() && !row.open).map(|row| tree.path(row.id))
            && !own(&self.folders, &path)
        {
            self.folders.insert(path, Fold { open: true, by_user: false });
            self.lay_out(tree);
        }
        while self.rows.len() > height {
            let open = self.rows.iter().filter(|row| row.open && !(alone && row.depth == 0));
            let open = open.filter(|row| !own(&self.folders, &tree.path(row.id)));
            let Some(deepest) = open.max_by_key(|row| row.depth) else { break };
            self.folders.insert(tree.path(deepest.id), Fold { open: false, by_user: false });
            self.lay_out(tree);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{ChangeOp, SeenChange};

    fn batch(paths: &[&str]) -> Vec<SeenChange> {
        let seen = |path: &&str| SeenChange::new(ChangeOp::Added, *path, 5, 0o644);
        paths.iter().map(seen).collect()
    }

    fn shown(fold: &TreeFold, tree: &ChangeTree) -> Vec<String> {
        let name = |row: &Row| match (row.counts_rest, row.folds(), row.open) {
            (true, ..) => format!("and {}", tree.seen(row.id).unlisted),
            (_, false, _) => row.name(tree),
            (_, _, open) => format!("{}{}", if open { "v " } else { "> " }, row.name(tree)),
        };
        fold.rows.iter().map(|row| "  ".repeat(usize::from(row.depth)) + &name(row)).collect()
    }

    #[test]
    fn what_fits_is_open_and_what_outgrows_the_room_closes_once() {
        let (mut tree, mut fold) = (ChangeTree::default(), TreeFold::default());
        tree.take(&batch(&["/usr/share/doc/a", "/usr/share/doc/b", "/etc/x"]));
        fold.follow(&tree, 6);
        assert_eq!(shown(&fold, &tree), ["v /etc/", "  x", "v /usr/share/doc/", "  a", "  b"]);
        tree.take(&batch(&["/usr/share/doc/c", "/usr/share/doc/d"]));
        fold.follow(&tree, 6);
        assert_eq!(shown(&fold, &tree), ["v /etc/", "  x", "> /usr/share/doc/"]);
        tree.take(&batch(&["/usr/bin/curl"]));
        fold.follow(&tree, 6);
        assert_eq!(shown(&fold, &tree), ["v /etc/", "  x", "v /usr/", "  v bin/", "    curl", "  > share/doc/"]);
        fold.follow(&tree, 60);
        assert_eq!(fold.len(), 6, "what closed does not open again by itself");
    }

    #[test]
    fn the_selection_stays_on_its_path_and_line() {
        let (mut tree, mut fold) = (ChangeTree::default(), TreeFold::default());
        tree.take(&batch(&["/m/a", "/n/a", "/o/a", "/p/a", "/z/a"]));
        fold.follow(&tree, 3);
        let name = |fold: &TreeFold, tree: &ChangeTree| fold.rows[fold.cursor.selected].name(tree);
        fold.select(&tree, 1, 3);
        assert_eq!((name(&fold, &tree).as_str(), fold.cursor.offset), ("/n/", 0));
        for round in 0..30 {
            tree.take(&batch(&[&format!("/a/{round}"), &format!("/b{round}/x"), &format!("/m/{round}")]));
            fold.follow(&tree, 3);
            assert_eq!(name(&fold, &tree), "/n/");
            assert_eq!(fold.cursor.selected - fold.cursor.offset, 1, "round {round}");
        }
        tree.take(&[SeenChange { op: ChangeOp::Deleted, ..batch(&["/n/a"])[0].clone() }]);
        fold.follow(&tree, 3);
        assert!(fold.cursor.selected < fold.len(), "what went leaves the selection in the list");
    }

    #[test]
    fn folders_open_and_close_and_the_left_leads_up_and_out() {
        let (mut tree, mut fold) = (ChangeTree::default(), TreeFold::default());
        tree.take(&batch(&["/usr/bin/a", "/usr/lib/b"]));
        fold.follow(&tree, 1);
        assert_eq!(shown(&fold, &tree), ["v /usr/", "  > bin/", "  > lib/"], "what is alone is open");
        fold.step(&tree, Motion::Left, 9);
        assert_eq!(shown(&fold, &tree), ["> /usr/"]);
        fold.step(&tree, Motion::Right, 9);
        assert_eq!(shown(&fold, &tree), ["v /usr/", "  > bin/", "  > lib/"]);
        fold.step(&tree, Motion::Right, 9);
        fold.toggle(&tree, 9);
        assert_eq!(shown(&fold, &tree), ["v /usr/", "  v bin/", "    a", "  > lib/"]);
        fold.step(&tree, Motion::Down, 9);
        assert!(fold.step(&tree, Motion::Left, 9));
        assert_eq!(fold.cursor.selected, 1, "from a file to its folder");
        fold.step(&tree, Motion::Left, 9);
        fold.step(&tree, Motion::Left, 9);
        fold.step(&tree, Motion::Left, 9);
        assert_eq!(shown(&fold, &tree), ["> /usr/"]);
        assert!(!fold.step(&tree, Motion::Left, 9), "and out");
    }

    #[test]
    fn the_biggest_come_first_when_asked_for() {
        let (mut tree, mut fold) = (ChangeTree::default(), TreeFold::default());
        tree.take(&batch(&["/a", "/b/x", "/b/y", "/c"]));
        fold.follow(&tree, 9);
        fold.reorder(&tree, 9);
        assert_eq!(
            shown(&fold, &tree),
            ["v /b/", "  x", "  y", "a", "c"].map(|name| match name {
                "a" | "c" => format!("/{name}"),
                other => other.to_owned(),
            })
        );
    }
}
