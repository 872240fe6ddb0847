//! How the palette looks: what is typed, what fits with the letters that fit, what is wrong. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::Palette;
use super::find::marks;
use super::stock::{Kind, Thing};
use super::update::ROWS;
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Look, Role};
use crate::tui::widgets::{cut, open_box, selected_bar, selected_evenly};

/// The palette, drawn.
pub struct PaletteBox<'a>(pub &'a Palette, pub &'a Look);

impl PaletteBox<'_> {
    /// Draws it over `body`; gives the place of the cursor.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) -> Option<Position> {
        let (palette, look) = (self.0, self.1);
        let rows = u16::try_from(ROWS).unwrap_or(u16::MAX).min(body.height.saturating_sub(4)).max(1);
        let inner = open_box(look, body, (body.width.min(96), rows + 2), "command", buffer);
        if inner.height < 3 {
            return None;
        }
        let typed = Line::from(vec![look.span(Role::Key, ": "), look.span(Role::Text, palette.text.clone())]);
        let shown = end_of(look, &typed, usize::from(inner.width).saturating_sub(1));
        buffer.set_line(inner.x, inner.y, &shown, inner.width);
        let cursor = Position { x: inner.x + u16::try_from(shown.width()).unwrap_or(0), y: inner.y };
        let list = Rect { y: inner.y + 1, height: inner.height - 2, ..inner };
        let word = palette.argument().map_or(palette.text.trim_start(), |(_, word)| word);
        let len = palette.finder.hits.len();
        let mut window = palette.cursor;
        window.follow(len, list.height.into());
        for (y, index) in (list.y..list.bottom()).zip(window.window(len, list.height.into())) {
            let Some(thing) = palette.stock.thing(palette.finder.hits[index]) else { continue };
            let place = Rect { y, height: 1, ..list };
            let is_selected = index == palette.cursor.selected;
            if is_selected {
                selected_bar(look, true, place, buffer);
            }
            self.row(&thing, word, place, buffer);
            if is_selected {
                selected_evenly(look, place, buffer);
            }
        }
        let last = self.last_line(inner.width.into());
        buffer.set_line(inner.x, inner.bottom() - 1, &last, inner.width);
        Some(cursor)
    }

    fn row(&self, thing: &Thing, word: &str, place: Rect, buffer: &mut Buffer) {
        let look = self.1;
        let width = usize::from(place.width).saturating_sub(3);
        let note = if thing.note.is_empty() { thing.kind.word() } else { &thing.note };
        let key = if thing.key.is_empty() { String::new() } else { format!("  {}", thing.key) };
        let room = width.saturating_sub(format::width(&thing.text) + 2 + format::width(&key));
        // The name goes before what is said of it, and of that all or nothing.
        let note = match &thing.kind {
            Kind::Action(_) if format::width(note) > room => String::new(),
            _ => format::fit(note, room.max(width / 4), look.ellipsis()),
        };
        let said = Line::from(vec![look.span(Role::Dim, note), look.span(Role::Key, key)]);
        let columns = width.saturating_sub(said.width() + 2);
        let name = cut(look, &Line::from(lettered(look, &thing.text, &marks(word, &thing.text))), columns);
        buffer.set_line(place.x + 2, place.y, &name, u16::try_from(columns).unwrap_or(0));
        let x = place.right().saturating_sub(1 + u16::try_from(said.width()).unwrap_or(0));
        buffer.set_line(x, place.y, &said, place.right() - x);
    }

    fn last_line(&self, columns: usize) -> Line<'static> {
        let (palette, look) = (self.0, self.1);
        if let Some(problem) = &palette.problem {
            return cut(look, &Line::from(look.span(Role::Fail, problem.clone())), columns);
        }
        let (shown, total) = (palette.finder.hits.len(), palette.finder.total);
        let text = match (palette.argument(), total) {
            (_, 0) if palette.finder.is_complete() => "nothing of that name".to_owned(),
            (_, 0) => "looking".to_owned(),
            (Some((row, _)), _) => format!("{}: {}", row.usage(), row.about),
            (None, _) if shown < total => {
                format!("{} fit, the best {shown} show", units::grouped(total as u64))
            }
            (None, _) => format!("{} fit", units::grouped(total as u64)),
        };
        cut(look, &Line::from(look.span(Role::Dim, text)), columns)
    }
}

/// The end of a line that is too long for its place: that is where one types.
fn end_of(look: &Look, line: &Line<'static>, columns: usize) -> Line<'static> {
    if line.width() <= columns {
        return line.clone();
    }
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    let (mut kept, room) = (text.as_str(), columns.saturating_sub(format::width(look.ellipsis())));
    while format::width(kept) > room {
        let mut rest = kept.chars();
        rest.next();
        kept = rest.as_str();
    }
    Line::from(look.span(Role::Text, format!("{}{kept}", look.ellipsis())))
}

/// Text with the letters at `marks` marked.
fn lettered(look: &Look, text: &str, marks: &[usize]) -> Vec<Span<'static>> {
    if marks.is_empty() {
        return vec![look.span(Role::Text, text)];
    }
    let (mut spans, mut from) = (Vec::new(), 0);
    let mut at = 0;
    while at < marks.len() {
        let start = marks[at];
        let mut end = start + 1;
        while at + 1 < marks.len() && marks[at + 1] == end {
            (at, end) = (at + 1, end + 1);
        }
        at += 1;
        if let (Some(before), Some(found)) = (text.get(from..start), text.get(start..end)) {
            spans.push(look.span(Role::Text, before));
            spans.push(look.span(Role::Match, found));
            from = end;
        }
    }
    spans.push(look.span(Role::Text, text.get(from..).unwrap_or_default()));
    spans
}
