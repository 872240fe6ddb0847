//! The files of the Diff screen: a tree of changes or a list of paths, sifted and sorted outside `update`, of which only
//! what is open has rows and only what is in sight is drawn.

mod draw;
mod listing;
mod query;
mod rows;

pub(super) use draw::{FilesView, glyph_of};
pub use listing::{Listed, Listing, Request};
pub use query::{Needle, Query, Sieve, Sort};
pub use rows::{Fold, Row, Shape, folds};

use super::{Held, Matter, Part};
use crate::domain::layer::Changed;
use crate::tui::keymap::Motion;
use crate::tui::widgets::{Cursor, Filter};

/// A folder with more below it is opened elsewhere.
const MANY: u32 = 200_000;

/// The state of the list.
#[derive(Debug, Default)]
pub struct Files {
    /// What is wanted.
    pub query: Query,
    /// The filter as it is typed.
    pub filter: Filter,
    /// What is there.
    pub listing: Option<Held<Listing>>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What is selected.
    pub cursor: Cursor,
    /// Which folders are open.
    shape: Shape,
    /// The same of what was there before something was typed.
    untyped: Option<Fold>,
    /// The newest wish, and the one that was answered.
    serial: (u64, u64),
    /// A folder was opened that holds so much that its rows are made elsewhere.
    wants_rows: bool,
    /// Nobody has opened or moved anything yet: what fits is opened.
    fresh: bool,
}

impl Files {
    /// Nothing yet of a part, in the place of another list whose order it keeps.
    pub(super) fn instead_of(other: &Self, part: Part) -> Self {
        let Query { sort, flat, .. } = other.query;
        let query = Query { sieve: Sieve { part, ..Sieve::default() }, sort, flat };
        let mut files = Self { query, fresh: true, ..Self::default() };
        files.late(other);
        files
    }

    /// Takes the place of another list: answers to that one's wishes are late.
    pub(super) fn late(&mut self, other: &Self) {
        let serial = self.serial.0.max(other.serial.0) + 1;
        self.serial = (serial, serial);
    }

    /// Whether what shows is not yet what is wanted.
    pub fn is_pending(&self) -> bool {
        self.serial.0 != self.serial.1
    }

    /// Whether rows are to be asked for, which is said once.
    pub(super) fn wants_rows(&mut self) -> bool {
        std::mem::take(&mut self.wants_rows)
    }

    /// Asks for what is wanted now.
    pub(super) fn ask(&mut self, matter: &Held<Matter>) -> Request {
        self.serial.0 += 1;
        Request {
            serial: self.serial.0,
            matter: matter.clone(),
            query: self.query.clone(),
            have: self.listing.clone(),
            fold: self.shape.fold.clone(),
        }
    }

    /// What was typed changed: everything is open while something is looked for, and as it was afterwards.
    pub(super) fn retype(&mut self) {
        self.query.sieve.text.clone_from(&self.filter.text);
        match (self.query.sieve.is_typed(), self.untyped.is_some()) {
            (true, false) => {
                let all = Fold { all: true, ..Fold::default() };
                self.untyped = Some(std::mem::replace(&mut self.shape.fold, all));
            }
            (false, true) => self.shape.fold = self.untyped.take().unwrap_or_default(),
            _ => {}
        }
    }

    /// Opens every folder, or closes every one.
    pub(super) fn fold_all(&mut self, open: bool) {
        self.shape.fold = Fold { all: open, ..Fold::default() };
        self.fresh = false;
    }

    /// Takes an answer in, of which `height` rows show. The selection stays on its path, or on the folder above it.
    pub(super) fn take(&mut self, listed: Listed, height: usize) {
        if listed.serial != self.serial.0 {
            return;
        }
        self.serial.1 = listed.serial;
        let way = self.way();
        let above = self.cursor.selected.saturating_sub(self.cursor.offset);
        let Listed { listing, mut rows, mut shape, .. } = listed;
        if shape.fold != self.shape.fold {
            // Folders were opened or closed meanwhile.
            shape = Shape::of(&listing, self.shape.fold.clone());
            rows = shape.rows(&listing);
        }
        if self.fresh && !self.query.sieve.is_typed() {
            shape.open_what_fits(&listing, &mut rows, height);
        }
        self.fresh = false;
        let branches: Vec<u32> = way.iter().filter_map(|path| listing.find(path)).collect();
        let holds = |row: &Row, branch: u32| (row.first..=row.branch).contains(&branch);
        let found = branches.iter().find_map(|branch| rows.iter().position(|row| holds(row, *branch)));
        (self.listing, self.rows, self.shape) = (Some(listing), rows, shape);
        // Whoever stands at the top wants to see the top.
        let to = if self.cursor.selected == 0 { 0 } else { found.unwrap_or(0) };
        self.cursor.offset = to.saturating_sub(above);
        self.cursor.go(to, self.rows.len(), height);
    }

    /// The selected path and the folders it is in, the innermost first.
    fn way(&self) -> Vec<Vec<u8>> {
        let Some(mut path) = self.selected_path() else { return Vec::new() };
        let mut way = vec![path.clone()];
        while let Some(at) = path.iter().rposition(|byte| *byte == b'/') {
            path.truncate(at);
            way.push(path.clone());
        }
        way
    }

    /// The selected row.
    pub fn selected(&self) -> Option<Row> {
        self.rows.get(self.cursor.selected).copied()
    }

    /// The selected path, relative to the root.
    pub fn selected_path(&self) -> Option<Vec<u8>> {
        Some(self.listing.as_ref()?.path(self.selected()?.branch))
    }

    /// What happened to the selected path; `None` for a folder that is only on the way.
    pub fn selected_change(&self) -> Option<Changed<'_>> {
        self.listing.as_ref()?.changed(self.selected()?.branch)
    }

    /// Whether the selected row opens and closes.
    pub fn selected_folds(&self) -> bool {
        self.selected().zip(self.listing.as_ref()).is_some_and(|(row, listing)| folds(listing, row.branch))
    }

    /// Keeps the selection in sight.
    pub(super) fn follow(&mut self, height: usize) {
        self.cursor.follow(self.rows.len(), height);
    }

    /// Moves; to the right opens a folder, to the left closes one or goes to the one above. `false` where the left leads
    /// out.
    pub(super) fn step(&mut self, motion: Motion, height: usize) -> bool {
        let Some(row) = self.selected() else { return motion != Motion::Left };
        match motion {
            Motion::Right if self.selected_folds() && !row.open => self.toggle(height),
            Motion::Right if self.selected_folds() => self.cursor.step(Motion::Down, self.rows.len(), height),
            Motion::Right => {}
            Motion::Left if row.open => self.toggle(height),
            Motion::Left if row.depth > 0 => {
                let above = self.rows[..self.cursor.selected].iter().rposition(|other| other.depth < row.depth);
                self.cursor.go(above.unwrap_or(0), self.rows.len(), height);
            }
            Motion::Left => return false,
            _ => self.cursor.step(motion, self.rows.len(), height),
        }
        true
    }

    /// Opens the selected folder, or closes it.
    pub(super) fn toggle(&mut self, height: usize) {
        let row = self.selected();
        if let Some(listing) = &self.listing {
            let span = row.filter(|row| !row.open).and_then(|row| listing.branch(row.branch)).map_or(0, |of| of.span);
            if let Some(row) = row.filter(|_| span > MANY) {
                self.shape.turn(listing, row.branch);
                self.wants_rows = true;
                return;
            }
            self.shape.toggle(listing, &mut self.rows, self.cursor.selected);
            self.cursor.follow(self.rows.len(), height);
        }
    }
}
