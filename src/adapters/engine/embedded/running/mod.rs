//! Steps and tests that run something in the image: the sandbox, the snapshots it stacks, what it says and leaves behind.
//!
//! Reading order: `runner` (the sandbox of one platform), `ground` (layers as snapshots), `step` (run and packages),
//! `listen` (what is heard meanwhile), `seal` (the upper folder becomes a layer), `tests`.

mod ground;
mod listen;
mod packages;
mod runner;
mod seal;
mod step;
mod tests;

pub(super) use ground::wait_for;
pub(super) use runner::Runner;
pub(super) use step::{OWNERSHIP_LOST, RunError, StepRun};
pub(super) use tests::Subject;
