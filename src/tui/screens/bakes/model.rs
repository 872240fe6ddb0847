//! What the Bakes screen knows.

use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::report::Report;
use crate::tui::widgets::{Cursor, Filter};

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// All bakes: running ones first, then the newest.
    pub rows: Vec<ShelfRow>,
    /// Whether the shelf has been read once.
    pub read: bool,
    /// Why it cannot be read.
    pub failure: Option<Report>,
    /// Numbers of the rows the filter lets through.
    pub(super) shown: Vec<usize>,
    /// The selection among them.
    pub cursor: Cursor,
    /// The filter.
    pub filter: Filter,
    /// Whether the detail has the keys.
    pub detail: bool,
    pub(super) asked: bool,
}

impl Model {
    /// Bakes the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// One of them.
    pub fn row(&self, index: usize) -> Option<&ShelfRow> {
        self.shown.get(index).and_then(|number| self.rows.get(*number))
    }

    /// The selected bake.
    pub fn selected(&self) -> Option<&ShelfRow> {
        self.row(self.cursor.selected)
    }

    /// How many stand so.
    pub fn count(&self, status: fn(&ShelfStatus) -> bool) -> usize {
        self.rows.iter().filter(|row| status(&row.status)).count()
    }

    /// What the filter looks at.
    pub(super) fn words(row: &ShelfRow) -> String {
        format!("{} {} {} {}", row.bake, row.reference, row.status, row.place.0)
    }
}
