//! Placeholder for watches.
