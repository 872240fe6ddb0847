//! How the commands given so far look: the newest first, with time and outcome. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Commands, Outcome};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{cut, open_box, selected_bar, selected_evenly};

/// The list, drawn.
pub struct CommandsBox<'a>(pub &'a Commands, pub &'a Look);

impl CommandsBox<'_> {
    /// Rows that show over `body`.
    pub fn rows(body: Rect) -> usize {
        usize::from(body.height.saturating_sub(4)).max(1)
    }

    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (log, look) = (self.0, self.1);
        let rows = log.all.len().clamp(1, Self::rows(body));
        let size = (body.width.min(110), u16::try_from(rows).unwrap_or(u16::MAX));
        let inner = open_box(look, body, size, "commands so far", buffer);
        if log.all.is_empty() && inner.height > 0 {
            let text = look.span(Role::Dim, "none yet: what you do here shows as the command that does the same");
            buffer.set_line(inner.x, inner.y, &cut(look, &Line::from(text), inner.width.into()), inner.width);
        }
        for (y, index) in (inner.y..inner.bottom()).zip(log.cursor.window(log.all.len(), inner.height.into())) {
            let Some(entry) = log.all.iter().rev().nth(index) else { break };
            let place = Rect { y, height: 1, ..inner };
            let is_selected = index == log.cursor.selected;
            if is_selected {
                selected_bar(look, true, place, buffer);
            }
            let (glyph, said) = match &entry.outcome {
                Outcome::Going => (Glyph::Running, String::new()),
                Outcome::Done(said) => (Glyph::Pass, said.clone()),
                Outcome::Failed(said) => (Glyph::Fail, said.clone()),
            };
            let (hour, minute, second) = entry.at.to_hms();
            let sign = look.glyph(glyph);
            let pad = " ".repeat(3usize.saturating_sub(sign.width()));
            let role = if glyph == Glyph::Fail { Role::Fail } else { Role::Dim };
            let line = Line::from(vec![
                look.span(Role::Dim, format!("{hour:02}:{minute:02}:{second:02} ")),
                sign,
                look.span(Role::Text, format!("{pad}{}", entry.command)),
                look.span(role, if said.is_empty() { said } else { format!("  {said}") }),
            ]);
            let room = inner.width.saturating_sub(2);
            buffer.set_line(place.x + 2, y, &cut(look, &line, room.into()), room);
            if is_selected {
                selected_evenly(look, place, buffer);
            }
        }
    }
}
