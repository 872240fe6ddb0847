//! The right pane: the selected image in words, or what was asked and what came of it. Lines only; draws nothing.

mod answer;
mod came;
mod node;
mod stack;

pub use answer::{Answer, Asked, Came};

use ratatui::text::{Line, Span};

use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::badge;

/// One thing that is said, before it is broken into lines. Made once, when an answer comes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// In cells of its own, where nothing from outside stands.
    glyph: Option<Glyph>,
    role: Role,
    indent: usize,
    text: String,
}

impl Said {
    fn new(glyph: Option<Glyph>, role: Role, indent: usize, text: impl Into<String>) -> Self {
        Self { glyph, role, indent, text: text.into() }
    }

    fn plain(role: Role, indent: usize, text: impl Into<String>) -> Self {
        Self::new(None, role, indent, text)
    }

    fn blank() -> Self {
        Self::plain(Role::Text, 0, "")
    }

    /// Its lines in a pane of so many columns.
    fn lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        let indent = 2 * self.indent;
        let sign = usize::from(look.glyph_width() + 1);
        let room = columns.saturating_sub(indent + sign).max(8);
        let wrapped = format::wrap(&self.text, room);
        let mut first = self.glyph;
        let line = |text: String| {
            let mut spans = vec![Span::raw(" ".repeat(indent))];
            match first.take() {
                Some(glyph) => spans.extend(badge(look, glyph)),
                None => spans.push(Span::raw(" ".repeat(sign))),
            }
            spans.push(look.span(self.role, text));
            Line::from(spans)
        };
        if wrapped.is_empty() { vec![Line::default()] } else { wrapped.into_iter().map(line).collect() }
    }

    /// How many lines it takes.
    fn height(&self, look: &Look, columns: usize) -> usize {
        self.lines(look, columns).len()
    }
}

/// A heading within the pane: `─ packages ─────── 2`.
fn part(look: &Look, name: &str, right: &str, columns: usize) -> Line<'static> {
    let dash = look.horizontal();
    let rule = |text: String| Span::styled(text, look.style(Role::Rule));
    let used = format::width(name) + format::width(right) + 5;
    let fill = dash.repeat(columns.saturating_sub(used));
    let mut spans = vec![rule(format!("{dash} ")), look.span(Role::Dim, name.to_owned()), rule(format!(" {fill} "))];
    spans.push(look.span(Role::Dim, right.to_owned()));
    Line::from(spans)
}

/// Columns of a value's name.
const NAME: usize = 9;

/// A value after its name, broken where it has to be.
fn row(look: &Look, name: &str, (role, value): (Role, &str), columns: usize) -> Vec<Line<'static>> {
    let parts = format::wrap(value, columns.saturating_sub(NAME + 4).max(8));
    let line = |(at, part): (usize, String)| {
        let name = format::left(if at == 0 { name } else { "" }, NAME, look.ellipsis());
        Line::from(vec![look.span(Role::Dim, format!("  {name}  ")), look.span(role, part)])
    };
    parts.into_iter().enumerate().map(line).collect()
}
