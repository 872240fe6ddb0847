//! Lineage: who inherits from whom over the whole fleet, as a tree or a table; what is stale, and the one best thing to do
//! with it. Finds nothing out itself, moves nothing itself.

mod asks;
mod detail;
mod facts;
mod known;
mod live;
mod model;
mod obey;
mod rows;
mod table;
mod tree;
mod update;
mod view;

pub use detail::{Answer, Asked, Came};
pub use facts::{Facts, Totals};
pub use known::Known;
pub use live::Live;
pub use model::{Circle, Model, Onto, Reading};
pub use rows::Row;

use std::path::PathBuf;

use super::Held;
use crate::domain::rollout::Progress;
use crate::flows::impact::Hit;
use crate::flows::lineage::{Assessment, Lineage};
use crate::flows::rebase::Rebase;
use crate::report::Report;

/// What the Lineage screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Reads who inherits from whom; the newest wish counts.
    Read {
        /// Which run this is.
        run: u64,
    },
    /// Follows it as it changes, until something else is wished.
    Watch {
        /// The run that read it.
        run: u64,
        /// What is known of it.
        lineage: Held<Lineage>,
    },
    /// Looks into one image; the newest wish counts.
    Assess {
        /// Of this lineage.
        lineage: Held<Lineage>,
        /// Its number there.
        number: usize,
    },
    /// Looks into these, a few at a time; the newest wish counts.
    AssessAll {
        /// Of this lineage.
        lineage: Held<Lineage>,
        /// Their numbers there.
        numbers: Vec<usize>,
    },
    /// Gives up looking into images, and following the lineage.
    Rest,
    /// Puts an image on what its base is now, or only says what would come of it.
    Rebase {
        /// Of the local store, by its reference.
        image: String,
        /// Only say.
        dry_run: bool,
    },
    /// Moves the locks of recipes to what their bases are now; their bakes follow.
    Update(Vec<PathBuf>),
    /// What would become of everything built on a base's tag.
    Impact {
        /// The tag.
        base: String,
        /// What it would point to.
        onto: String,
    },
    /// What a roll-out would do.
    Plan {
        /// Of this base's tag.
        base: String,
        /// Only these images; all where empty.
        only: Vec<String>,
    },
    /// Begins one.
    Begin {
        /// Of this base's tag.
        base: String,
        /// Only these images; all where empty.
        only: Vec<String>,
    },
    /// Looks for the newest roll-out.
    Newest,
    /// Follows one to its end.
    Follow(String),
    /// Asks one to stop.
    Cancel(String),
    /// Goes on with one that stopped.
    Resume(String),
}

impl Effect {
    /// Whether it changes something outside.
    pub fn changes(&self) -> bool {
        match self {
            Self::Rebase { dry_run, .. } => !dry_run,
            Self::Update(_) | Self::Begin { .. } | Self::Cancel(_) | Self::Resume(_) => true,
            _ => false,
        }
    }
}

/// What the Lineage screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Who inherits from whom.
    Read {
        /// The run.
        run: u64,
        /// All images.
        lineage: Held<Lineage>,
    },
    /// All stores were looked at again.
    Looked {
        /// The run that read them.
        run: u64,
        /// All images, where anything is not what it was.
        lineage: Option<Held<Lineage>>,
    },
    /// An image was looked into, or could not be.
    Assessed {
        /// Of this lineage.
        lineage: Held<Lineage>,
        /// Its number there.
        number: usize,
        /// What was found.
        found: Result<Held<Assessment>, Report>,
    },
    /// What came of a rebase.
    Rebased {
        /// As asked for.
        image: String,
        /// Nothing was to be done.
        dry_run: bool,
        /// What came of it.
        outcome: Result<Box<Rebase>, Report>,
    },
    /// Locks were moved, or could not be.
    Updated {
        /// The recipes.
        recipes: Vec<PathBuf>,
        /// Why not.
        failure: Option<Report>,
    },
    /// What would become of everything built on a base.
    Impact {
        /// The base's tag.
        base: String,
        /// What it would point to.
        onto: String,
        /// By image.
        hits: Result<Held<Vec<Hit>>, Report>,
    },
    /// What a roll-out would do.
    Planned {
        /// The base's tag.
        base: String,
        /// Only these images.
        only: Vec<String>,
        /// Image by image.
        plan: Result<Held<Progress>, Report>,
    },
    /// A roll-out began, or could not; its ID.
    Begun(Result<String, Report>),
    /// The newest roll-out there is.
    Newest(Result<Option<Held<Progress>>, Report>),
    /// How far the one that is followed is.
    Progress(Held<Progress>),
    /// It is not followed any more; why, where that is not its end.
    Unfollowed {
        /// Which.
        id: String,
        /// Why.
        failure: Option<Report>,
    },
    /// One was asked to stop, or to go on.
    Told {
        /// Which.
        id: String,
        /// Was it to go on.
        resume: bool,
        /// Why it could not be asked.
        failure: Option<Report>,
    },
}
