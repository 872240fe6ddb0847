//! Rules on what an image inherits, and on what it does to it.

mod contract;
mod layers;
mod protected;

pub(super) use contract::contract;
pub(super) use layers::layers;
