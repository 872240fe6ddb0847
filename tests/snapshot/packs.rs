//! Placeholder for packs.
