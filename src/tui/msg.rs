//! What can happen to the terminal UI, as data.

use ratatui::layout::{Position, Size};
use time::OffsetDateTime;

use super::errands;
use super::keymap::Key;
use super::screens::{bake, bakes, diff, recipes, store, verify};
use super::tasks::News;
use super::widgets::Toast;

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal has another size.
    Resized(Size),
    /// It is this late.
    Clock(OffsetDateTime),
    /// News from outside any screen.
    Tell(Toast),
    /// The palette goes on finding.
    FindMore,
    /// Of what is under way.
    Task(News),
    /// Of no screen in particular.
    Errand(errands::Msg),
    /// The editor that had the terminal is over.
    EditedOutside,
    /// For the Store screen.
    Store(store::Msg),
    /// For the Recipes screen.
    Recipes(recipes::Msg),
    /// For the Bake screen.
    Bake(bake::Msg),
    /// For the Verify screen.
    Verify(verify::Msg),
    /// For the Diff screen.
    Diff(diff::Msg),
    /// For the Bakes screen.
    Bakes(bakes::Msg),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The first button was pressed.
    Click(Position),
    /// The wheel was turned towards the user.
    WheelDown,
    /// The wheel was turned away.
    WheelUp,
}
