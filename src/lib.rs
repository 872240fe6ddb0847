//! bakery: inherit trusted container base images, customise them, bake, watch what changed, prove it, hand it on.
//!
//! # The one idea: a bake is a journal
//! ```text
//! text --parse--> Recipe --build--> Plan --Engine::bake--> EventKind --append--> Event --tail--> Projection --view--> screen / lines / JSON
//!      (+Problems)       (+resolved base)      (sink only)     (seq and time set here)    (apply)     (pure)
//! ```
//! The engine only emits facts; the worker process appends them to one file; every viewer is a fold over that file.
//!
//! # The rooms, and who may know whom: `domain <- adapters <- flows <- {tui, cli}`
//! - [`domain`]: pure; nouns: recipes, plans, layers, journals, trust.
//! - [`adapters`]: everything that touches the world; one port a family.
//! - [`flows`]: what a baker does, one file each; the only callers of ports.
//! - [`tui`]: the terminal UI: one loop, a pure `update`, effects as data, views that only read. Never adapters.
//! - [`cli`]: one file a command; prints. Knows domain and flows, never adapters.
//! - [`report`]: what a user sees when something fails.
//!
//! # Reading order
//! `domain/oci`, `domain/recipe/schema`, `domain/plan/model`, `domain/journal/event`, `adapters/store/mod`,
//! `adapters/engine/mod`, `flows`, `cli`, `tui/msg`, `tui/update`, one screen. `tests/tidy.rs` keeps all of this true.

pub mod adapters;
pub mod cli;
pub mod domain;
pub mod flows;
pub mod report;
pub mod tui;

pub use cli::run;

/// This program: a part of the sandbox where it was started as one, else the command line.
pub fn main() -> std::process::ExitCode {
    // First of all: what the sandbox does to a process it must do while there is one thread.
    match adapters::sandbox::take_part() {
        Some(code) => code,
        None => run(std::env::args_os()),
    }
}
