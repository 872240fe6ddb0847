//! How contents look: lines with their numbers, what went and what came in its colour; beside each other where there is
//! room; bytes as a dump. Makes only what is in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Body, HexRow, Pair, Shown, Tag, TextLine, hex};
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::cut;

/// Contents to be drawn.
pub struct ContentView<'a> {
    /// The look.
    pub look: &'a Look,
    /// The contents.
    pub shown: &'a Shown,
    /// The first line shown.
    pub top: usize,
    /// Whether before and after stand beside each other.
    pub beside: bool,
}

impl ContentView<'_> {
    /// Draws the lines in sight.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let columns = usize::from(area.width);
        let len = self.shown.len(self.beside);
        for (y, at) in (area.y..area.bottom()).zip(self.top..len) {
            let line = self.line(at, columns);
            buffer.set_line(area.x, y, &cut(self.look, &line, columns), area.width);
        }
    }

    fn line(&self, at: usize, columns: usize) -> Line<'static> {
        let look = self.look;
        match &self.shown.body {
            Body::Empty => Line::from(look.span(Role::Dim, "  nothing is in it")),
            Body::Alike => Line::from(look.span(Role::Dim, "  the same bytes")),
            Body::Text { lines, pairs } if self.beside => {
                pairs.get(at).map(|pair| self.pair(lines, *pair, columns)).unwrap_or_default()
            }
            Body::Text { lines, .. } => lines.get(at).map(|line| self.unified(line, digits(lines))).unwrap_or_default(),
            Body::Bytes { before, after, rows } => {
                rows.get(at).map(|row| self.bytes(*row, before, after)).unwrap_or_default()
            }
        }
    }

    fn unified(&self, line: &TextLine, digits: usize) -> Line<'static> {
        let number = if line.new > 0 { line.new } else { line.old };
        let mut spans = match line.tag {
            Tag::Gap(gap) => return self.gap(gap, "line"),
            _ => vec![self.look.span(Role::Dim, format!("{number:>digits$} "))],
        };
        spans.extend(self.signed(line.tag, &line.text));
        Line::from(spans)
    }

    /// The sign and the text of a line, in the colour of what happened to it.
    fn signed(&self, tag: Tag, text: &str) -> [Span<'static>; 2] {
        let look = self.look;
        match tag {
            Tag::Added => [look.glyph(Glyph::Added), look.span(Role::Added, format!(" {text}"))],
            Tag::Deleted => [look.glyph(Glyph::Deleted), look.span(Role::Deleted, format!(" {text}"))],
            Tag::Same | Tag::Gap(_) => [look.span(Role::Text, " "), look.span(Role::Text, format!(" {text}"))],
        }
    }

    fn pair(&self, lines: &[TextLine], pair: Pair, columns: usize) -> Line<'static> {
        if pair.gap > 0 {
            return self.gap(pair.gap, "line");
        }
        let look = self.look;
        let digits = digits(lines);
        let half = columns.saturating_sub(3) / 2;
        let side = |at: Option<u32>, number: fn(&TextLine) -> u32| -> Vec<Span<'static>> {
            let Some(line) = at.and_then(|at| lines.get(at as usize)) else {
                return vec![look.span(Role::Text, " ".repeat(half))];
            };
            let mut spans = vec![look.span(Role::Dim, format!("{:>digits$} ", number(line)))];
            spans.extend(self.signed(line.tag, &line.text));
            let line = cut(look, &Line::from(spans), half);
            let gap = half.saturating_sub(line.width());
            line.spans.into_iter().chain([look.span(Role::Text, " ".repeat(gap))]).collect()
        };
        let mut spans = side(pair.old, |line| line.old);
        spans.push(look.span(Role::Rule, format!(" {} ", look.vertical())));
        spans.extend(side(pair.new, |line| line.new));
        Line::from(spans)
    }

    fn bytes(&self, row: HexRow, before: &[u8], after: &[u8]) -> Line<'static> {
        if let Tag::Gap(gap) = row.tag {
            return self.gap(gap, "row");
        }
        let side = if row.tag == Tag::Deleted || after.is_empty() { before } else { after };
        Line::from(self.signed(row.tag, &hex::shown(side, row.at)).to_vec())
    }

    fn gap(&self, gap: usize, noun: &str) -> Line<'static> {
        let text = format!("  {} {} the same", self.look.ellipsis(), units::count(gap as u64, noun));
        Line::from(self.look.span(Role::Dim, text))
    }
}

/// Columns of line numbers.
fn digits(lines: &[TextLine]) -> usize {
    let most = lines.iter().rev().take(1000).map(|line| line.old.max(line.new)).max().unwrap_or(0);
    format::width(&most.to_string()).max(2)
}
