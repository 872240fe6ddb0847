//! Whether an image's own layers may be put on another version of its base without running a step, and the config that
//! comes of it. Safe is what meets nothing the new base changed; everything else is named. Moves nothing.

mod config;
mod paths;
mod ran;

pub use config::{ConfigConflict, merge};
pub use paths::{PathConflict, Why, conflicts};
pub use ran::ran_programs;
