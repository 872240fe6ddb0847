//! What the mouse points at on the Diff screen: parts, rows, the pane that reads.

use ratatui::layout::Position;

use super::model::Places;
use super::{Model, Tab};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::{Cursor, Divider};

impl Model {
    pub(super) fn click(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let Places { tabs, list, detail, .. } = self.places(around);
        if self.matter.is_none() {
            return Vec::new();
        }
        if let Some(tab) =
            tabs.filter(|area| area.contains(at)).and_then(|area| super::view::tab_at(self, at.x - area.x))
        {
            self.tab = tab;
        } else if list.is_some_and(|area| area.contains(at)) {
            if let Some(reading) = &mut self.reading {
                reading.focused = false;
            }
            if let Some(row) = self.row_at(at, around) {
                let height = self.height(around);
                let (cursor, len) = self.list_cursor();
                cursor.go(row, len, height);
            }
        } else if detail.is_some_and(|area| area.contains(at))
            && let Some(reading) = &mut self.reading
        {
            reading.focused = true;
        }
        Vec::new()
    }

    /// The selection of the part that shows, and how many rows there are.
    fn list_cursor(&mut self) -> (&mut Cursor, usize) {
        let (facts, layers, trust) = (self.facts().len(), self.layer_count(), self.trust_count());
        match self.tab {
            Tab::Files => (&mut self.files.cursor, self.files.rows.len()),
            Tab::Packages => (&mut self.packages, facts),
            Tab::Config => (&mut self.config, facts),
            Tab::Trust => (&mut self.trust.cursor, trust),
            Tab::Layers => (&mut self.layers, layers),
        }
    }

    /// The row of the list that stands there.
    fn row_at(&self, at: Position, around: &Around) -> Option<usize> {
        let area = self.places(around).list.filter(|area| area.contains(at))?;
        let (cursor, len, heading) = match self.tab {
            Tab::Files => (self.files.cursor, self.files.rows.len(), 0),
            Tab::Packages => (self.packages, self.facts().len(), 1),
            Tab::Config => (self.config, self.facts().len(), 1),
            Tab::Trust => (self.trust.cursor, self.trust_count(), 1),
            Tab::Layers => (self.layers, self.layer_count(), 1),
        };
        let row = usize::from(at.y - area.y).checked_sub(heading).filter(|row| *row < self.height(around))?;
        Some(cursor.offset + row).filter(|row| *row < len)
    }

    /// Whether the selected row stands there.
    pub(super) fn is_selected_at(&self, at: Position, around: &Around) -> bool {
        let selected = match self.tab {
            Tab::Files => self.files.cursor,
            Tab::Packages => self.packages,
            Tab::Config => self.config,
            Tab::Trust => self.trust.cursor,
            Tab::Layers => self.layers,
        };
        self.matter.is_some() && self.row_at(at, around) == Some(selected.selected)
    }

    /// Gives the keys to the pane there.
    pub(super) fn point(&mut self, at: Position, around: &Around) -> usize {
        let in_detail = self.places(around).detail.is_some_and(|area| area.contains(at));
        let Some(reading) = &mut self.reading else { return 1 };
        reading.focused = in_detail;
        if in_detail { 3 } else { 1 }
    }

    pub(super) fn rules(&self, around: &Around) -> Vec<Divider> {
        if self.matter.is_some() { self.places(around).split.dividers() } else { Vec::new() }
    }
}
