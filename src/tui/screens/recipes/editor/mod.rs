//! A recipe's text, edited in place: its problems below their lines, what may stand at the cursor, and what a bake of it
//! would do beside it. Opens no file: text comes in and goes out as messages.

mod complete;
mod disk;
mod find;
mod foresight;
mod keys;
mod model;
mod plan;
mod popup;
mod questions;
mod update;
mod view;

pub use super::text::Text;
pub use model::Model;

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::recipe::Problem;
use crate::domain::recipe::assist::{Completions, Hover};
use crate::flows::assist::Foresight;
use crate::flows::drafts::Draft;
use crate::flows::edit::Saved;
use crate::report::Report;

/// What the editor wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The text of a recipe, and what an editor that is gone left behind of it.
    Read(PathBuf),
    /// A text judged as if it stood in its file.
    Judge(Asked),
    /// What may stand at a place of a text; the newest wish counts.
    Complete(Asked),
    /// What stands at a place means; the newest wish counts.
    Explain(Asked),
    /// What a bake of a text would do; the newest wish counts.
    Foresee(Asked),
    /// A text kept against a crash; told back after a while.
    KeepDraft {
        /// What is typed.
        asked: Asked,
        /// What stood in the file when typing began.
        before: String,
    },
    /// What was kept is not needed any more.
    DropDraft(PathBuf),
    /// What stands in the file now.
    Look(PathBuf),
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

/// A text that something is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The recipe.
    pub file: PathBuf,
    /// Its text as it is now.
    pub text: String,
    /// Which state of it.
    pub version: u64,
    /// Line and character of the cursor, from 0.
    pub at: (usize, usize),
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
    /// What an editor that is gone left behind.
    Draft {
        /// The recipe.
        file: PathBuf,
        /// The text.
        draft: Result<Option<Draft>, Report>,
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
    /// What may stand at a place.
    Completed {
        /// The recipe.
        file: PathBuf,
        /// Which state of it.
        version: u64,
        /// The place.
        at: (usize, usize),
        /// What may stand there.
        completions: Completions,
    },
    /// What stands at a place means.
    Explained {
        /// The recipe.
        file: PathBuf,
        /// Which state of it.
        version: u64,
        /// The place.
        at: (usize, usize),
        /// What it means, where that is known.
        hover: Option<Hover>,
    },
    /// What a bake would do.
    Foreseen {
        /// The recipe.
        file: PathBuf,
        /// Which state of it.
        version: u64,
        /// What it would do.
        foresight: Result<Arc<Foresight>, Report>,
    },
    /// A draft was kept, or was not; another one may be.
    Kept {
        /// The recipe.
        file: PathBuf,
        /// Which state of it.
        version: u64,
        /// Whether it is safe.
        outcome: Result<(), Report>,
    },
    /// What stands in the file now.
    OnDisk {
        /// The recipe.
        file: PathBuf,
        /// Nothing, where the file is gone.
        now: Option<Vec<u8>>,
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
    /// How they differ from what stands on disk.
    ShowTheirs,
    /// What was typed before a crash takes the place of the file's text.
    UseDraft,
    /// The file's text stays; what was typed before a crash is lost.
    DropDraft,
    /// How the two differ.
    ShowDraft,
}
