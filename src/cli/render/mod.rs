//! Rendering: what values look like as lines. Pure but for `bars`, which moves on a terminal; knows no journal on disk.

mod bars;
pub mod change_rows;
pub mod changes;
pub mod demo;
pub mod entries;
pub mod facts;
pub mod inspection;
pub mod lineage;
mod plain;
pub mod plan;
pub mod problems;
pub mod rebase;
pub mod rollout;
pub mod shares;
pub mod trust;

pub use crate::domain::units::{age, bytes, count, millis, rate};
pub use bars::Bars;
pub use plain::Plain;
pub use trust::signature;
