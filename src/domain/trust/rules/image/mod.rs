//! Rules on an image as a whole, a file a check.

mod labels;
mod packages;
mod provenance;
mod sbom;
mod signature;
mod size;
mod user;

pub(super) use labels::labels;
pub(super) use packages::{installed, packages};
pub(super) use provenance::provenance;
pub(super) use sbom::sbom;
pub(super) use signature::signature;
pub(super) use size::size;
pub(super) use user::{User, user};
