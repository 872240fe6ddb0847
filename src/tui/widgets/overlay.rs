//! What comes up over a screen: questions, choices, the keys. The safe answer of a question is the focused one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::{Cursor, Filter, cut, marked, rule, swatches};
use crate::tui::format;
use crate::tui::keymap::{Binding, Motion, Scope, TABLE};
use crate::tui::screens::Wish;
use crate::tui::theme::{Look, Role};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// What follows.
    pub then: Vec<Wish>,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// What it is about.
    pub title: String,
    /// What will happen.
    pub text: String,
    /// Lines below that, shown as they are.
    pub code: Vec<String>,
    /// The answers; the focused one is the safe one at first.
    pub choices: Vec<Choice>,
    /// Which is focused.
    pub focused: usize,
}

impl Confirm {
    /// Whether to do something that cannot be undone; no is focused.
    pub fn no_or(title: impl Into<String>, text: impl Into<String>, yes: impl Into<String>, then: Vec<Wish>) -> Self {
        let no = Choice { label: "no".into(), then: Vec::new() };
        let choices = vec![no, Choice { label: yes.into(), then }];
        Self { title: title.into(), text: text.into(), code: Vec::new(), choices, focused: 0 }
    }

    /// What `y` says: the one answer besides the safe one; among more than two, the focused one.
    pub fn yes(&self) -> Option<&Choice> {
        match self.choices.as_slice() {
            [_, yes] => Some(yes),
            more => more.get(self.focused),
        }
    }

    /// Moves to another answer.
    pub fn step(&mut self, motion: Motion) {
        let count = self.choices.len().max(1);
        match motion {
            Motion::Left | Motion::Up => self.focused = (self.focused + count - 1) % count,
            _ => self.focused = (self.focused + 1) % count,
        }
    }
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name.
    pub label: String,
    /// What about it.
    pub note: String,
    /// What follows when it is chosen.
    pub then: Vec<Wish>,
}

/// A list to choose from, narrowed by typing.
#[derive(Clone, Debug, PartialEq)]
pub struct Picker {
    /// What it is about.
    pub title: String,
    /// All there is.
    pub items: Vec<Item>,
    /// What was typed.
    pub filter: Filter,
    /// Which is selected.
    pub cursor: Cursor,
    /// What follows already while one moves; nothing in most.
    pub live: Option<Live>,
}

/// A choice that is tried on while one moves over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// What follows when an item is moved to, an entry an item.
    pub moved: Vec<Vec<Wish>>,
    /// What follows when none is chosen.
    pub left: Vec<Wish>,
}

/// Rows a picker shows.
const PICKER_ROWS: usize = 10;

impl Picker {
    /// All of `items`.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self { title: title.into(), items, filter: Filter::default(), cursor: Cursor::default(), live: None }
    }

    /// What is left of the items.
    pub fn shown(&self) -> Vec<&Item> {
        self.items.iter().filter(|item| self.filter.lets(&item.label)).collect()
    }

    /// Moves the selection.
    pub fn step(&mut self, motion: Motion) {
        let len = self.shown().len();
        self.cursor.step(motion, len, PICKER_ROWS);
    }

    /// Selects an item by its place among those that show.
    pub fn select(&mut self, at: usize) {
        let len = self.shown().len();
        self.cursor.go(at, len, PICKER_ROWS);
    }

    /// The items changed.
    pub fn follow(&mut self) {
        let len = self.shown().len();
        self.cursor.go(0, len, PICKER_ROWS);
    }

    /// What follows of the selection having moved.
    pub fn moved(&self) -> Vec<Wish> {
        let shown = |(_, item): &(usize, &Item)| self.filter.lets(&item.label);
        let at = self.items.iter().enumerate().filter(shown).nth(self.cursor.selected).map(|(at, _)| at);
        let wishes = self.live.as_ref().zip(at).and_then(|(live, at)| live.moved.get(at));
        wishes.cloned().unwrap_or_default()
    }

    /// What is selected.
    pub fn selected(&self) -> Option<&Item> {
        self.shown().get(self.cursor.selected).copied()
    }
}

