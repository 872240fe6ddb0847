//! One line of a text, drawn: its parts in their roles, what is wrong underlined, what is found and selected marked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Kind;
use crate::domain::recipe::{Problem, Severity};
use crate::domain::text::is_hazardous;
use crate::tui::format;
use crate::tui::theme::{Look, Role};

/// A line and what is said of its characters.
pub(in super::super) struct Line<'a> {
    /// Its text.
    pub(in super::super) text: &'a str,
    /// What each character is.
    pub(in super::super) kinds: Vec<Kind>,
    /// What is wrong with it.
    pub(in super::super) wrong: Vec<&'a Problem>,
    /// Where a word stands that is looked for.
    pub(in super::super) found: Vec<(usize, usize)>,
    /// What is selected of it; beyond its end, where the selection goes on below.
    pub(in super::super) selected: Option<(usize, usize)>,
    /// How the base shows.
    pub(in super::super) base: Role,
}

/// Columns a character takes; what cannot be shown as it is takes one.
pub(in super::super) fn columns_of(c: char) -> usize {
    match c {
        '\t' => 2,
        c if is_hazardous(c) => 1,
        c => format::width(c.encode_utf8(&mut [0; 4])),
    }
}

impl Line<'_> {
    /// Draws it from column `left` on; ends that are cut are marked.
    pub(in super::super) fn draw(&self, look: &Look, area: Rect, left: usize, buffer: &mut Buffer) {
        let mut x = 0;
        for (index, c) in self.text.chars().enumerate() {
            let wide = columns_of(c);
            let from = x;
            x += wide;
            if from < left {
                continue;
            }
            let Ok(column) = u16::try_from(from - left) else { break };
            if usize::from(column) + wide > usize::from(area.width) {
                let mark = look.span(Role::Dim, if look.ascii { ">" } else { "…" });
                buffer.set_span(area.right() - 1, area.y, &mark, 1);
                break;
            }
            let shown = match c {
                '\t' => "  ".to_owned(),
                c if is_hazardous(c) => "?".to_owned(),
                // One `?` a column: what stands behind it stays where the cursor expects it.
                c if look.ascii && !c.is_ascii() => "?".repeat(wide),
                c => c.to_string(),
            };
            let mut span = look.span(Role::Text, shown);
            span.style = self.style(look, index, c);
            buffer.set_span(area.x + column, area.y, &span, area.width - column);
        }
        // A selection that goes on below shows at the line's end.
        if self.selected.is_some_and(|(_, to)| to == usize::MAX) && x >= left {
            let column = u16::try_from(x - left).unwrap_or(u16::MAX);
            if column < area.width {
                let place = Rect { x: area.x + column, width: 1, ..area };
                buffer.set_style(place, look.style(Role::Selection));
            }
        }
        if left > 0 && x > 0 {
            buffer.set_span(area.x, area.y, &look.span(Role::Dim, if look.ascii { "<" } else { "…" }), 1);
        }
    }

    fn style(&self, look: &Look, index: usize, c: char) -> Style {
        let within = |(from, to): &(usize, usize)| (*from..*to).contains(&index);
        let mut style = look.style(match self.kinds.get(index).copied().unwrap_or(Kind::Text) {
            Kind::Key => Role::Key,
            Kind::Text | Kind::Quoted => Role::Text,
            Kind::Word => Role::Strong,
            Kind::Sign | Kind::Comment => Role::Dim,
            Kind::Base => self.base,
        });
        if let Some(problem) = self.wrong.iter().find(|problem| covers(problem, index)) {
            let severity = if problem.severity == Severity::Error { Role::Fail } else { Role::Warn };
            style = look.style(severity).add_modifier(Modifier::UNDERLINED);
        } else if c != '\t' && is_hazardous(c) {
            style = look.style(Role::Fail);
        }
        if self.found.iter().any(within) {
            style = look.style(Role::Match);
        }
        if self.selected.as_ref().is_some_and(within) {
            style = style.patch(look.style(Role::Selection));
        }
        style
    }
}

/// Whether a problem's span holds this character of its line.
fn covers(problem: &Problem, index: usize) -> bool {
    let column = u32::try_from(index + 1).unwrap_or(u32::MAX);
    let end = match problem.end {
        Some((line, column)) if line == problem.line => column,
        Some(_) => u32::MAX,
        None => problem.column + 1,
    };
    (problem.column..end.max(problem.column + 1)).contains(&column)
}
