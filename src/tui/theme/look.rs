//! A theme on one terminal: what views draw with. Every text passes through it, so nothing from outside steers a
//! terminal.

use ratatui::style::{Color, Style};
use ratatui::text::Span;

use super::{Glyph, Role};
use crate::domain::text::{escape, is_hazardous};

/// What pictures are painted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Behind everything.
    pub background: Color,
    /// Text without a colour of its own.
    pub text: Color,
}

/// A look a role, for one terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub(super) styles: [Style; Role::ALL.len()],
    /// Plain characters only.
    pub ascii: bool,
    /// For pictures.
    pub canvas: Canvas,
}

impl Look {
    /// A look in which every role is a colour number of its own: tests read roles back from it.
    pub fn of_roles(ascii: bool) -> Self {
        let mut styles = [Style::new(); Role::ALL.len()];
        for (number, style) in (0u8..).zip(&mut styles) {
            *style = match Role::ALL[usize::from(number)] {
                Role::Selection | Role::SelectionIdle => Style::new().bg(Color::Indexed(number)),
                _ => Style::new().fg(Color::Indexed(number)),
            };
        }
        Self { styles, ascii, canvas: Canvas { background: Color::Black, text: Color::White } }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Text in a role; whatever it holds, only visible characters remain.
    pub fn span(&self, role: Role, text: impl Into<String>) -> Span<'static> {
        let text: String = text.into();
        let clean = if text.chars().any(is_hazardous) { escape(&text) } else { text };
        let shown = if self.ascii && !clean.is_ascii() { plain(&clean) } else { clean };
        Span::styled(shown, self.style(role))
    }

    /// A glyph in its role.
    pub fn glyph(&self, glyph: Glyph) -> Span<'static> {
        Span::styled(glyph.text(self.ascii), self.style(glyph.role()))
    }

    /// Columns a glyph takes in a table.
    pub fn glyph_width(&self) -> u16 {
        if self.ascii { 2 } else { 1 }
    }

    /// What stands for text that was cut.
    pub fn ellipsis(&self) -> &'static str {
        if self.ascii { ".." } else { "…" }
    }

    /// The mark beside what is selected.
    pub fn mark(&self) -> &'static str {
        if self.ascii { ">" } else { "▌" }
    }

    /// The mark beside what has just come.
    pub fn newest(&self) -> &'static str {
        if self.ascii { "*" } else { "›" }
    }

    /// The sign of a folder that is open, or is not.
    pub fn fold(&self, open: bool) -> &'static str {
        match (open, self.ascii) {
            (true, false) => "▾",
            (false, false) => "▸",
            (true, true) => "v",
            (false, true) => ">",
        }
    }

    /// A horizontal rule's character.
    pub fn horizontal(&self) -> &'static str {
        if self.ascii { "-" } else { "─" }
    }

    /// A vertical rule's character.
    pub fn vertical(&self) -> &'static str {
        if self.ascii { "|" } else { "│" }
    }

    /// Between facts on one line.
    pub fn dot(&self) -> &'static str {
        if self.ascii { " - " } else { " · " }
    }
}

/// Text for terminals that have plain characters only: ours by their plain forms, others as `?`.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '…' => out.push_str(".."),
            '→' => out.push_str("->"),
            '←' => out.push_str("<-"),
            '─' | '–' | '—' => out.push('-'),
            '│' => out.push('|'),
            '·' => out.push('-'),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
