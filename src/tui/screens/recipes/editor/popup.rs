//! How help at the cursor looks: a list or an explanation below the cursor's line, or above it; never over it. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::Model;
use super::complete::{ROWS, part};
use crate::domain::recipe::assist::{Completion, Source};
use crate::tui::format;
use crate::tui::screens::recipes::paint::columns_of;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::cut;

/// The widest popup.
const WIDEST: usize = 64;

impl Model {
    /// Draws what helps at the cursor, within `area`; the cursor stands at `at`.
    pub(super) fn draw_assistance(&self, look: &Look, area: Rect, at: Position, buffer: &mut Buffer) {
        let Some(text) = self.text() else { return };
        if let Some(popup) = &self.assistance.popup {
            let (_, column) = text.cursor();
            let now = part(text.line(), popup.completions.from, column);
            let shown = popup.shown(&now);
            if shown.is_empty() {
                return;
            }
            let back: usize = now.chars().map(columns_of).sum();
            let x = at.x.saturating_sub(u16::try_from(back + 3).unwrap_or(0));
            let what = heading(look, &popup.completions.what, popup.cursor.selected, shown.len());
            let lines = Lines { look, what: Some(what), rows: shown.len().min(ROWS), width: width(&shown) };
            let Some(place) = lines.open(area, Position { x, y: at.y }, buffer) else { return };
            for (y, index) in (place.y..).zip(popup.cursor.window(shown.len(), usize::from(place.height))) {
                let row = Rect { y, height: 1, ..place };
                let is_here = index == popup.cursor.selected;
                item(look, shown[index], (is_here && popup.is_chosen, widest(&shown)), row, buffer);
            }
            return;
        }
        let Some(hover) = self.meaning().filter(|_| self.assistance.is_told) else { return };
        let columns = WIDEST.min(usize::from(area.width).saturating_sub(2));
        let wrapped: Vec<String> = hover.lines.iter().flat_map(|line| format::wrap(line, columns - 2)).collect();
        let widest = wrapped.iter().map(|line| format::width(line)).max().unwrap_or(0);
        let width = (widest + 2).max(format::width(&hover.title) + 2).min(columns);
        let what = Line::from(look.span(Role::Strong, hover.title.clone()));
        let lines = Lines { look, what: Some(what), rows: wrapped.len(), width };
        let Some(place) = lines.open(area, at, buffer) else { return };
        for (y, line) in (place.y..place.bottom()).zip(wrapped) {
            let line = cut(look, &Line::from(look.span(Role::Text, line)), usize::from(place.width) - 1);
            buffer.set_line(place.x + 1, y, &line, place.width - 1);
        }
    }
}

/// A place over the text.
struct Lines<'a> {
    look: &'a Look,
    what: Option<Line<'static>>,
    rows: usize,
    width: usize,
}

impl Lines<'_> {
    /// Clears it below the cursor's line, or above where there is more room; gives what is left below its heading.
    fn open(&self, area: Rect, at: Position, buffer: &mut Buffer) -> Option<Rect> {
        let wanted = u16::try_from(self.rows + usize::from(self.what.is_some())).unwrap_or(u16::MAX);
        let (above, below) = (at.y.saturating_sub(area.y), area.bottom().saturating_sub(at.y + 1));
        let is_below = below >= wanted || below >= above;
        let height = wanted.min(if is_below { below } else { above });
        let width = u16::try_from(self.width).unwrap_or(u16::MAX).min(area.width);
        if height == 0 || width < 8 {
            return None;
        }
        let y = if is_below { at.y + 1 } else { at.y - height };
        let x = at.x.max(area.x).min(area.right() - width);
        let place = Rect { x, y, width, height }.intersection(buffer.area);
        Clear.render(place, buffer);
        buffer.set_style(place, self.look.style(Role::SelectionIdle));
        let Some(what) = self.what.as_ref().filter(|_| place.height > 1) else { return Some(place) };
        let what = cut(self.look, what, usize::from(place.width).saturating_sub(2));
        buffer.set_line(place.x + 1, place.y, &what, place.width - 1);
        Some(Rect { y: place.y + 1, height: place.height - 1, ..place })
    }
}

fn heading(look: &Look, what: &str, selected: usize, count: usize) -> Line<'static> {
    let of = if count > ROWS { format!("{} of {count}", selected + 1) } else { count.to_string() };
    let name = if what.is_empty() { of } else { format!("{what}{}{of}", look.dot()) };
    Line::from(look.span(Role::Dim, name))
}

/// Columns of the widest name.
fn widest(items: &[&Completion]) -> usize {
    items.iter().map(|item| format::width(&item.label)).max().unwrap_or(0)
}

/// Mark, sign, name, two blanks, note.
fn width(items: &[&Completion]) -> usize {
    let note = items.iter().map(|item| format::width(&item.note)).max().unwrap_or(0);
    (widest(items) + note + 6).clamp(20, WIDEST)
}

/// What a suggestion is taken from, as a sign.
fn origin(source: Source) -> Option<Glyph> {
    match source {
        Source::Base | Source::Store => Some(Glyph::Global),
        Source::Recipe | Source::Files => Some(Glyph::Local),
        Source::Language => None,
    }
}

fn item(look: &Look, item: &Completion, (is_chosen, widest): (bool, usize), row: Rect, buffer: &mut Buffer) {
    if is_chosen {
        buffer.set_style(row, look.style(Role::Selection));
        buffer.set_span(row.x, row.y, &look.span(Role::Accent, look.mark()), 1);
    }
    if let Some(glyph) = origin(item.source) {
        buffer.set_span(row.x + 1, row.y, &look.glyph(glyph), 1);
    }
    let room = usize::from(row.width).saturating_sub(4);
    // The name goes first: a note is shown where there is room beside it.
    let name = cut(look, &Line::from(look.span(Role::Text, item.label.clone())), room);
    buffer.set_line(row.x + 3, row.y, &name, row.width.saturating_sub(3));
    let left = room.saturating_sub(widest + 2);
    if left > 3 && !item.note.is_empty() {
        let note = cut(look, &Line::from(look.span(Role::Dim, item.note.clone())), left);
        let x = row.x + 5 + u16::try_from(widest).unwrap_or(0);
        buffer.set_line(x, row.y, &note, row.right().saturating_sub(x));
    }
}
