//! What the mouse points at on the Bake screen: steps, changed files, checks, the log.

use ratatui::layout::Position;

use super::{Focus, Model, Pane};
use crate::tui::screens::Around;

impl Model {
    /// A click selects what it hits and gives its pane the keys.
    pub(super) fn click(&mut self, at: Position, around: &Around) {
        match self.places(around).pane_at(at) {
            Some(Focus::Log) => self.open_log(),
            Some(Focus::Evidence) => self.open_evidence(),
            Some(Focus::Changes) => {
                if let Some(row) = self.change_at(at, around) {
                    drop(self.open_changes());
                    let height = self.changes_height(around);
                    self.changed.with_tree(|fold, tree| fold.select(tree, row, height));
                }
            }
            Some(Focus::Checks) => {
                let row = self.places(around).checks.map_or(0, |area| at.y - area.y);
                self.click_check(usize::from(row), around);
            }
            Some(Focus::Steps) => {
                self.leave_changes();
                self.focus.0 = Focus::Steps;
                if let Some(row) = self.step_at(at, around) {
                    self.held = true;
                    let (len, height) = (self.rows().len(), self.steps_height(around));
                    self.steps.go(row, len, height);
                }
            }
            None => {}
        }
    }

    /// Whether what is selected stands there, in the pane with the keys.
    pub(super) fn is_selected_at(&self, at: Position, around: &Around) -> bool {
        let places = self.places(around);
        match (places.pane_at(at), self.focus.0) {
            (Some(Focus::Steps), Focus::Steps) => self.step_at(at, around) == Some(self.steps.selected),
            (Some(Focus::Changes), Focus::Changes) => {
                self.change_at(at, around) == Some(self.changed.fold.cursor.selected)
            }
            (Some(Focus::Checks), Focus::Checks) => places.checks.is_some_and(|area| {
                self.checks.cursor.offset + usize::from(at.y - area.y) == self.checks.cursor.selected
            }),
            _ => false,
        }
    }

    /// Gives the keys to the pane there; how many lines a turn of the wheel moves it by.
    pub(super) fn point(&mut self, at: Position, around: &Around) -> usize {
        let pane = self.places(around).pane_at(at);
        match pane {
            Some(pane) if pane == self.focus.0 => {}
            Some(Focus::Log) => self.open_log(),
            Some(Focus::Evidence) => self.open_evidence(),
            Some(Focus::Checks) => {
                self.leave_changes();
                self.focus = (Focus::Checks, Pane::Checks);
                self.settle_checks(self.checks_height(around));
            }
            Some(Focus::Changes) if !self.changed.fold.is_empty() => drop(self.open_changes()),
            Some(Focus::Steps) => {
                self.leave_changes();
                self.focus.0 = Focus::Steps;
            }
            _ => {}
        }
        if matches!(self.focus.0, Focus::Log | Focus::Evidence) { 3 } else { 1 }
    }

    /// The step in that row.
    fn step_at(&self, at: Position, around: &Around) -> Option<usize> {
        let area = self.places(around).steps.filter(|area| area.contains(at))?;
        let row = self.steps.offset + usize::from(at.y - area.y);
        (row < self.rows().len()).then_some(row)
    }

    /// The changed path in that row.
    fn change_at(&self, at: Position, around: &Around) -> Option<usize> {
        let area = self.places(around).step.filter(|area| area.contains(at))?;
        let row = usize::from(at.y.checked_sub(super::step::tree_area(self, area).y)?);
        let row = self.changed.fold.cursor.offset + row;
        (row < self.changed.fold.len()).then_some(row)
    }
}
