//! The terminal UI without a terminal: messages in, screens out, compared with golden text and role grids.

mod around;
mod bake;
mod bakes;
mod changes;
mod checks;
mod diff;
mod editor;
mod frame;
mod golden;
mod lineage;
mod mouse;
mod picture;
pub mod pool;
mod recipes;
mod store;
mod theme;
mod tour;
mod update;
mod verify;
