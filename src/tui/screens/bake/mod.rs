//! Bake: one bake as its journal tells it, live: steps, layers, checks, log, and the files as they change. Every viewer
//! begins at the first line; there is no other way in.

mod changes;
mod checks;
mod log;
mod model;
mod places;
mod pointing;
mod step;
mod update;
mod view;

pub use changes::{Changed, Source};
pub use log::{LogText, Viewport};
pub use model::{Focus, Model, Pane};

use crate::domain::journal::Event;
use crate::domain::plan::StepId;
use crate::domain::projection::{ChangeTree, LayerStack};
use crate::report::Report;

/// What the Bake screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Follows a bake's journal from its first line; the newest wish counts.
    Watch {
        /// Its ID.
        bake: String,
        /// Play it again in its rhythm.
        replay: bool,
    },
    /// Reads what a step's layer changes; the newest wish counts.
    Changes {
        /// The bake's ID.
        bake: String,
        /// The step.
        step: StepId,
        /// Its layer, and what is below.
        stack: Box<LayerStack>,
    },
    /// Finds the bake to show when none was asked for: the newest.
    Newest,
    /// Stops a bake.
    Cancel(String),
}

/// One line of a journal, with the output it points at.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What happened.
    pub event: Event,
    /// Of `step.output`: the bytes.
    pub output: Vec<u8>,
}

/// What the Bake screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The next lines of a bake's journal.
    Records {
        /// Its ID.
        bake: String,
        /// In order.
        records: Vec<Told>,
    },
    /// A bake's journal is over.
    Ended {
        /// Its ID.
        bake: String,
        /// Its worker is gone and left no end.
        lost: bool,
    },
    /// A bake's journal cannot be read.
    Unreadable {
        /// As asked for.
        bake: String,
        /// Why not.
        report: Report,
    },
    /// What a step's layer changes, or why that cannot be told.
    Changes {
        /// The bake's ID.
        bake: String,
        /// The step.
        step: StepId,
        /// All of it.
        read: Result<Box<ChangeTree>, Report>,
    },
    /// The newest bake there is.
    Newest(Option<String>),
    /// A wish to stop a bake was passed on, or was not.
    Cancelled(Result<String, Report>),
}
