//! Bakes: the shelf of past and running bakes, live, and one of them in full. Reads no journal; is told rows.

mod detail;
mod model;
mod pool;
mod pool_view;
mod update;
mod view;

pub use model::{Model, Reading};
pub use pool::{Pool, Pooled};

use crate::flows::follow::ShelfNews;
use crate::report::Report;

/// What the Bakes screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The shelf followed from the beginning: everything, then what changes.
    List,
    /// A bake asked to stop.
    Cancel(String),
}

/// What the Bakes screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Bakes.
    News(ShelfNews),
    /// How the bakes begun from here stand, as soon as that is another; nothing once they are over.
    Pool(Option<Box<Pooled>>),
    /// The shelf cannot be read, or no longer.
    Unreadable(Report),
    /// A bake was asked to stop, or could not be.
    Asked {
        /// Its ID.
        bake: String,
        /// Why not.
        failure: Option<Report>,
    },
}
