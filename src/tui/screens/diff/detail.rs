//! What is selected, in full: what happened to a path, before and after, who did it, what is in it; a fact; a layer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::files::{folds, glyph_of};
use super::pane::{Pane, counts};
use super::{Matter, Model, Reading, Tab};
use crate::domain::text::escape;
use crate::domain::units;
use crate::tui::theme::{Look, Role};

impl Model {
    /// Draws the right pane.
    pub(super) fn draw_detail(&self, matter: &Matter, look: &Look, area: Rect, buffer: &mut Buffer) {
        let everything = self.shows_everything(matter);
        let pane = Pane { look, everything, columns: usize::from(area.width) };
        let reading = self.reading.as_ref();
        let is_content = |reading: &&Reading| reading.content && self.tab == Tab::Files && !self.files.filter.editing;
        if let Some(reading) = reading.filter(is_content) {
            self.draw_content(matter, pane, (reading, area), buffer);
        } else {
            let lines = self.detail_lines(matter, pane);
            let top = reading.map_or(0, |reading| reading.top);
            pane.put(&lines, top, area, buffer);
        }
        if self.reads() && area.x > 1 {
            // Which pane has the keys.
            buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
        }
    }

    /// Whether all there is in one image shows.
    pub(super) fn shows_everything(&self, matter: &Matter) -> bool {
        self.tab == Tab::Files && matter.is_everything(self.files.query.sieve.part)
    }

    pub(super) fn detail_lines(&self, matter: &Matter, pane: Pane<'_>) -> Vec<Line<'static>> {
        match self.tab {
            Tab::Files if self.files.filter.editing => pane.language(),
            Tab::Files => self.path_lines(matter, pane),
            Tab::Packages | Tab::Config => self.fact_lines(pane),
            Tab::Trust => self.trust_lines(pane.look, pane.columns),
            Tab::Layers => match self.selected_layer() {
                Some(row) => pane.layer(row, matter.before.is_some()),
                None => pane.all_layers(matter),
            },
        }
    }

    fn path_lines(&self, matter: &Matter, pane: Pane<'_>) -> Vec<Line<'static>> {
        let Some((row, listing)) = self.files.selected().zip(self.files.listing.as_ref()) else { return Vec::new() };
        let (path, part) = (listing.path(row.branch), listing.sieve.part);
        let changed = listing.changed(row.branch);
        let mut lines = pane.title(&path, changed.as_ref());
        if let Some(changed) = &changed {
            lines.extend(pane.what(changed));
            lines.extend(pane.values(changed));
            lines.extend(pane.makers(matter.made_by(part, changed), matter.was_by(part, changed)));
        }
        if folds(listing, row.branch)
            && let Some(branch) = listing.branch(row.branch)
        {
            let totals = branch.totals;
            lines.extend(pane.part("with all below"));
            let mut spans = vec![Span::raw("  ")];
            match pane.everything {
                true => {
                    let paths = format!("{} paths", units::grouped(totals.paths().into()));
                    spans.push(pane.look.span(Role::Dim, paths));
                }
                false => spans.extend(counts(pane.look, &totals)),
            }
            for (sign, bytes) in [("+", totals.bytes), ("-", totals.gone)].into_iter().filter(|(_, bytes)| *bytes > 0) {
                spans.push(pane.look.span(Role::Dim, format!("{}{sign}{}", pane.look.dot(), units::bytes(bytes))));
            }
            lines.push(Line::from(spans));
        } else if !self.sources(matter).is_empty() {
            lines.push(Line::default());
            lines.push(pane.hint("Enter", "shows what is in it"));
        }
        lines
    }

    fn fact_lines(&self, pane: Pane<'_>) -> Vec<Line<'static>> {
        let Some(fact) = self.selected_fact() else { return Vec::new() };
        let look = pane.look;
        let sign = fact.kind.map_or_else(|| Span::raw(" "), |kind| look.glyph(glyph_of(kind)));
        let mut lines = vec![Line::from(vec![sign, look.span(Role::Strong, format!(" {}", escape(&fact.name)))])];
        let named = if fact.kind.is_some() { ["before", "after"] } else { ["", "value"] };
        for (name, value) in named.into_iter().zip([&fact.before, &fact.after]) {
            if let Some(value) = value {
                lines.extend(pane.rows(name, Role::Text, &escape(value)));
            }
        }
        lines
    }
}
