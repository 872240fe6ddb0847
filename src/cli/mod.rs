//! CLI: one file a command; reads arguments, calls one flow, prints. Knows domain and flows, never adapters.

mod arguments;
mod linear;
mod looking;
mod output;
mod rebase;
pub mod render;
mod run;
mod screen;
mod selection;
mod story;

mod attach;
mod bake;
mod bakes;
mod cancel;
mod cat;
mod check;
mod completions;
mod config;
mod demo;
mod diff;
mod doctor;
mod du;
mod evidence;
mod files;
mod fsck;
mod gc;
mod impact;
mod init;
mod inspect;
mod keys;
mod lineage;
mod log;
mod man;
mod plan;
mod policy;
mod publish;
mod replay;
mod schema;
mod screenshot;
mod shell;
mod store;
mod update;
mod verify;
mod worker;

pub use run::run;
