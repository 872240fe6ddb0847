//! The tour's caption: what is seen and why it matters, the keys pressed, how to go on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{STOPS, Tour};
use crate::tui::format::wrap;
use crate::tui::theme::{Look, Role};
use crate::tui::widgets::rule;

/// Draws it into its rows.
pub(in crate::tui) fn draw(tour: &Tour, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some((number, stop)) = tour.stop() else { return };
    let title = [look.span(Role::Dim, format!("{number} of {}  ", STOPS.len())), look.span(Role::Accent, stop.title)];
    let room = usize::from(area.width / 2);
    // The newest are the ones that explain what is seen.
    let mut newest = tour.pressed.as_slice();
    while newest.join(" ").chars().count() > room {
        newest = &newest[1..];
    }
    let keys = newest.join(" ");
    let keys =
        if keys.is_empty() { Vec::new() } else { vec![look.span(Role::Dim, "keys "), look.span(Role::Key, keys)] };
    rule(look, Rect { height: 1, ..area }, &title, &keys, buffer);
    let lines = wrap(stop.says, usize::from(area.width.saturating_sub(4)));
    for (y, line) in (area.y + 1..area.bottom().saturating_sub(1)).zip(lines) {
        buffer.set_span(area.x + 2, y, &look.span(Role::Strong, line), area.width.saturating_sub(2));
    }
    let mut x = area.x + 2;
    for (key, does) in [("Space", "goes on"), ("p", "back"), ("q", "leaves the tour")] {
        for span in [look.span(Role::Key, key), look.span(Role::Dim, format!(" {does}  "))] {
            let (after, _) = buffer.set_span(x, area.bottom().saturating_sub(1), &span, area.right().saturating_sub(x));
            x = after;
        }
    }
}
