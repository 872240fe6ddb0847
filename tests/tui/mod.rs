//! The terminal UI without a terminal: messages in, screens out, compared with golden text and role grids.

mod golden;
mod picture;
mod store;
