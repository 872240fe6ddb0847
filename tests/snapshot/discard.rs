//! Placeholder for discard.
