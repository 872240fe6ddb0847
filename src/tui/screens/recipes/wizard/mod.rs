//! A new recipe in four answers: base, name, tag, what it is for. Each has a safe default; nothing is written before the
//! last.

mod model;
mod update;
mod view;

pub use model::Model;

use std::path::PathBuf;

use crate::flows::edit::NewRecipe;
use crate::report::Report;

/// What the wizard wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The wizard begins, the base answered where one is given.
    Begin(Option<String>),
    /// The images of every store, as they come.
    Images,
    /// The recipe, made.
    Make(NewRecipe),
}

/// What the wizard is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// It begins, the base answered where one is given.
    Begin(Option<String>),
    /// Images of a store, more may follow.
    Images(Vec<String>),
    /// All there are have been told, but for stores that cannot be listed.
    Read(Option<Report>),
    /// The recipe was made: its file, and as people name it.
    Made(Result<(PathBuf, String), Report>),
}
