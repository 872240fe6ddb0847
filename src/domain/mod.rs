//! PURE: what images, recipes, plans, layers and bakes are. No files, network, clock, environment, tokio or terminal;
//! abstract `std::io::{Read, Write}` only. `tests/tidy.rs` and `.clippy.toml` hold it to that.

pub mod dockerfile;
pub mod document;
pub mod engine;
pub mod journal;
pub mod layer;
pub mod lineage;
pub mod mask;
pub mod oci;
pub mod plan;
pub mod pool;
pub mod projection;
pub mod rebase;
pub mod recipe;
pub mod role_style;
pub mod rollout;
pub mod text;
pub mod trust;
pub mod units;
pub mod yaml;
