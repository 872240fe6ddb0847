//! A list in columns whose widths never depend on what is in sight: scrolling moves no column. Only rows in sight are
//! made.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::{Cursor, Filter, cut};
use crate::tui::format;
use crate::tui::theme::{Look, Role};

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
    /// Images: at the left, cut at the beginning. So many spans before the name stay.
    Image(usize),
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// So many columns.
    Fixed(u16),
    /// A part of what the fixed ones leave, by weight.
    Fill(u16),
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// How wide.
    pub width: Width,
    /// Where its text stands.
    pub align: Align,
    /// Below this width of the whole table it is left out.
    pub from: u16,
}

/// Columns between two columns.
const GAP: u16 = 2;

/// A table. `row` makes the cells of one row, all columns of it; a cell alone has the whole row.
pub struct Table<'a> {
    /// The look.
    pub look: &'a Look,
    /// Its columns.
    pub columns: &'a [Column],
    /// Rows in all.
    pub len: usize,
    /// What is selected and in sight.
    pub cursor: Cursor,
    /// Whether keys move this list.
    pub focused: bool,
    /// Whether headings show.
    pub headed: bool,
}

impl Table<'_> {
    /// Rows that fit into `area`.
    pub fn height(area: Rect, headed: bool) -> usize {
        usize::from(area.height).saturating_sub(usize::from(headed))
    }

    /// Draws the rows in sight.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, row: impl Fn(usize) -> Vec<Line<'static>>) {
        if area.is_empty() {
            return;
        }
        let places = self.places(area);
        let mut y = area.y;
        if self.headed {
            for (column, place) in self.columns.iter().zip(&places) {
                if let Some((x, width)) = *place {
                    let title = self.look.span(Role::Dim, column.title);
                    self.cell(&Line::from(title), column.align, (x, y, width), buffer);
                }
            }
            y += 1;
        }
        for index in self.cursor.window(self.len, Self::height(area, self.headed)) {
            if index == self.cursor.selected {
                selected_bar(self.look, self.focused, Rect { y, height: 1, ..area }, buffer);
            }
            self.row(row(index), &places, Rect { y, height: 1, ..area }, buffer);
            if index == self.cursor.selected {
                selected_evenly(self.look, Rect { y, height: 1, ..area }, buffer);
            }
            y += 1;
        }
    }

    /// Draws the sign of marked rows in the column between the selection's mark and the row.
    pub fn draw_marks(&self, area: Rect, buffer: &mut Buffer, is_marked: impl Fn(usize) -> bool) {
        let top = area.y + u16::from(self.headed);
        let window = self.cursor.window(self.len, Self::height(area, self.headed));
        for (y, _) in (top..area.bottom()).zip(window).filter(|(_, index)| is_marked(*index)) {
            buffer.set_span(area.x + 1, y, &self.look.span(Role::Accent, "*"), 1);
        }
    }

    fn row(&self, cells: Vec<Line<'static>>, places: &[Option<(u16, u16)>], area: Rect, buffer: &mut Buffer) {
        if let [alone] = cells.as_slice() {
            let width = Self::row_width(area);
            return self.cell(alone, Align::Left, (area.x + 2, area.y, width), buffer);
        }
        for ((column, place), cell) in self.columns.iter().zip(places).zip(cells) {
            if let Some((x, width)) = *place {
                self.cell(&cell, column.align, (x, area.y, width), buffer);
            }
        }
    }

    /// Columns a row has for its cells: two are for the mark, one at the right keeps numbers off the rule.
    pub fn row_width(area: Rect) -> u16 {
        area.width.saturating_sub(3)
    }

    fn cell(&self, line: &Line<'static>, align: Align, (x, y, width): (u16, u16, u16), buffer: &mut Buffer) {
        let columns = usize::from(width);
        let shown = match align {
            Align::Image(before) => cut_image(self.look, line, before, columns),
            Align::Left | Align::Right => cut(self.look, line, columns),
        };
        let pad = match align {
            Align::Left | Align::Image(_) => 0,
            Align::Right => u16::try_from(columns.saturating_sub(shown.width())).unwrap_or(0),
        };
        buffer.set_line(x + pad, y, &shown, width - pad);
    }

    /// Where each column stands; `None` for those left out.
    fn places(&self, area: Rect) -> Vec<Option<(u16, u16)>> {
        let shown = |column: &&Column| area.width >= column.from;
        let count = u16::try_from(self.columns.iter().filter(shown).count()).unwrap_or(0);
        let all = Self::row_width(area).saturating_sub(GAP * count.saturating_sub(1));
        let fixed: u16 =
            self.columns.iter().filter(shown).map(|c| if let Width::Fixed(w) = c.width { w } else { 0 }).sum();
        let weights: u16 =
            self.columns.iter().filter(shown).map(|c| if let Width::Fill(w) = c.width { w } else { 0 }).sum();
        let room = all.saturating_sub(fixed);
        let mut x = area.x + 2;
        let mut left = room;
        let mut weights_left = weights;
        self.columns
            .iter()
            .map(|column| {
                if !shown(&column) {
                    return None;
                }
                let width = match column.width {
                    Width::Fixed(width) => width,
                    Width::Fill(weight) => {
                        let part = u16::try_from(u32::from(left) * u32::from(weight) / u32::from(weights_left.max(1)));
                        let part = part.unwrap_or(left);
                        left -= part;
                        weights_left -= weight;
                        part
                    }
                };
                let width = width.min(area.right().saturating_sub(x));
                let place = (x, width);
                x = (x + width + GAP).min(area.right());
                Some(place)
            })
            .collect()
    }
}

