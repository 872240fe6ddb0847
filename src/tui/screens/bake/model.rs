//! What the Bake screen knows.

use ratatui::buffer::Buffer;

use super::Msg;
use crate::tui::keymap::{Action, Scope};
use crate::tui::screens::{Around, Place, Subject, Wish};
use crate::tui::theme::Look;

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {}

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, _msg: Msg, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    /// Watches a bake from its beginning, or plays it again.
    pub fn watch(&mut self, _bake: String, _replay: bool, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Bake, Scope::List]
    }

    fn enter(&mut self, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    fn act(&mut self, _action: Action, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    fn resized(&mut self, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }

    fn subject(&self, _look: &Look, _around: &Around) -> Subject {
        Subject::default()
    }

    fn draw(&self, _look: &Look, _around: &Around, _buffer: &mut Buffer) {}
}
