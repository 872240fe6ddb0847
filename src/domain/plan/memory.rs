//! What the last bake of a recipe was made of, so that the next plan can say what changed. Reads no file.

use serde::{Deserialize, Serialize};

use super::build::PlatformBase;
use super::cache_key::step_digest;
use super::inputs::InputManifest;
use super::model::{CacheKey, Plan};
use crate::domain::oci::{ChainId, Digest, Platform};
use crate::domain::recipe::Recipe;

/// The last bake of one recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// One part a platform.
    pub platforms: Vec<PlatformMemory>,
}

/// What one platform's image was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformMemory {
    /// Which.
    pub platform: Platform,
    /// The base's layers; `None` for none.
    pub base: Option<ChainId>,
    /// Digest of the base's environment; `None` where nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Digest>,
    /// How layers were packed.
    pub packing: String,
    /// The time stamps given.
    pub created: i64,
    /// Steps in order.
    pub steps: Vec<StepMemory>,
}

/// One step as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMemory {
    /// Digest of what it said.
    pub step: Digest,
    /// What it read.
    pub inputs: Option<InputManifest>,
    /// Its key as planned.
    pub key: CacheKey,
}

impl Memory {
    /// What a bake of `plan` is made of; `on` are the bases of its platforms, `inputs` the manifests of its steps.
    pub fn of(
        plan: &Plan,
        recipe: &Recipe,
        on: &[PlatformBase],
        inputs: &[Option<InputManifest>],
        packing: &str,
    ) -> Self {
        let platform = |(planned, on): (&super::model::PlatformPlan, &PlatformBase)| PlatformMemory {
            platform: planned.platform.clone(),
            base: on.chain.clone(),
            env: Some(env_digest(&on.env)),
            packing: packing.to_owned(),
            created: plan.created,
            steps: planned
                .steps
                .iter()
                .zip(recipe.steps.iter().zip(inputs))
                .map(|(planned, (step, inputs))| StepMemory {
                    step: step_digest(&step.action),
                    inputs: inputs.clone(),
                    key: planned.cache_key.clone(),
                })
                .collect(),
        };
        Self { platforms: plan.platforms.iter().zip(on).map(platform).collect() }
    }

    /// What it says about one platform.
    pub fn platform(&self, platform: &Platform) -> Option<&PlatformMemory> {
        self.platforms.iter().find(|memory| memory.platform == *platform)
    }
}

/// Identity of an environment.
pub(super) fn env_digest(env: &[String]) -> Digest {
    Digest::of(env.join("\0").as_bytes())
}
