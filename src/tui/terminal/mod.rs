//! The terminal: its modes, its bytes in and out. Knows no model.

mod budget;
mod burst;
mod clipboard;
mod input;
mod modes;
mod painter;
mod scroll;

pub(super) use budget::Budget;
pub(super) use burst::Burst;
pub(super) use clipboard::{fits as clipboard_fits, sequence as clipboard_sequence};
pub(super) use input::{read, sane};
pub(super) use modes::{Modes, guard_panics};
pub(super) use painter::Painter;
