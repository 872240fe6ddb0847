//! Steps and tests that run something in the image: the sandbox, the snapshots it stacks, what it says and leaves behind.
//!
//! Reading order: `runner` (the sandbox of one platform), `ground` (layers as snapshots), `step` (run and packages),
//! `listen` (what is heard meanwhile), `elsewhere` (carried out beyond this machine), `seal` (the upper folder becomes a layer), `trial` (the recipe's tests), `exam` (the same without a bake),
//! `shell`.

mod attempt;
mod elsewhere;
mod exam;
mod ground;
mod listen;
mod packages;
mod runner;
mod seal;
mod shell;
mod step;
mod trial;

pub use attempt::try_sandbox;
pub(in crate::adapters::engine) use elsewhere::Elsewhere;
pub(in crate::adapters::engine) use elsewhere::{Brought, UnderWay, Work};
pub use exam::{Trial, trial_checks};
pub(super) use ground::wait_for;
pub(in crate::adapters::engine) use listen::Telling;
pub(super) use runner::Runner;
pub use shell::{Floor, Program, Stopper, Workroom};
pub(in crate::adapters::engine) use step::{LAST_LINES, OWNERSHIP_LOST, RunError, StepRun, environment};
pub(super) use trial::Subject;
