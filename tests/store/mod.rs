//! Stores: one conformance suite for all of them, and what only a registry can do wrong.

pub mod conformance;
mod layout;
mod memory;
pub mod registry;
mod registry_faults;
mod registry_transfer_faults;
