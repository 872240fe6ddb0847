//! What an image stands on, drawn as boxes: its own layers on top, its root at the bottom; beside it, where it is stale, what it
//! would stand on once moved. Lines only; knows nothing but the lineage and what was found.

use ratatui::text::{Line, Span};

use super::super::tree::origin;
use super::node::Pane;
use super::part;
use crate::domain::lineage::{Best, Standing};
use crate::domain::units::count;
use crate::flows::lineage::Assessment;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::badge;

/// Boxes of one stack at most.
const MOST: usize = 7;
/// From so many rows on, stacks of unlike heights have the same ground.
const TALL: usize = 34;
/// Lines of a stack of four, the most that is usual.
const USUAL: usize = 9;
/// From so many columns on, both stacks stand side by side.
const BOTH: usize = 72;
/// Columns of a stack at most, and of the arrow between two.
const WIDEST: usize = 44;
const ARROW: usize = 4;

/// One box: an image, and how many layers it brings.
struct Crate {
    number: usize,
    layers: usize,
    is_stale: bool,
}

impl Pane<'_> {
    /// The stack; two where a move is known to help and there is room.
    pub(super) fn stacks(self, number: usize, found: &Assessment) -> Vec<Line<'static>> {
        let look = self.look;
        if self.graph.base(number).is_none() {
            return Vec::new();
        }
        let stale = match self.graph.standing(number) {
            Standing::Stale { now, .. } => Some(*now),
            _ => None,
        };
        let key = match found.best {
            Best::Rebase => Some("R: the same layers, no step runs"),
            Best::Rebake => Some("b: its steps run again"),
            _ => None,
        };
        let room = self.columns.saturating_sub(2);
        let mut lines = vec![part(look, "what it stands on", "", self.columns)];
        let crates = self.crates(number, stale.is_some());
        let (Some(now), Some(key), true) = (stale, key, self.columns >= BOTH) else {
            let stack = self.stack("", &crates, room.min(WIDEST));
            lines.extend(std::iter::repeat_n(Line::default(), self.above(stack.len())));
            lines.extend(stack.into_iter().map(|line| indented(vec![line])));
            return lines;
        };
        let width = ((room - ARROW) / 2).min(WIDEST);
        let mut after = self.crates(now, false);
        after.insert(0, Crate { number, layers: crates[0].layers, is_stale: false });
        after.truncate(MOST);
        let (before, after) = (self.stack("now", &crates, width), self.stack(key, &after, width));
        let height = before.len().max(after.len());
        lines.extend(std::iter::repeat_n(Line::default(), self.above(height)));
        let blank = || Line::from(" ".repeat(width));
        // Both stand on the same ground.
        let grounded = |stack: Vec<Line<'static>>| {
            let above = height - stack.len();
            (0..above).map(|_| blank()).chain(stack).collect::<Vec<_>>()
        };
        let arrow = if look.ascii { " -> " } else { " ─→ " };
        for (at, (left, right)) in grounded(before).into_iter().zip(grounded(after)).enumerate() {
            let between = if at == height / 2 { look.span(Role::Accent, arrow) } else { Span::raw(" ".repeat(ARROW)) };
            lines.push(indented(vec![left, Line::from(between), right]));
        }
        lines
    }

    /// Lines that are left free above a stack of so many: what is common to two images, their ground, stays where it is.
    fn above(self, height: usize) -> usize {
        if self.rows >= TALL { USUAL.saturating_sub(height) } else { 0 }
    }

    /// From an image down to its root.
    fn crates(self, number: usize, is_stale: bool) -> Vec<Crate> {
        let layers = |number: usize| {
            let parts = self.graph.images()[number].parts.values();
            parts.map(|part| part.diff_ids.len()).min().unwrap_or(0)
        };
        let way = self.graph.way_down(number);
        let one = |(at, number): (usize, &usize)| {
            let below = self.graph.base(*number).map_or(0, |edge| edge.layers);
            Crate { number: *number, layers: layers(*number).saturating_sub(below), is_stale: is_stale && at == 1 }
        };
        way.iter().enumerate().map(one).take(MOST).collect()
    }

    /// Boxes on one another, `title` in the uppermost line.
    fn stack(self, title: &str, crates: &[Crate], width: usize) -> Vec<Line<'static>> {
        let look = self.look;
        let [top, between, bottom] = corners(look);
        let edge = |(left, right): (&'static str, &'static str), title: &str| {
            let dash = look.horizontal();
            let room = width.saturating_sub(2);
            let title = if title.is_empty() { String::new() } else { format!(" {title} ") };
            let title = format::fit(&title, room.saturating_sub(2), look.ellipsis());
            let lead = if title.is_empty() { 0 } else { 1 };
            let fill = dash.repeat(room.saturating_sub(lead + format::width(&title)));
            let rule = |text: String| Span::styled(text, look.style(Role::Rule));
            Line::from(vec![
                rule(format!("{left}{}", dash.repeat(lead))),
                look.span(Role::Dim, title),
                rule(format!("{fill}{right}")),
            ])
        };
        let mut lines = vec![edge(top, title)];
        for (at, one) in crates.iter().enumerate() {
            if at > 0 {
                lines.push(edge(between, ""));
            }
            lines.push(self.boxed(one, width));
        }
        lines.push(edge(bottom, ""));
        lines
    }

    /// `│ ◆ python:3 as it was        1 layer │`.
    fn boxed(self, one: &Crate, width: usize) -> Line<'static> {
        let look = self.look;
        let image = &self.graph.images()[one.number];
        let (glyph, role) = origin(image.holder());
        let role = if image.places.is_empty() { Role::Dim } else { role };
        let sign = badge(look, glyph);
        let layers = count(one.layers as u64, "layer");
        let side = |text: &str| Span::styled(text.to_owned(), look.style(Role::Rule));
        let stale: usize = if one.is_stale { usize::from(look.glyph_width()) + 1 } else { 0 };
        let used = 4 + sign.iter().map(Span::width).sum::<usize>() + format::width(&layers) + 1 + stale;
        let room = width.saturating_sub(used);
        let name = format::left(&self.model.facts.short(self.graph, one.number), room, look.ellipsis());
        let mut spans = vec![side(look.vertical()), Span::raw(" ")];
        spans.extend(sign);
        spans.push(look.span(role, name));
        if one.is_stale {
            spans.extend([Span::raw(" "), look.glyph(Glyph::Stale)]);
        }
        spans.extend([Span::raw(" "), look.span(Role::Dim, layers), Span::raw(" "), side(look.vertical())]);
        Line::from(spans)
    }
}

/// The corners of the uppermost line, of one between boxes, of the lowest.
fn corners(look: &Look) -> [(&'static str, &'static str); 3] {
    if look.ascii { [("+", "+"); 3] } else { [("╭", "╮"), ("├", "┤"), ("╰", "╯")] }
}

fn indented(parts: Vec<Line<'static>>) -> Line<'static> {
    Line::from(
        std::iter::once(Span::raw("  ")).chain(parts.into_iter().flat_map(|part| part.spans)).collect::<Vec<_>>(),
    )
}