/// A line with an image's name behind so many spans, in so many columns.
fn cut_image(look: &Look, line: &Line<'static>, before: usize, columns: usize) -> Line<'static> {
    if line.width() <= columns {
        return line.clone();
    }
    let (signs, name) = line.spans.split_at(before.min(line.spans.len()));
    let used: usize = signs.iter().map(Span::width).sum();
    let whole: String = name.iter().map(|span| span.content.as_ref()).collect();
    let shown = format::tail(&whole, columns.saturating_sub(used), look.ellipsis());
    let kept = shown.strip_prefix(look.ellipsis()).filter(|kept| whole.ends_with(kept));
    let Some(mut gone) = kept.map(|kept| whole.len() - kept.len()) else { return cut(look, line, columns) };
    let mut spans = signs.to_vec();
    for span in name {
        let here = gone.min(span.content.len());
        gone -= here;
        if here < span.content.len() || (gone == 0 && spans.len() == before) {
            let start = if spans.len() == before { look.ellipsis() } else { "" };
            spans.push(Span::styled(format!("{start}{}", &span.content[here..]), span.style));
        }
    }
    Line::from(spans)
}

/// Lays the selection's bar and mark under a row to be drawn.
pub fn selected_bar(look: &Look, focused: bool, bar: Rect, buffer: &mut Buffer) {
    let role = if focused { Role::Selection } else { Role::SelectionIdle };
    buffer.set_style(bar, look.style(role));
    buffer.set_span(bar.x, bar.y, &look.span(Role::Accent, look.mark()), 1);
}

/// Where the selection reverses, coloured cells would be blocks of colour: the row becomes one bar.
pub fn selected_evenly(look: &Look, bar: Rect, buffer: &mut Buffer) {
    if look.style(Role::Selection).add_modifier.contains(Modifier::REVERSED) {
        buffer.set_style(bar, Style::new().fg(Color::Reset));
    }
}

/// Text with the part a filter found marked.
pub fn marked(look: &Look, role: Role, text: &str, found: Option<std::ops::Range<usize>>) -> Line<'static> {
    let Some(found) = found.filter(|found| text.get(found.clone()).is_some()) else {
        return Line::from(look.span(role, text));
    };
    let parts: [Span<'static>; 3] = [
        look.span(role, &text[..found.start]),
        look.span(Role::Match, &text[found.clone()]),
        look.span(role, &text[found.end..]),
    ];
    Line::from(parts.to_vec())
}

/// Cells with what a filter finds in them marked; signs, which are short, are left alone.
pub fn marked_cells(look: &Look, filter: &Filter, cells: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let mark = |span: Span<'static>| -> Vec<Span<'static>> {
        let found = filter.mark(&span.content).filter(|found| span.content.get(found.clone()).is_some());
        let Some(found) = found.filter(|_| span.width() > 2) else { return vec![span] };
        let part = |range: std::ops::Range<usize>, style| Span::styled(span.content[range].to_owned(), style);
        vec![
            part(0..found.start, span.style),
            part(found.clone(), look.style(Role::Match)),
            part(found.end..span.content.len(), span.style),
        ]
    };
    cells.into_iter().map(|line| Line::from(line.spans.into_iter().flat_map(mark).collect::<Vec<_>>())).collect()
}

/// A right-aligned number column's usual text: empty while it is not known.
pub fn known(look: &Look, role: Role, text: Option<String>) -> Line<'static> {
    Line::from(look.span(
        if text.is_some() { role } else { Role::Rule },
        text.unwrap_or_else(|| format::fit("…", 1, look.ellipsis())),
    ))
}
