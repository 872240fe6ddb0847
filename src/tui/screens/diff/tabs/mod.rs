//! The parts of the screen that are no files: packages and settings, layers, trust.

pub(super) mod facts;
pub(super) mod layers;
pub(super) mod trust;
