//! FLOWS: the things a baker can do, one file each. Async; no drawing, no printing. Only flows call the ports.
//!
//! Here typed errors become [`crate::report::Report`]s: a flow knows what the baker wanted, so it can say what to do.

pub mod assist;
pub mod bake;
pub mod batch;
pub mod browse;
pub mod changes;
pub mod clipboard;
pub mod compare;
mod context;
pub mod demo;
pub mod doctor;
pub mod drafts;
pub mod edit;
mod engines;
pub mod environment;
pub mod export;
pub mod follow;
mod gatekeeper;
pub mod impact;
pub mod init;
pub mod interrupts;
mod judging;
mod jurisdiction;
pub mod keys;
pub mod lineage;
mod new_recipe;
pub mod pictures;
pub mod policy;
mod pool;
pub mod port;
mod prepare;
pub mod prune;
pub mod publish;
pub mod rebase;
mod reproduce;
pub mod rollout;
pub mod schema;
pub mod settings;
pub mod shell;
mod signer;
pub mod standing;
mod statements;
pub mod terminal;
pub mod update;
pub mod verify;
pub mod watch;
pub mod worker;

pub use context::{Context, KeyEntry};
pub use prepare::{LoadedRecipe, PrepareOptions, Prepared};
