//! What the Bakes screen knows: the rows in order, which of them show, which is selected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Pool;
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::text::escape;
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
    /// The folder of the workspace one is in, links followed; `None`: bakes of any are alike.
    pub home: Option<PathBuf>,
    /// Whether bakes of all workspaces show, rather than this one's.
    pub is_everywhere: bool,
    /// What other workspaces are called, by their folders.
    names: BTreeMap<PathBuf, String>,
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

    /// How many of those that are asked for stand like this.
    pub(super) fn count(&self, status: ShelfStatus) -> usize {
        self.asked_for().filter(|row| row.status == status).count()
    }

    /// Whether it is another workspace's.
    fn is_elsewhere(&self, row: &ShelfRow) -> bool {
        self.home.as_ref().is_some_and(|home| !row.is_of(home))
    }

    /// Bakes of this workspace, or of all where those are asked for.
    pub(super) fn asked_for(&self) -> impl Iterator<Item = &ShelfRow> {
        self.rows.iter().filter(|row| self.is_everywhere || !self.is_elsewhere(row))
    }

    /// Bakes of other workspaces.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &ShelfRow> {
        self.rows.iter().filter(|row| self.is_elsewhere(row))
    }

    /// Whether bakes of several workspaces show.
    pub(super) fn is_mixed(&self) -> bool {
        self.is_everywhere && self.elsewhere().next().is_some()
    }

    /// What a bake's workspace is called: its folder, with as much of the way there as tells it from others; `-` where nobody knows.
    pub(super) fn workspace(&self, row: &ShelfRow) -> &str {
        row.workspace.as_ref().and_then(|folder| self.names.get(folder)).map_or("-", String::as_str)
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
        let folders = self.rows.iter().filter_map(|row| row.workspace.as_deref());
        self.names = names(&folders.chain(self.home.as_deref()).collect());
        self.keep_marks();
        self.sift(selected);
    }

    /// Bakes of all workspaces, or of this one again.
    pub(super) fn turn(&mut self) {
        let selected = self.selected().map(|row| row.bake.clone());
        self.is_everywhere = !self.is_everywhere;
        self.keep_marks();
        self.sift(selected);
    }

    /// What cannot show is not marked.
    fn keep_marks(&mut self) {
        let asked: BTreeSet<String> = self.asked_for().map(|row| row.bake.clone()).collect();
        self.marked.retain(|bake| asked.contains(bake));
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
        let is_mixed = self.is_mixed();
        let lets = |row: &ShelfRow| {
            if self.is_elsewhere(row) && !self.is_everywhere {
                return false;
            }
            // An engine without a name of its own is most bakes' engine: it tells none from the others.
            let texts = [row.bake.as_str(), &row.reference, row.status.as_str()];
            let workspace = is_mixed.then(|| self.workspace(row));
            let more = row.builders.iter().map(String::as_str).chain(workspace);
            let mut each = texts.into_iter().chain(more).map(|text| self.filter.lets(text));
            if self.filter.text.starts_with('!') { each.all(|lets| lets) } else { each.any(|lets| lets) }
        };
        self.shown = (0..self.rows.len()).filter(|at| lets(&self.rows[*at])).collect();
        let at = selected.and_then(|id| self.shown.iter().position(|at| self.rows[*at].bake == id));
        if let Some(at) = at {
            self.cursor.selected = at;
        }
    }
}

/// Names of folders: the last part of each, and as many before that as tell it from the others.
fn names(folders: &BTreeSet<&Path>) -> BTreeMap<PathBuf, String> {
    let end = |folder: &Path, parts: usize| {
        let all: Vec<_> = folder.components().collect();
        all[all.len().saturating_sub(parts)..].iter().collect::<PathBuf>()
    };
    let longest = |folder: &Path| folder.components().count();
    let name = |folder: &&Path| {
        let is_own =
            |parts: &usize| folders.iter().filter(|other| end(other, *parts) == end(folder, *parts)).count() < 2;
        let parts = (1..longest(folder)).find(is_own).unwrap_or(longest(folder));
        ((*folder).to_owned(), escape(&end(folder, parts).display().to_string()))
    };
    folders.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_shortly_as_tells_them_apart() {
        let folders = ["/home/a/shop", "/home/b/shop", "/home/b/pay", "/", "/shop"].map(Path::new);
        let named = names(&folders.into_iter().collect());
        let of = |folder: &str| named[Path::new(folder)].as_str();
        assert_eq!((of("/home/a/shop"), of("/home/b/shop"), of("/home/b/pay")), ("a/shop", "b/shop", "pay"));
        assert_eq!((of("/"), of("/shop")), ("/", "/shop"));
    }
}
