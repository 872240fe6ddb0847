//! The keys of where one is, from the keymap in force. Knows no screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{cut, open};
use crate::tui::format;
use crate::tui::keymap::{Bound, Keymap, Scope};
use crate::tui::theme::{Look, Role};

/// The keys of where one is, drawn. `from` is the first line shown.
pub struct HelpBox<'a> {
    /// The keys in force.
    pub keymap: &'a Keymap,
    /// Whether a key does something here; one that does not is dim, and says so.
    pub offers: &'a dyn Fn(&Bound) -> bool,
    /// Where one is, innermost first.
    pub scopes: &'a [Scope],
    /// The first line shown.
    pub from: usize,
    /// The look.
    pub look: &'a Look,
}

impl HelpBox<'_> {
    /// Every line there is: headings, and keys with what they do.
    pub fn lines(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for scope in self.scopes {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(self.look.span(Role::Strong, scope.title())));
            for bound in self.keymap.of(*scope).filter(|bound| !bound.keys.is_empty()) {
                let keys = bound.shown_keys(self.look.ascii);
                let (key, text, not) = match (self.offers)(bound) {
                    true => (Role::Key, Role::Text, ""),
                    false => (Role::Dim, Role::Dim, " (not here)"),
                };
                let keys = format::left(&keys, 18, self.look.ellipsis());
                lines.push(Line::from(vec![
                    self.look.span(key, keys),
                    self.look.span(text, format!("{}{not}", bound.label)),
                ]));
            }
            for (word, meaning) in scope.notes() {
                let word = self.look.span(Role::Match, format::left(word, 18, "…"));
                lines.push(Line::from(vec![word, self.look.span(Role::Dim, *meaning)]));
            }
        }
        lines
    }

    /// The lines beside each other where there is room, with the second column's first line.
    fn columns(&self, body: Rect) -> (Vec<Line<'static>>, Option<usize>) {
        let lines = self.lines();
        if body.width < TWO_COLUMNS || lines.len() + 2 <= usize::from(body.height) {
            return (lines, None);
        }
        let half = lines.len() / 2;
        let blanks = (1..lines.len()).filter(|at| lines[*at].spans.is_empty());
        let middle = blanks.min_by_key(|at| at.abs_diff(half)).map(|at| at + 1);
        (lines, middle)
    }

    /// Rows there are, and rows that show at once, over `body`.
    pub fn rows(&self, body: Rect) -> (usize, usize) {
        let (lines, middle) = self.columns(body);
        let rows = middle.map_or(lines.len(), |middle| (middle - 1).max(lines.len() - middle));
        (rows, rows.min(usize::from(body.height.saturating_sub(2))))
    }

    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (lines, middle) = self.columns(body);
        let (rows, page) = self.rows(body);
        let from = self.from.min(rows.saturating_sub(page));
        let first = &lines[..middle.map_or(lines.len(), |middle| middle - 1)];
        let second = middle.map(|middle| &lines[middle..]).unwrap_or_default();
        // As wide as what it says, where there is room.
        let [left, right] = [first, second].map(longest);
        let width = match middle {
            Some(_) => (left + right + 6).clamp(TWO_COLUMNS, TWO_COLUMNS.max(body.width)),
            None => (left + 5).clamp(64, body.width.max(64)).min(body.width),
        };
        let height = u16::try_from(page).unwrap_or(u16::MAX);
        let title = if rows > page {
            let (dash, of) = (if self.look.ascii { "-" } else { "–" }, from + page);
            format!("keys  {}{dash}{of} of {rows}", from + 1)
        } else {
            "keys".to_owned()
        };
        let inner = open(self.look, body, (width, height), &title, buffer);
        let half = match middle {
            Some(_) => (left + 2).min(inner.width - right.min(inner.width / 2)),
            None => inner.width,
        };
        for (column, lines, room) in [(0, first, half), (half, second, inner.width - half + 1)] {
            for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(from)) {
                let room = room.saturating_sub(1);
                buffer.set_line(inner.x + column, y, &cut(self.look, line, usize::from(room)), room);
            }
        }
    }
}

/// Columns of the longest of some lines.
fn longest(lines: &[Line<'_>]) -> u16 {
    lines.iter().map(Line::width).max().and_then(|longest| u16::try_from(longest).ok()).unwrap_or(0)
}

/// From this width on, the keys stand in two columns where they are too many for one.
const TWO_COLUMNS: u16 = 116;
