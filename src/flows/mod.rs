//! FLOWS: the things a baker can do, one file each. Async; no drawing, no printing. Only flows call the ports.
//!
//! Here typed errors become [`crate::report::Report`]s: a flow knows what the baker wanted, so it can say what to do.

mod base;
mod context;
pub mod environment;
mod order;
mod prepare;
mod recipes;

pub use context::Context;
pub use prepare::{PrepareOptions, Prepared};
pub use recipes::LoadedRecipe;
