//! The embedded engine: bakes on this machine, without a daemon and without unpacking the base.
//!
//! Reading order: `engine` (a bake), `lanes` (its platforms), `base` (what it stands on), `platform` (one platform's steps), `steps`, `seal`
//! (changes become a layer), `image` (layers become an image), `checking` (the recipe's tests). `compress` knows nothing of bakes;
//! `layers` reads for others what a bake left behind.

mod base;
pub mod cache;
mod checking;
mod compress;
mod engine;
mod events;
mod image;
mod lanes;
pub mod layers;
mod platform;
mod reading;
mod running;
mod seal;
mod steps;
mod turns;

pub(super) use base::{Ground, index_of};
pub use engine::EmbeddedEngine;
pub(super) use engine::bake_with;
pub(super) use events::{Events, Progress};
pub use image::config_in_force;
pub(super) use reading::{Contents, Section};
pub(super) use running::{Brought, Elsewhere, Work};
pub use running::{Floor, Program, Stopper, Trial, Workroom, trial_checks, try_sandbox};
pub(super) use running::{LAST_LINES, RunError, StepRun, Telling, environment};
pub(super) use seal::{Sealing, seal};
pub(super) use steps::StepError;
pub(super) use steps::{Source, Spool, owner_ids};
pub(super) use turns::Turns;
