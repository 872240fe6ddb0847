//! Fixtures: one file a seam.
