//! Plans: what a bake will do, step by step, why, and under which key. Knows no engine and no store.

mod inputs;
mod model;

pub use inputs::{InputEntry, InputKind, InputManifest};
pub use model::{CacheKey, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};
