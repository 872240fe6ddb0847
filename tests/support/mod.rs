//! Fixtures: one file a seam.

pub mod images;
pub mod peers;