/// A place in the middle of `body`, cleared, with a rule above and below.
fn open(look: &Look, body: Rect, size: (u16, u16), title: &str, buffer: &mut Buffer) -> Rect {
    let (area, inner) = middle(body.intersection(buffer.area), size);
    let height = area.height;
    Clear.render(area, buffer);
    rule(look, Rect { height: 1.min(height), ..area }, &[look.span(Role::Strong, title.to_owned())], &[], buffer);
    rule(look, Rect { y: area.bottom().saturating_sub(1), height: 1.min(height), ..area }, &[], &[], buffer);
    inner
}

/// That place, and what is left of it within its rules.
fn middle(body: Rect, (width, height): (u16, u16)) -> (Rect, Rect) {
    let (width, height) = (width.min(body.width), (height + 2).min(body.height));
    let x = body.x + (body.width - width) / 2;
    let y = body.y + (body.height - height) / 3;
    let inner = Rect {
        x: x + 2.min(width),
        y: y + 1.min(height),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    };
    (Rect { x, y, width, height }, inner)
}

/// A question, drawn.
pub struct ConfirmBox<'a>(pub &'a Confirm, pub &'a Look);

impl ConfirmBox<'_> {
    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (confirm, look) = (self.0, self.1);
        let (size, lines) = self.size(body);
        let inner = open(look, body, size, &confirm.title, buffer);
        let room = usize::from(inner.height.saturating_sub(2));
        for (y, line) in (inner.y..).zip(lines.iter().take(room)) {
            buffer.set_line(inner.x, y, &cut(look, line, usize::from(inner.width)), inner.width);
        }
        if lines.len() > room && room > 0 {
            // The last line gives way to what there is no room for.
            let y = inner.y + inner.height.saturating_sub(3);
            let more = format!("{} {} more lines", look.ellipsis(), lines.len() - room + 1);
            buffer.set_style(Rect { y, height: 1, ..inner }, ratatui::style::Style::reset());
            let more = format::left(&more, usize::from(inner.width), "");
            buffer.set_span(inner.x, y, &look.span(Role::Dim, more), inner.width);
        }
        let spans = self.choices().into_iter().flat_map(|choice| [choice, look.span(Role::Text, "  ")]);
        let spans: Vec<Span<'static>> = spans.collect();
        if inner.height > 0 {
            buffer.set_line(
                inner.x,
                inner.bottom() - 1,
                &cut(look, &Line::from(spans), usize::from(inner.width)),
                inner.width,
            );
        }
    }
}

impl ConfirmBox<'_> {
    /// Which answer stands at a place of `body`.
    pub fn choice_at(&self, body: Rect, at: Position) -> Option<usize> {
        let (_, inner) = middle(body, self.size(body).0);
        if at.y + 1 != inner.bottom() || !inner.contains(at) {
            return None;
        }
        let mut x = usize::from(inner.x);
        self.choices().iter().position(|choice| {
            let from = x;
            x += choice.width() + 2;
            (from..from + choice.width()).contains(&usize::from(at.x))
        })
    }

    /// How large it is over `body`, and its lines.
    fn size(&self, body: Rect) -> ((u16, u16), Vec<Line<'static>>) {
        let widest = self.0.code.iter().map(|line| format::width(line)).max().unwrap_or(0);
        let width = body.width.min(u16::try_from(widest + 6).unwrap_or(u16::MAX).max(72));
        let lines = self.lines(usize::from(width).saturating_sub(4));
        ((width, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX)), lines)
    }

    /// The answers, one beside the other.
    fn choices(&self) -> Vec<Span<'static>> {
        let (confirm, look) = (self.0, self.1);
        let choice = |(number, choice): (usize, &Choice)| {
            let focused = number == confirm.focused;
            let mark = if focused { look.mark() } else { " " };
            look.span(if focused { Role::Selection } else { Role::Dim }, format!("{mark} {} ", choice.label))
        };
        confirm.choices.iter().enumerate().map(choice).collect()
    }

    /// What is said, and below it the lines that are shown as they are.
    fn lines(&self, columns: usize) -> Vec<Line<'static>> {
        let (confirm, look) = (self.0, self.1);
        let text = format::wrap(&confirm.text, columns).into_iter();
        let mut lines: Vec<Line<'static>> = text.map(|line| Line::from(look.span(Role::Text, line))).collect();
        if !confirm.code.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(confirm.code.iter().map(|line| Line::from(look.span(Role::Strong, format!("  {line}")))));
        lines
    }
}

