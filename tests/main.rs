//! The one integration binary: what a user, another tool or a hostile peer would notice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    reason = "tests touch the world and stop at the first surprise"
)]

mod assist;
mod bakes;
mod browse;
#[cfg(feature = "engines")]
mod buildkit;
mod changes;
mod compare;
mod config;
mod crash;
mod demo;
mod dockerfile;
mod doctor;
mod edit;
mod engine;
mod engines;
mod examples;
mod init;
mod keys;
mod lineage;
mod packages;
mod pictures;
mod policy;
mod pool;
mod rebase;
mod recipe;
mod rollout;
mod run_steps;
mod sandbox;
mod schema;
mod screenshot;
mod secrets;
mod shell;
mod signing;
mod snapshot;
mod spine;
mod standing;
mod store;
mod store_daemon;
mod store_layout;
mod support;
mod terminal;
mod tidy;
mod trust;
mod tui;
mod userland;
mod verify;
