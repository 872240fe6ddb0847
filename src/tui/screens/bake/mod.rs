//! Bake: one bake as its journal tells it, live: steps, layers, checks, log, and the place of live file changes.

mod model;

pub use model::Model;

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
}

/// What the Bake screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Nothing yet.
    Nothing,
}
