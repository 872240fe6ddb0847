//! What can happen to the terminal UI, as data.

use ratatui::layout::{Position, Size};
use time::OffsetDateTime;

use super::errands;
use super::keymap::Key;
use super::screens::{bake, bakes, diff, lineage, recipes, store, verify};
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
    /// Something for the terminal itself, and what the user is told of it.
    ThroughTerminal {
        /// What it is sent.
        bytes: Vec<u8>,
        /// The news.
        told: Toast,
    },
    /// The palette goes on finding.
    FindMore,
    /// Of what is under way.
    Task(News),
    /// Of no screen in particular.
    Errand(errands::Msg),
    /// The editor that had the terminal is over.
    EditedOutside,
    /// The themes there are.
    Themes(Vec<ThemeChoice>),
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
    /// For the Lineage screen.
    Lineage(lineage::Msg),
    /// For the Bakes screen.
    Bakes(bakes::Msg),
}

/// A theme that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeChoice {
    /// Its name.
    pub name: String,
    /// What it is for; or why it cannot be used, with the place.
    pub about: Result<String, String>,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The first button was pressed.
    Click(Position),
    /// The mouse moved while it was held.
    Drag(Position),
    /// It was let go.
    Release,
    /// The wheel was turned.
    Wheel {
        /// Over what.
        at: Position,
        /// Towards the user.
        down: bool,
    },
}
