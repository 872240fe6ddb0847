//! A list to choose from, narrowed by typing. What follows is the caller's.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::{Cursor, Filter, cut, marked, middle, open, swatches};
use crate::tui::keymap::Motion;
use crate::tui::screens::Wish;
use crate::tui::theme::{Look, Role};

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
