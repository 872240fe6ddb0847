//! EFFECTS: everything that touches files, network, processes or the clock. A port heads each family.
//!
//! The crate-wide bans of `.clippy.toml` are lifted here, and only here.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "adapters are where the world is touched"
)]

pub mod clock;
pub mod demo;
pub mod drafts;
pub mod engine;
pub mod file_lock;
pub mod files;
pub mod host;
pub mod index;
pub mod inputs;
pub mod journal;
pub mod layer_source;
pub mod pointed;
pub mod process;
pub mod recipes;
pub mod rollouts;
pub mod sandbox;
pub mod secrets;
pub mod seen;
pub mod settings;
pub mod signing;
pub mod snapshot;
pub mod store;
pub mod whole_file;
