//! CLI: one file a command; reads arguments, calls one flow, prints. Knows domain and flows, never adapters.

mod arguments;
mod looking;
mod output;
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
mod demo;
mod diff;
mod doctor;
mod du;
mod evidence;
mod files;
mod fsck;
mod gc;
mod init;
mod inspect;
mod keys;
mod log;
mod man;
mod new;
mod plan;
mod policy;
mod publish;
mod replay;
mod screenshot;
mod shell;
mod store;
mod verify;
mod worker;

pub use run::run;
