//! How a screen divides its body: list at the left and detail at the right, one above the other, or one at a time.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Axis, Divider};
use crate::tui::format;
use crate::tui::theme::{Look, Role};

/// Where a screen's two panes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Side by side, a vertical rule between them at this column.
    Beside {
        /// The list.
        list: Rect,
        /// The rule.
        rule: Rect,
        /// The detail.
        detail: Rect,
    },
    /// The list above, its detail below, a horizontal rule between them.
    Above {
        /// The list.
        list: Rect,
        /// The rule.
        rule: Rect,
        /// The detail.
        detail: Rect,
    },
    /// One at a time.
    One(Rect),
}

/// Narrower than this, panes stand above each other.
pub(super) const SIDE_BY_SIDE: u16 = 96;
/// Lower than this, there is room for one.
pub(super) const ONE_ABOVE_OTHER: u16 = 16;

/// Divides `body`; `share` is the list's part of a wide body, in percent.
pub fn split(body: Rect, share: u16) -> Split {
    split_at_most(body, share, u16::MAX)
}

/// The same, a list beside its detail not wider than `widest` columns: the detail gets the rest.
pub fn split_at_most(body: Rect, share: u16, widest: u16) -> Split {
    if body.width >= SIDE_BY_SIDE {
        let width = u16::try_from(u32::from(body.width) * u32::from(share) / 100).unwrap_or(body.width).min(widest);
        return Split::beside(body, width);
    }
    if body.height >= ONE_ABOVE_OTHER {
        return Split::above(body, body.height / 2);
    }
    Split::One(body)
}

impl Split {
    /// A list of so many columns, the detail beside it.
    pub fn beside(body: Rect, width: u16) -> Self {
        let list = Rect { width, ..body };
        let rule = Rect { x: body.x + width, width: 1, ..body };
        let detail = Rect { x: rule.x + 2, width: body.width.saturating_sub(width + 2), ..body };
        Self::Beside { list, rule, detail }
    }

    /// A list of so many rows, the detail below it.
    pub fn above(body: Rect, height: u16) -> Self {
        let list = Rect { height, ..body };
        let rule = Rect { y: body.y + height, height: 1, ..body };
        let detail = Rect { y: rule.y + 1, height: body.height.saturating_sub(height + 1), ..body };
        Self::Above { list, rule, detail }
    }

    /// The rule between the panes, where there is one; beside it is blank, and counts.
    pub fn dividers(&self) -> Vec<Divider> {
        match *self {
            Self::Beside { list, rule, detail } => {
                vec![Divider { place: Rect { width: 2, ..rule }, within: list.union(detail), axis: Axis::Beside }]
            }
            Self::Above { list, rule, detail } => {
                vec![Divider { place: rule, within: list.union(detail), axis: Axis::Above }]
            }
            Self::One(_) => Vec::new(),
        }
    }

