//! What the Bakes screen knows: the rows in order, which of them show, which is selected.

use super::Pool;
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::flows::follow::ShelfNews;
use crate::report::Report;
use crate::tui::widgets::{Cursor, Filter};

/// How far the shelf is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reading {
    /// Nobody asked yet.
    #[default]
    Not,
    /// Under way.
    Going,
    /// It is there, and followed.
    Done,
    /// It cannot be read; what is known stays.
    Failed(Report),
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// All bakes: those that run first, then the newest.
    rows: Vec<ShelfRow>,
    /// Those the filter lets through.
    shown: Vec<usize>,
    /// How far the shelf is read.
    pub reading: Reading,
    /// What is selected.
    pub cursor: Cursor,
    /// What is looked for.
    pub filter: Filter,
    /// Marked bakes, by their IDs.
    pub marked: Vec<String>,
    /// The builders.
    pub pool: Pool,
    /// Whether the detail has the keys, and its first line shown.
    pub detail: Option<usize>,
}

impl Model {
    /// All bakes.
    pub fn rows(&self) -> &[ShelfRow] {
        &self.rows
    }

    /// How many the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether the filter lets none through.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The bake in row `index` of the list.
    pub fn row(&self, index: usize) -> Option<&ShelfRow> {
        self.shown.get(index).and_then(|at| self.rows.get(*at))
    }

    /// The selected bake.
    pub fn selected(&self) -> Option<&ShelfRow> {
        self.row(self.cursor.selected)
    }

    /// How many stand like this.
    pub(super) fn count(&self, status: ShelfStatus) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }

    /// Takes news in. What is selected stays selected, wherever it stands now.
    pub(super) fn take(&mut self, news: ShelfNews) {
        let selected = self.selected().map(|row| row.bake.clone());
        match news {
            ShelfNews::All(rows) => self.rows = rows,
            ShelfNews::Changed { rows, gone } => {
                self.rows.retain(|row| !gone.contains(&row.bake));
                for row in rows {
                    match self.rows.iter_mut().find(|old| old.bake == row.bake) {
                        Some(old) => *old = row,
                        None => self.rows.push(row),
                    }
                }
            }
        }
        let is_over = |row: &ShelfRow| row.status != ShelfStatus::Running;
        self.rows.sort_by(|a, b| is_over(a).cmp(&is_over(b)).then_with(|| b.bake.cmp(&a.bake)));
        let rows = &self.rows;
        self.marked.retain(|bake| rows.iter().any(|row| row.bake == *bake));
        self.sift(selected);
    }

    /// Marks the selected bake, or takes its mark away.
    pub(super) fn mark(&mut self) {
        let Some(bake) = self.selected().map(|row| row.bake.clone()) else { return };
        let count = self.marked.len();
        self.marked.retain(|marked| *marked != bake);
        if self.marked.len() == count {
            self.marked.push(bake);
        }
    }

    /// What is marked; where nothing is, what is selected.
    pub(super) fn meant(&self) -> Vec<&ShelfRow> {
        if self.marked.is_empty() {
            return self.selected().into_iter().collect();
        }
        self.rows.iter().filter(|row| self.marked.contains(&row.bake)).collect()
    }

    /// Finds out again what the filter lets through, `selected` still selected where it is.
    pub(super) fn sift(&mut self, selected: Option<String>) {
        let lets = |row: &ShelfRow| {
            // An engine without a name of its own is most bakes' engine: it tells none from the others.
            let texts = [row.bake.as_str(), &row.reference, row.status.as_str()];
            let mut each =
                texts.into_iter().chain(row.builders.iter().map(String::as_str)).map(|text| self.filter.lets(text));
            if self.filter.text.starts_with('!') { each.all(|lets| lets) } else { each.any(|lets| lets) }
        };
        self.shown = (0..self.rows.len()).filter(|at| lets(&self.rows[*at])).collect();
        let at = selected.and_then(|id| self.shown.iter().position(|at| self.rows[*at].bake == id));
        if let Some(at) = at {
            self.cursor.selected = at;
        }
    }
}
