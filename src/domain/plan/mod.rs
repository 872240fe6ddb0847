//! Plans: what a bake will do, step by step, why, and under which key. Knows no engine and no store.

mod build;
mod cache_key;
mod explain;
mod inputs;
mod memory;
mod model;
#[cfg(test)]
mod reasons;

pub use build::{CacheView, CachedResult, NoCache, PlanRequest, PlatformBase, build};
pub use cache_key::{Below, Ids, KeyParts, Running, step_digest, step_key};
pub use inputs::{InputEntry, InputKind, InputManifest};
pub use memory::{Memory, PlatformMemory, StepMemory};
pub use model::{CacheKey, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};