    /// Which pane something stands in: the detail, or the list.
    pub fn is_detail(&self, detail_focused: bool, at: Position) -> Option<bool> {
        let within = |area: Option<Rect>| area.is_some_and(|area| area.contains(at));
        match (within(self.list(detail_focused)), within(self.detail(detail_focused))) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    /// The list's place; `None` where the detail has the only one.
    pub fn list(&self, detail_focused: bool) -> Option<Rect> {
        match *self {
            Self::Beside { list, .. } | Self::Above { list, .. } => Some(list),
            Self::One(all) => (!detail_focused).then_some(all),
        }
    }

    /// The detail's place; `None` where the list has the only one.
    pub fn detail(&self, detail_focused: bool) -> Option<Rect> {
        match *self {
            Self::Beside { detail, .. } | Self::Above { detail, .. } => Some(detail),
            Self::One(all) => detail_focused.then_some(all),
        }
    }

    /// Draws the rule between the panes, where there is one.
    pub fn draw_rule(&self, look: &Look, buffer: &mut Buffer) {
        match *self {
            Self::Beside { rule, .. } => {
                for y in rule.top()..rule.bottom() {
                    buffer.set_span(rule.x, y, &look.span(Role::Rule, look.vertical()), 1);
                }
            }
            Self::Above { rule: place, .. } => rule(look, place, &[], &[], buffer),
            Self::One(_) => {}
        }
    }
}

/// A horizontal rule with words near its left and right ends: `─ layers ──────── 4 ─`.
pub fn rule(look: &Look, area: Rect, left: &[Span<'static>], right: &[Span<'static>], buffer: &mut Buffer) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let line = Span::styled(look.horizontal().repeat(width), look.style(Role::Rule));
    buffer.set_span(area.x, area.y, &line, area.width);
    let spaced = |spans: &[Span<'static>]| {
        let mut all = vec![Span::raw(" ")];
        all.extend_from_slice(spans);
        all.push(Span::raw(" "));
        Line::from(all)
    };
    let mut room = width.saturating_sub(2);
    if !right.is_empty() {
        let line = spaced(right);
        // What stands at the right is short and says how it stands: it goes first.
        if line.width() <= room {
            let x = area.x + area.width - 1 - u16::try_from(line.width()).unwrap_or(0);
            put(&line, (x, area.y), area.right() - x, buffer);
            room -= line.width();
        }
    }
    if !left.is_empty() && room > 4 {
        let line = cut(look, &spaced(left), room);
        put(&line, (area.x + 1, area.y), u16::try_from(room).unwrap_or(area.width), buffer);
    }
}

/// Words on a rule have their own look, nothing of the rule's.
fn put(line: &Line<'static>, (x, y): (u16, u16), width: u16, buffer: &mut Buffer) {
    let place = Rect { x, y, width: width.min(u16::try_from(line.width()).unwrap_or(width)), height: 1 };
    buffer.set_style(place, Style::reset());
    buffer.set_line(x, y, line, width);
}

/// A line in at most so many columns, cut at its end with an ellipsis.
pub fn cut(look: &Look, line: &Line<'static>, columns: usize) -> Line<'static> {
    if line.width() <= columns {
        return line.clone();
    }
    let mut left = columns;
    let mut spans: Vec<Span<'static>> = Vec::new();
    let ellipsis = format::width(look.ellipsis());
    for span in &line.spans {
        let wide = span.width();
        if wide + ellipsis <= left || (wide <= left && std::ptr::eq(span, &line.spans[line.spans.len() - 1])) {
            left -= wide;
            spans.push(span.clone());
        } else {
            // Made to be cut: what follows it is lost, so the ellipsis has to show.
            let shown = format::fit(&format!("{}{}", span.content, " ".repeat(left + 1)), left, look.ellipsis());
            spans.push(Span::styled(shown, span.style));
            break;
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_bodies_stand_beside_low_ones_alone() {
        assert!(matches!(split(Rect::new(0, 2, 120, 30), 50), Split::Beside { detail, .. } if detail.right() == 120));
        assert!(matches!(split(Rect::new(0, 2, 80, 21), 50), Split::Above { detail, .. } if detail.bottom() == 23));
        let capped = split_at_most(Rect::new(0, 2, 200, 50), 54, 88);
        assert!(matches!(capped, Split::Beside { list, detail, .. } if list.width == 88 && detail.right() == 200));
        assert_eq!(split(Rect::new(0, 2, 60, 13), 50), Split::One(Rect::new(0, 2, 60, 13)));
    }

    #[test]
    fn cut_lines_say_so() {
        let look = Look::of_roles(false);
        let line = Line::from(vec![look.span(Role::Text, "abc"), look.span(Role::Dim, "defg")]);
        let shown = |columns| cut(&look, &line, columns).to_string();
        assert_eq!(
            (shown(7), shown(6), shown(4), shown(3), shown(1)),
            ("abcdefg".into(), "abcde…".into(), "abc…".into(), "ab…".into(), "…".into())
        );
    }
}
