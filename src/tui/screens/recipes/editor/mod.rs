//! A recipe's text, edited in place, its problems in the margin. Opens no file: text comes in and goes out as messages.

mod model;
mod questions;
mod text;
mod update;
mod view;

pub use model::Model;
pub use text::Text;

use std::path::PathBuf;

use crate::domain::recipe::Problem;
use crate::flows::edit::Saved;
use crate::report::Report;

/// What the editor wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The text of a recipe.
    Read(PathBuf),
    /// A text judged as if it stood in its file; the newest wish counts.
    Judge {
        /// The recipe.
        file: PathBuf,
        /// Its text as it is now.
        text: String,
        /// Which state of it.
        version: u64,
    },
    /// A text written over what was read.
    Save {
        /// The recipe.
        file: PathBuf,
        /// What should stand there; nothing, where there should be no file.
        expected: Option<Vec<u8>>,
        /// What it is to be.
        text: String,
    },
    /// An answer of the user's comes back to the editor.
    Answer(Answer),
}

/// What the editor is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The text of a recipe and what is wrong with it.
    Text {
        /// The recipe.
        file: PathBuf,
        /// What was read.
        read: Result<(String, Vec<Problem>), Report>,
    },
    /// What is wrong with a text.
    Judged {
        /// The recipe.
        file: PathBuf,
        /// Which state of it.
        version: u64,
        /// What is wrong.
        problems: Result<Vec<Problem>, Report>,
    },
    /// A text was saved, or was not.
    Saved {
        /// The recipe.
        file: PathBuf,
        /// What was to be written.
        text: String,
        /// What became of it.
        outcome: Result<Saved, Report>,
    },
    /// The answer to whether changes are kept.
    Answer(Answer),
}

/// What becomes of unsaved changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They are saved, then the editor is over.
    SaveAndClose,
    /// They are saved, then bakery is left.
    SaveAndLeave,
    /// They are saved over what somebody else wrote meanwhile.
    Overwrite,
    /// They are lost.
    Discard,
    /// What stands on disk takes their place.
    ReadAgain,
}
