//! Rendering: what values look like as lines. Pure but for `bars`, which moves on a terminal; knows no journal on disk.

mod bars;
pub mod inspection;
mod plain;
pub mod plan;
pub mod problems;
mod units;

pub use bars::Bars;
pub use plain::Plain;
pub use units::{age, bytes, count, millis, rate};
