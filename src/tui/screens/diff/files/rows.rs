//! A tree of changes as rows: folders that hold nothing but one folder share a line, and opening one changes no row above
//! it. Draws nothing.

use std::collections::{BTreeSet, HashSet};

use super::listing::Listing;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The branch; of folders that share a line, the innermost.
    pub branch: u32,
    /// The outermost of folders that share a line.
    pub first: u32,
    /// Rows it is in.
    pub depth: u16,
    /// Whether what is inside follows.
    pub open: bool,
}

/// Which folders are open: all or none, but for some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Those not named.
    pub all: bool,
    /// Paths that are the other way round.
    pub turned: BTreeSet<Vec<u8>>,
}

/// The same, of one list's branches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// By path.
    pub fold: Fold,
    /// By branch.
    turned: HashSet<u32>,
}

impl Shape {
    /// Finds the paths in a list.
    pub fn of(listing: &Listing, fold: Fold) -> Self {
        let turned = fold.turned.iter().filter_map(|path| listing.find(path)).collect();
        Self { fold, turned }
    }

    /// Every row.
    pub fn rows(&self, listing: &Listing) -> Vec<Row> {
        let mut rows = Vec::new();
        self.put(listing, (None, 0), &mut rows);
        rows
    }

    /// Opens a row that is closed, or closes one that is open. Whether it could.
    pub fn toggle(&mut self, listing: &Listing, rows: &mut Vec<Row>, at: usize) -> bool {
        let Some(row) = rows.get(at).copied().filter(|row| folds(listing, row.branch)) else { return false };
        self.turn(listing, row.branch);
        rows[at].open = !row.open;
        if row.open {
            let below = rows[at + 1..].iter().take_while(|other| other.depth > row.depth).count();
            rows.drain(at + 1..=at + below);
        } else {
            let mut inside = Vec::new();
            self.put(listing, (Some(row.branch), row.depth.saturating_add(1)), &mut inside);
            rows.splice(at + 1..at + 1, inside);
        }
        true
    }

    /// From now on a folder is open that was closed, or the other way round; its rows are made elsewhere.
    pub fn turn(&mut self, listing: &Listing, branch: u32) {
        let path = listing.path(branch);
        if !self.fold.turned.remove(&path) {
            self.fold.turned.insert(path);
        }
        if !self.turned.remove(&branch) {
            self.turned.insert(branch);
        }
    }

    /// Opens folders, the outermost first, as long as all of what is in them fits: what is alike looks alike. A folder that
    /// is alone is open however much is in it, since there is nothing else to look at.
    pub fn open_what_fits(&mut self, listing: &Listing, rows: &mut Vec<Row>, height: usize) {
        if let [row] = rows.as_slice()
            && !row.open
        {
            self.toggle(listing, rows, 0);
        }
        for depth in 0.. {
            if rows.len() >= height || rows.iter().all(|row| row.depth < depth) {
                return;
            }
            let closed = |row: &&Row| row.depth == depth && !row.open && folds(listing, row.branch);
            let inside = rows.iter().filter(closed).map(|row| listing.forest.children(Some(row.branch as usize)));
            let more: usize = inside.map(|children| children.take(height + 1).count()).sum();
            if rows.len() + more > height {
                return;
            }
            let mut at = 0;
            while at < rows.len() {
                if closed(&&rows[at]) {
                    self.toggle(listing, rows, at);
                }
                at += 1;
            }
        }
    }

    /// The rows inside a folder. A list of paths has no folders.
    fn put(&self, listing: &Listing, (of, depth): (Option<u32>, u16), rows: &mut Vec<Row>) {
        let mut ahead: Vec<(u32, u16)> = listing.inside(of).into_iter().rev().map(|branch| (branch, depth)).collect();
        while let Some((first, depth)) = ahead.pop() {
            if listing.flat {
                rows.push(Row { branch: first, first, depth: 0, open: false });
                continue;
            }
            let branch = innermost(listing, first);
            let open = folds(listing, branch) && self.fold.all != self.turned.contains(&branch);
            rows.push(Row { branch, first, depth, open });
            if open {
                let inside = listing.inside(Some(branch));
                ahead.extend(inside.into_iter().rev().map(|branch| (branch, depth.saturating_add(1))));
            }
        }
    }
}

/// Whether something is in it.
pub fn folds(listing: &Listing, branch: u32) -> bool {
    !listing.flat && listing.branch(branch).is_some_and(|branch| branch.span > 1)
}

/// The last of folders that hold nothing but one folder to which the same happened.
fn innermost(listing: &Listing, mut at: u32) -> u32 {
    loop {
        let (Some(branch), Some(below)) = (listing.branch(at), listing.branch(at + 1)) else { return at };
        // The only one inside is as large as all that is inside, and has something in it itself.
        if branch.span < 3 || below.span + 1 != branch.span {
            return at;
        }
        let kind = |at: u32| listing.changed(at).map(|changed| changed.kind);
        if kind(at) != kind(at + 1) {
            return at;
        }
        at += 1;
    }
}