/// A list to choose from, drawn.
pub struct PickerBox<'a>(pub &'a Picker, pub &'a Look);

impl PickerBox<'_> {
    /// Which of the items shown stands at a place of `body`.
    pub fn row_at(&self, body: Rect, at: Position) -> Option<usize> {
        let (_, inner) = middle(body, self.size(body));
        let row = usize::from(at.y.checked_sub(inner.y + 1)?);
        let mut window = self.0.cursor.window(self.0.shown().len(), usize::from(inner.height).saturating_sub(1));
        if inner.contains(at) { window.nth(row) } else { None }
    }

    /// How large it is over `body`.
    fn size(&self, body: Rect) -> (u16, u16) {
        let rows = self.0.items.len().clamp(1, PICKER_ROWS);
        let sample = if self.0.live.is_some() { swatches(self.1).len() } else { 0 };
        (body.width.min(84), u16::try_from(rows + 1 + sample).unwrap_or(1))
    }

    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (picker, look) = (self.0, self.1);
        let shown = picker.shown();
        let sample = if picker.live.is_some() { swatches(look).to_vec() } else { Vec::new() };
        let inner = open(look, body, self.size(body), &picker.title, buffer);
        if inner.height == 0 {
            return;
        }
        // What is tried on shows below the list, which gives way to it.
        let below = u16::try_from(sample.len()).unwrap_or(0).min(inner.height / 3);
        let inner = Rect { height: inner.height - below, ..inner };
        for (y, line) in (inner.bottom()..).zip(sample.iter().take(usize::from(below))) {
            buffer.set_line(inner.x, y, &cut(look, line, usize::from(inner.width)), inner.width);
        }
        let typed = vec![look.span(Role::Key, "/ "), look.span(Role::Text, picker.filter.text.clone())];
        buffer.set_line(inner.x, inner.y, &cut(look, &Line::from(typed), usize::from(inner.width)), inner.width);
        if shown.is_empty() && inner.height > 1 {
            buffer.set_span(inner.x, inner.y + 1, &look.span(Role::Dim, "nothing of that name"), inner.width);
        }
        let height = usize::from(inner.height).saturating_sub(1);
        for (y, index) in (inner.y + 1..).zip(picker.cursor.window(shown.len(), height)) {
            let item = shown[index];
            let row = Rect { x: inner.x, y, width: inner.width, height: 1 };
            if index == picker.cursor.selected {
                buffer.set_style(row, look.style(Role::Selection));
                buffer.set_span(row.x, y, &look.span(Role::Accent, look.mark()), 1);
            }
            let half = usize::from(inner.width) / 2;
            let name = marked(look, Role::Text, &item.label, picker.filter.mark(&item.label));
            buffer.set_line(row.x + 2, y, &cut(look, &name, half.saturating_sub(3)), row.width.saturating_sub(2));
            let note = Line::from(look.span(Role::Dim, item.note.clone()));
            let note_x = row.x + u16::try_from(half).unwrap_or(0);
            buffer.set_line(note_x, y, &cut(look, &note, usize::from(row.right() - note_x)), row.right() - note_x);
        }
    }
}

