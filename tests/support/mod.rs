//! Fixtures: one file a seam.

pub mod bakery;
pub mod bakes;
pub mod binary;
pub mod container;
pub mod debian;
pub mod docker_registry;
pub mod docker_run;
pub mod dockerd;
pub mod engine;
pub mod faulty_registry;
pub mod images;
pub mod meadow;
pub mod ordinary;
pub mod peers;
pub mod podman_service;
pub mod pool;
pub mod pty;
pub mod subordinate;
pub mod tiny;
