//! A recipe's text, edited in place, its problems in the margin. Opens no file: text comes in and goes out as messages.

mod model;

pub use model::Model;

/// What the editor wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {}

/// What the editor is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {}
