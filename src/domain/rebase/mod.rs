//! Whether an image's own layers may be put on another version of its base without running a step, and the config that
//! comes of it. Safe is what a bake on the new base could not do otherwise; everything else is named. Moves nothing.

mod config;
mod paths;

pub use config::{ConfigConflict, merge};
pub use paths::{PathConflict, Why, conflicts};
