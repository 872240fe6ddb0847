//! Bakes: the shelf of past and running bakes, live.

mod model;

pub use model::Model;

/// What the Bakes screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The shelf, read again.
    List,
}

/// What the Bakes screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Nothing yet.
    Nothing,
}
