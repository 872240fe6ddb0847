//! A passphrase being typed: never shown, never told to anybody but the effect it is for.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::{cut, open};
use crate::tui::effect::Effect;
use crate::tui::errands::Hidden;
use crate::tui::format;
use crate::tui::theme::{Look, Role};

/// A passphrase asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PassphrasePrompt {
    /// The key's file, for people.
    pub key: String,
    /// What was typed so far.
    pub typed: Hidden,
    /// Why it is asked for again.
    pub problem: Option<String>,
    /// What needed it, to be done once it is known.
    pub then: Vec<Effect>,
}

/// Such a prompt, drawn.
pub struct PassphraseBox<'a>(pub &'a PassphrasePrompt, pub &'a Look);

/// Signs shown for a long passphrase, at most.
const SHOWN: usize = 32;

impl PassphraseBox<'_> {
    /// Draws it over `body`; gives the place of the cursor.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) -> Option<Position> {
        let (prompt, look) = (self.0, self.1);
        let width = body.width.min(72);
        let text = format!(
            "What is baked here is signed with {}. Its passphrase stays in memory, for bakes begun from here, until bakery is left.",
            prompt.key
        );
        let mut lines: Vec<Line<'static>> = format::wrap(&text, usize::from(width).saturating_sub(4))
            .into_iter()
            .map(|line| Line::from(look.span(Role::Text, line)))
            .collect();
        let problem = prompt.problem.iter().flat_map(|text| format::wrap(text, usize::from(width).saturating_sub(4)));
        lines.extend(problem.map(|line| Line::from(look.span(Role::Fail, line))));
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let inner = open(look, body, (width, height), "passphrase", buffer);
        let room = inner.height.saturating_sub(1);
        for (y, line) in (inner.y..inner.y + room).zip(&lines) {
            buffer.set_line(inner.x, y, &cut(look, line, usize::from(inner.width)), inner.width);
        }
        if inner.height == 0 {
            return None;
        }
        let signs = "*".repeat(prompt.typed.len().min(SHOWN));
        let line = Line::from(vec![look.span(Role::Key, "passphrase: "), look.span(Role::Text, signs)]);
        let y = inner.bottom() - 1;
        buffer.set_line(inner.x, y, &cut(look, &line, usize::from(inner.width)), inner.width);
        let x = inner.x + u16::try_from(line.width()).unwrap_or(0).min(inner.width.saturating_sub(1));
        Some(Position { x, y })
    }
}
