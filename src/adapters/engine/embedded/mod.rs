//! The embedded engine: bakes on this machine, without a daemon and without unpacking the base.

pub mod cache;
