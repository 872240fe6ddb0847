//! Engines as recipes and screens speak of them: how one is named, what it can do. Knows none from inside.

mod address;
mod capabilities;

pub use address::{EngineAddress, EngineAddressError};
pub use capabilities::{Capabilities, Lack};
