//! Fixtures: one file a seam.

pub mod bakery;
pub mod bakes;
pub mod binary;
pub mod debian;
pub mod docker_registry;
pub mod engine;
pub mod faulty_registry;
pub mod images;
pub mod peers;
pub mod pty;