/// The keys of where one is, drawn. `from` is the first line shown.
pub struct HelpBox<'a> {
    /// Where one is, innermost first.
    pub scopes: &'a [Scope],
    /// The first line shown.
    pub from: usize,
    /// The look.
    pub look: &'a Look,
}

impl HelpBox<'_> {
    /// Every line there is: headings, and keys with what they do.
    pub fn lines(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for scope in self.scopes {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(self.look.span(Role::Strong, scope.title())));
            for binding in TABLE.iter().filter(|binding| binding.scope == *scope) {
                let keys = shown_keys(binding, self.look.ascii);
                let label = self.look.span(Role::Text, binding.label);
                lines.push(Line::from(vec![self.look.span(Role::Key, format::left(&keys, 18, "…")), label]));
            }
            for (word, meaning) in scope.notes() {
                let word = self.look.span(Role::Match, format::left(word, 18, "…"));
                lines.push(Line::from(vec![word, self.look.span(Role::Dim, *meaning)]));
            }
        }
        lines
    }

    /// The lines beside each other where there is room, with the second column's first line.
    fn columns(&self, body: Rect) -> (Vec<Line<'static>>, Option<usize>) {
        let lines = self.lines();
        if body.width < TWO_COLUMNS || lines.len() + 2 <= usize::from(body.height) {
            return (lines, None);
        }
        let half = lines.len() / 2;
        let blanks = (1..lines.len()).filter(|at| lines[*at].spans.is_empty());
        let middle = blanks.min_by_key(|at| at.abs_diff(half)).map(|at| at + 1);
        (lines, middle)
    }

    /// Rows there are, and rows that show at once, over `body`.
    pub fn rows(&self, body: Rect) -> (usize, usize) {
        let (lines, middle) = self.columns(body);
        let rows = middle.map_or(lines.len(), |middle| (middle - 1).max(lines.len() - middle));
        (rows, rows.min(usize::from(body.height.saturating_sub(2))))
    }

    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (lines, middle) = self.columns(body);
        let (rows, page) = self.rows(body);
        let from = self.from.min(rows.saturating_sub(page));
        let width = if middle.is_some() { TWO_COLUMNS } else { body.width.min(64) };
        let height = u16::try_from(page).unwrap_or(u16::MAX);
        let title = if rows > page {
            let (dash, of) = (if self.look.ascii { "-" } else { "–" }, from + page);
            format!("keys  {}{dash}{of} of {rows}", from + 1)
        } else {
            "keys".to_owned()
        };
        let inner = open(self.look, body, (width, height), &title, buffer);
        let half = if middle.is_some() { inner.width / 2 } else { inner.width };
        let first = &lines[..middle.map_or(lines.len(), |middle| middle - 1)];
        let second = middle.map(|middle| &lines[middle..]).unwrap_or_default();
        for (column, lines) in [(0, first), (half, second)] {
            for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(from)) {
                let room = half.saturating_sub(1);
                buffer.set_line(inner.x + column, y, &cut(self.look, line, usize::from(room)), room);
            }
        }
    }
}

/// From this width on, the keys stand in two columns where they are too many for one.
const TWO_COLUMNS: u16 = 116;

/// All keys of a binding as they are shown: `g g  Home`.
fn shown_keys(binding: &Binding, ascii: bool) -> String {
    let shown = |written: &&str| shown_key(written, ascii);
    binding.keys.iter().map(shown).collect::<Vec<_>>().join("  ")
}

/// One key as it is shown; arrows have plain names where they cannot be drawn.
pub fn shown_key(written: &str, ascii: bool) -> String {
    let one = |part: &str| -> String {
        if ascii && matches!(part, "up" | "down" | "left" | "right") {
            return part.to_owned();
        }
        part.parse::<crate::tui::keymap::Key>().map_or_else(|_| part.to_owned(), |key| key.to_string())
    };
    written.split('+').map(one).collect::<Vec<_>>().join(" ")
}
