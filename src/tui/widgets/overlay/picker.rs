//! A list to choose from, narrowed by typing. What follows is the caller's.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Cursor, Filter, cut, marked, open};
use crate::tui::effect::Effect;
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
    /// What is shown of the selected one at once.
    pub preview: Option<Preview>,
}

/// What follows the selection of a list while it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// The theme of the selected item's name.
    Theme {
        /// The one to come back to where nothing is chosen.
        before: String,
    },
}

/// Rows a picker shows.
const PICKER_ROWS: usize = 10;

impl Picker {
    /// All of `items`.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self { title: title.into(), items, filter: Filter::default(), cursor: Cursor::default(), preview: None }
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

    /// Selects an item.
    pub fn go(&mut self, at: usize) {
        let len = self.shown().len();
        self.cursor.go(at, len, PICKER_ROWS);
    }

    /// The items changed.
    pub fn follow(&mut self) {
        let len = self.shown().len();
        self.cursor.go(0, len, PICKER_ROWS);
    }

    /// What shows of the selected item before it is chosen.
    pub fn preview(&self) -> Option<Effect> {
        let (Preview::Theme { .. }, item) = (self.preview.as_ref()?, self.selected()?);
        Some(Effect::Theme { name: item.label.clone(), keep: false })
    }

    /// What is to be as it was, where nothing is chosen.
    pub fn undo(&self) -> Option<Effect> {
        let Preview::Theme { before } = self.preview.as_ref()?;
        Some(Effect::Theme { name: before.clone(), keep: false })
    }

    /// What is selected.
    pub fn selected(&self) -> Option<&Item> {
        self.shown().get(self.cursor.selected).copied()
    }
}

/// A list to choose from, drawn.
pub struct PickerBox<'a>(pub &'a Picker, pub &'a Look);

impl PickerBox<'_> {
    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (picker, look) = (self.0, self.1);
        let shown = picker.shown();
        let rows = picker.items.len().clamp(1, PICKER_ROWS);
        let inner = open(look, body, (body.width.min(84), u16::try_from(rows + 1).unwrap_or(1)), &picker.title, buffer);
        if inner.height == 0 {
            return;
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
