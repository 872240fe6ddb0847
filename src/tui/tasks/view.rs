//! How what is under way looks: one row a task or bake, since when, how far. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Cursor, cut, open_box, selected_bar, selected_evenly};

/// A row of the list.
pub struct TaskRow {
    /// What it is.
    pub what: String,
    /// How far it is.
    pub progress: String,
    /// How long it has been at it, in milliseconds.
    pub millis: u64,
}

/// The list, drawn.
pub struct TasksBox<'a> {
    /// What is under way.
    pub rows: &'a [TaskRow],
    /// What is selected.
    pub cursor: Cursor,
    /// The look.
    pub look: &'a Look,
}

/// Rows shown at once, at most.
pub const ROWS: usize = 12;

impl TasksBox<'_> {
    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let look = self.look;
        let rows = self.rows.len().clamp(1, ROWS);
        let title =
            if self.rows.is_empty() { "under way".to_owned() } else { format!("under way  {}", self.rows.len()) };
        let inner = open_box(look, body, (body.width.min(96), u16::try_from(rows).unwrap_or(1)), &title, buffer);
        if self.rows.is_empty() && inner.height > 0 {
            let text = look.span(Role::Dim, "nothing: what takes a while shows here");
            buffer.set_span(inner.x, inner.y, &text, inner.width);
        }
        for (y, index) in (inner.y..inner.bottom()).zip(self.cursor.window(self.rows.len(), inner.height.into())) {
            let (row, place) = (&self.rows[index], Rect { y, height: 1, ..inner });
            let is_selected = index == self.cursor.selected;
            if is_selected {
                selected_bar(look, true, place, buffer);
            }
            let clock = format::clock(row.millis);
            let room = usize::from(inner.width).saturating_sub(2 + 3 + clock.len() + 2);
            let mut what = vec![look.span(Role::Text, row.what.clone())];
            if !row.progress.is_empty() {
                what.push(look.span(Role::Dim, format!("  {}", row.progress)));
            }
            buffer.set_span(place.x + 2, y, &look.glyph(Glyph::Running), 2);
            let room_columns = u16::try_from(room).unwrap_or(0);
            buffer.set_line(place.x + 5, y, &cut(look, &Line::from(what), room), room_columns);
            let x = place.right().saturating_sub(u16::try_from(clock.len()).unwrap_or(0));
            buffer.set_span(x, y, &look.span(Role::Dim, clock), inner.width);
            if is_selected {
                selected_evenly(look, place, buffer);
            }
        }
    }
}
