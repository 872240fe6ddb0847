//! The terminal UI: model, message, update, view. `update` is pure, effects are data, views only read.
//!
//! ```text
//! keys, results, journals --Msg--> update(&mut Model) --Effect--> perform --Msg--> …
//!                                       |
//!                                     draw(&Model) --> buffer --> terminal, test, picture
//! ```
//! Knows flows and domain, never adapters. Reading order: `msg`, `model`, `update`, `view`, one screen, `run`.

mod cast;
pub mod commands;
pub mod dress;
pub mod effect;
pub mod errands;
pub mod format;
pub mod keymap;
pub mod model;
pub mod mouse;
pub mod msg;
pub mod palette;
mod perform;
pub mod picture;
mod run;
pub mod screens;
mod screenshot;
pub mod settled;
mod stage;
pub mod tasks;
mod terminal;
pub mod theme;
pub mod tour;
pub mod update;
pub mod view;
pub mod widgets;

pub use cast::{CastRequest, record_bake, record_tour};
pub use run::{Start, run};
pub use screenshot::{Shot, ShotRequest, shoot};
pub use stage::Scenery;
