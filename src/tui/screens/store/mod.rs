//! Store: every store of the workspace, its repositories, their tags, and one image in full. Asks for what is in sight
//! first; knows no recipe.

mod detail;
mod intake;
mod marked;
mod model;
mod order;
mod seal;
mod settings;
mod update;
mod view;

pub use model::{Level, Loading, Model, Repo, RepoRow, Shelf, Shown, Spot};
pub use seal::Seal;

use std::sync::Arc;

use crate::flows::browse::{Found, Inspection, Listed};
use crate::report::Report;

/// What the Store screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// All stores surveyed from the beginning.
    Survey,
    /// The same, since something changed: what is known stays until the answer is there.
    ReadAgain,
    /// One image looked into, for its row.
    Look {
        /// The store's name.
        store: String,
        /// Repository.
        repository: String,
        /// Tag.
        tag: String,
    },
    /// One image in full, unless all of it would have to come here for that; the newest wish counts.
    Inspect(String),
    /// One image in full, whatever has to come here for it; the newest of both wishes counts.
    Export(String),
}

/// What the Store screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A survey of this store begins: what was known of it is replaced.
    Begun(String),
    /// Names in a store.
    Found {
        /// The store's name.
        store: String,
        /// What.
        found: Found,
    },
    /// A store has been surveyed, or could not be.
    Surveyed {
        /// The store's name.
        store: String,
        /// Why not.
        failure: Option<Report>,
    },
    /// A row's facts.
    Looked {
        /// The store's name.
        store: String,
        /// Repository.
        repository: String,
        /// Tag.
        tag: String,
        /// What was seen.
        seen: Result<Listed, Report>,
    },
    /// An image that would have to come here, all of it, to be looked into.
    Away(String),
    /// An image in full.
    Inspected {
        /// As asked for.
        reference: String,
        /// What was seen.
        seen: Result<Arc<Inspection>, Report>,
    },
}
