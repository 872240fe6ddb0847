//! The plan: every step pinned, keyed and judged before anything runs. Runs nothing, looks nothing up.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cache_key::Ids;
use crate::domain::oci::{Digest, Platform};

/// Names a step within a bake: `base`, `1`, `2`, …; with several platforms `arm64-1`, …. Also its log's file stem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of a step's result: equal keys, equal layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CacheKey(pub Digest);

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A fully resolved, pinned, ordered list of steps. Same inputs, same plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `NAME:TAG` the result gets in the local store.
    pub reference: String,
    /// Recipe file, as the user named it.
    pub recipe: String,
    /// Digest of the recipe's text.
    pub recipe_digest: Digest,
    /// Base as the recipe names it, or `scratch`.
    pub base: String,
    /// What the base tag was pinned to.
    pub base_digest: Option<Digest>,
    /// Whether the base tag now points elsewhere than the lock; `None` when nobody asked the store.
    pub stale: Option<bool>,
    /// Seconds since 1970 every time stamp in the result gets.
    pub created: i64,
    /// What becomes of owners in its steps that run something; said only where something is lost.
    #[serde(default, skip_serializing_if = "Ids::is_exact")]
    pub ids: Ids,
    /// One part a platform.
    pub platforms: Vec<PlatformPlan>,
}

impl Plan {
    /// The step that makes a platform's base present: `base`, or `arm64-base` where there are several platforms.
    pub fn base_step(&self, platform: &Platform) -> StepId {
        StepId(match (&platform.variant, self.platforms.len() > 1) {
            (_, false) => "base".into(),
            (None, true) => format!("{}-base", platform.architecture),
            (Some(variant), true) => format!("{}-{variant}-base", platform.architecture),
        })
    }
}

/// The plan for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformPlan {
    /// Which.
    pub platform: Platform,
    /// The base's manifest for it; `None` for scratch.
    pub base: Option<PlannedBase>,
    /// Steps in order.
    pub steps: Vec<PlannedStep>,
}

/// What a platform's image begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBase {
    /// Manifest digest.
    pub manifest: Digest,
    /// Layers.
    pub layers: usize,
    /// Bytes of all layer blobs.
    pub size: u64,
    /// Bytes the local store does not have yet.
    pub missing: u64,
}

/// One step, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name within the bake.
    pub id: StepId,
    /// Its kind: `copy`, `run`, ….
    pub action: String,
    /// One line that tells it from others.
    pub summary: String,
    /// 1-based line in the recipe.
    pub line: u32,
    /// Its key; below a step that will run, the key it has if that step gives what it gave last time.
    pub cache_key: CacheKey,
    /// Whether it is expected to run.
    pub will_run: bool,
    /// Why it runs or need not.
    pub reason: Reason,
}

/// Why a step runs, or need not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Reason {
    /// Its result is there.
    Cached,
    /// This recipe was never baked here.
    NeverBaked,
    /// The base is another one than last time.
    BaseChanged,
    /// The step's own text changed, or the step is new.
    StepChanged,
    /// Files it reads changed.
    InputsChanged {
        /// The first few, `app/main.py`.
        paths: Vec<String>,
        /// How many in all.
        count: usize,
    },
    /// A step below it runs.
    Below {
        /// That step.
        step: StepId,
    },
    /// Its result was collected, or settings it depends on changed.
    ResultGone,
    /// The user asked for no cache.
    NoCache,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cached => f.write_str("cached"),
            Self::NeverBaked => f.write_str("never baked here"),
            Self::BaseChanged => f.write_str("the base changed"),
            Self::StepChanged => f.write_str("the step changed"),
            Self::InputsChanged { paths, count } => {
                let shown: Vec<String> = paths.iter().map(|p| crate::domain::text::escape(p)).collect();
                f.write_str(&shown.join(", "))?;
                let more = count.saturating_sub(paths.len());
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str(" changed")
            }
            Self::Below { step } => write!(f, "step {step} below it runs"),
            Self::ResultGone => f.write_str("its result is no longer stored, or settings changed"),
            Self::NoCache => f.write_str("no cache was asked for"),
        }
    }
}
