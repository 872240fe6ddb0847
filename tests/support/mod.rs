//! Fixtures: one file a seam.

pub mod binary;
