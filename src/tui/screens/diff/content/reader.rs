//! The right pane with what is in the selected file: what happened above, contents below, in step with the selection.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::pane::Pane;
use super::super::{Matter, Model, Reading};
use super::ContentView;
use super::Shown;
use crate::domain::text::escape_bytes;
use crate::domain::units;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::rule;

impl Model {
    /// Lines of the contents on show.
    pub(in crate::tui::screens::diff) fn content_length(&self, around: &Around) -> usize {
        let Some(reading) = &self.reading else { return 0 };
        if !reading.content {
            let columns = self.places(around).detail.map_or(0, |area| usize::from(area.width));
            let look = Look::of_roles(false);
            return self.matter.as_ref().map_or(0, |matter| {
                let everything = self.shows_everything(matter);
                self.detail_lines(matter, Pane { look: &look, everything, columns }).len()
            });
        }
        match &reading.shown {
            Some(Ok(shown)) => shown.len(self.is_beside(around)),
            _ => 1,
        }
    }

    /// How many of them show at once.
    pub(in crate::tui::screens::diff) fn content_height(&self, around: &Around) -> usize {
        let Some(area) = self.places(around).detail else { return 1 };
        let content = self.reading.as_ref().is_some_and(|reading| reading.content);
        let above = if content { self.above_content() } else { 0 };
        usize::from(area.height.saturating_sub(above)).max(1)
    }

    /// Whether before and after stand beside each other.
    pub(in crate::tui::screens::diff) fn is_beside(&self, around: &Around) -> bool {
        let width = self.places(around).detail.map_or(0, |area| area.width);
        let shown = self.reading.as_ref().and_then(|reading| reading.shown.as_ref());
        shown.and_then(|shown| shown.as_ref().ok()).is_some_and(|shown| Self::beside(width, shown))
    }

    /// Lines above the contents: what it is, what of it is not shown, a rule.
    fn above_content(&self) -> u16 {
        u16::try_from(3 + self.notes().len()).unwrap_or(3)
    }

    fn notes(&self) -> &[String] {
        match self.reading.as_ref().and_then(|reading| reading.shown.as_ref()) {
            Some(Ok(shown)) => &shown.notes,
            _ => &[],
        }
    }

    pub(in crate::tui::screens::diff) fn draw_content(
        &self,
        matter: &Matter,
        pane: Pane<'_>,
        (reading, area): (&Reading, Rect),
        buffer: &mut Buffer,
    ) {
        let look = pane.look;
        let Some((row, listing)) = self.files.selected().zip(self.files.listing.as_ref()) else { return };
        let changed = listing.changed(row.branch);
        let path = escape_bytes(&listing.path(row.branch));
        let sign = pane.sign(changed.as_ref());
        let mut lines = vec![Line::from(vec![sign, look.span(Role::Strong, format!(" /{path}"))])];
        lines.push(changed.map(|changed| pane.summary(matter, listing.sieve.part, &changed)).unwrap_or_default());
        lines.extend(self.notes().iter().map(|note| {
            Line::from(vec![
                look.span(Role::Text, "  "),
                look.glyph(Glyph::Warn),
                look.span(Role::Dim, format!(" {note}")),
            ])
        }));
        pane.put(&lines, 0, area, buffer);
        let above = self.above_content();
        let line = Rect { y: area.y + above - 1, height: 1, ..area }.intersection(area);
        let place = Rect { y: area.y + above, height: area.height.saturating_sub(above), ..area };
        let width = area.width;
        let state = match &reading.shown {
            Some(Ok(shown)) => position(look, shown, reading.top, (place.height, Self::beside(width, shown))),
            _ => Vec::new(),
        };
        rule(look, line, &[look.span(Role::Dim, "content")], &state, buffer);
        match &reading.shown {
            None if reading.sources.is_empty() => {
                pane.put(&[pane.note("no file: there is nothing to read")], 0, place, buffer);
            }
            None => {
                let waiting = Line::from(vec![look.span(Role::Dim, "  reading "), look.glyph(Glyph::Running)]);
                pane.put(&[waiting], 0, place, buffer);
            }
            Some(Err(report)) => {
                let mut lines = vec![Line::from(vec![look.glyph(Glyph::Fail), Span::raw(" ")])];
                lines[0].spans.push(look.span(Role::Text, report.message.clone()));
                let more = report.causes.iter().chain(&report.help);
                lines.extend(more.flat_map(|text| pane.wrapped(Role::Dim, text)));
                pane.put(&lines, 0, place, buffer);
            }
            Some(Ok(shown)) => {
                let beside = Self::beside(width, shown);
                ContentView { look, shown, top: reading.top, beside }.draw(place, buffer);
            }
        }
    }
}

/// Which lines show, of how many.
fn position(look: &Look, shown: &Shown, top: usize, (height, beside): (u16, bool)) -> Vec<Span<'static>> {
    let len = shown.len(beside);
    if len <= usize::from(height) {
        return Vec::new();
    }
    let (from, to) = (units::grouped(top as u64 + 1), units::grouped((top + usize::from(height)).min(len) as u64));
    let dash = if look.ascii { "-" } else { "–" };
    vec![look.span(Role::Dim, format!("{from}{dash}{to} of {}", units::grouped(len as u64)))]
}
