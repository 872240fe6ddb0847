//! Bakes: the shelf of past and running bakes, live. Knows of each what its journal's ends say; opens none.

mod detail;
mod model;
mod update;
mod view;

pub use model::Model;

use crate::domain::projection::ShelfRow;
use crate::report::Report;

/// What the Bakes screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The shelf, now and whenever it changes.
    List,
    /// Stops a bake.
    Cancel(String),
}

/// What the Bakes screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The shelf, newest first.
    Listed(Result<Vec<ShelfRow>, Report>),
    /// A wish to stop a bake was passed on, or was not.
    Cancelled(Result<String, Report>),
}
