//! What the editor knows.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Msg;
use crate::tui::keymap::{Action, Key};
use crate::tui::screens::{Around, Wish};
use crate::tui::theme::Look;

/// A recipe being edited. The Recipes screen holds one while its text has the keys.
#[derive(Debug, Default)]
pub struct Model {
    /// The recipe's file.
    pub file: PathBuf,
}

impl Model {
    /// Opens a recipe: its file, and its name as shown. The text is asked for by the wishes.
    pub fn open(file: PathBuf, _shown: String, _around: &Around) -> (Self, Vec<Wish>) {
        (Self { file }, Vec::new())
    }

    /// Whether the text differs from its file.
    pub fn is_modified(&self) -> bool {
        false
    }

    /// Whether the user is done with it: the Recipes screen takes the keys back and drops this model.
    pub fn is_over(&self) -> bool {
        true
    }

    /// A key's action.
    pub fn act(&mut self, _action: Action, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    /// A key while text is typed.
    pub fn typed(&mut self, _key: Key, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    /// Text pasted.
    pub fn pasted(&mut self, _text: &str, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    /// Takes one message in.
    pub fn receive(&mut self, _msg: Msg, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    /// Draws it into `area`.
    pub fn draw(&self, _look: &Look, _area: Rect, _buffer: &mut Buffer) {}

    /// Where the terminal's cursor stands in `area`.
    pub fn cursor(&self, _area: Rect) -> Option<Position> {
        None
    }
}
