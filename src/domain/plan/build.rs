//! Building plans: everything known goes in, a plan comes out. Pure; runs nothing, opens nothing.

use super::cache_key::{Below, Ids, KeyParts, Running, step_key};
use super::explain::{Missed, reason};
use super::inputs::InputManifest;
use super::memory::Memory;
use super::model::{CacheKey, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};
use crate::domain::oci::{ChainId, DiffId, Digest, Platform};
use crate::domain::recipe::Recipe;

/// What the step cache holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedResult {
    /// The layer; `None` where the step changed nothing.
    pub diff_id: Option<DiffId>,
}

/// Looks into the step cache.
pub trait CacheView {
    /// The result under a key, if it is there with everything it needs.
    fn result(&self, key: &CacheKey) -> Option<CachedResult>;
}

/// A cache that holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

impl CacheView for NoCache {
    fn result(&self, _key: &CacheKey) -> Option<CachedResult> {
        None
    }
}

/// One platform and what its image begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformBase {
    /// Which.
    pub platform: Platform,
    /// The base's manifest; `None` for scratch.
    pub base: Option<PlannedBase>,
    /// Identity of the base's layers.
    pub chain: Option<ChainId>,
    /// The base's own environment, `NAME=value`.
    pub env: Vec<String>,
}

/// Everything a plan is made of.
pub struct PlanRequest<'a> {
    /// What to bake.
    pub recipe: &'a Recipe,
    /// Recipe file, as the user named it.
    pub file: &'a str,
    /// Digest of the recipe's text.
    pub recipe_digest: Digest,
    /// What the base tag was pinned to.
    pub base_digest: Option<Digest>,
    /// Whether the tag points elsewhere by now.
    pub stale: Option<bool>,
    /// The time every entry gets.
    pub created: i64,
    /// How layers are packed, in words that say everything their bytes depend on.
    pub packing: &'a str,
    /// What becomes of owners in steps that run something.
    pub ids: Ids,
    /// Kind of the engine that carries out a platform's steps which run something; `None` for this machine's own.
    pub engine: &'a dyn Fn(&Platform) -> Option<&'static str>,
    /// Platforms in order.
    pub platforms: &'a [PlatformBase],
    /// What each step reads; as many as the recipe has steps.
    pub inputs: &'a [Option<InputManifest>],
    /// What is there already; `None` when the user asked for no cache.
    pub cache: Option<&'a dyn CacheView>,
    /// The last bake of this recipe.
    pub memory: Option<&'a Memory>,
}

/// Builds the plan. The same request gives the same plan.
pub fn build(request: &PlanRequest<'_>) -> Plan {
    let several = request.platforms.len() > 1;
    let here = request.platforms.iter().any(|on| (request.engine)(&on.platform).is_none());
    Plan {
        reference: request.recipe.reference(),
        recipe: request.file.to_owned(),
        recipe_digest: request.recipe_digest.clone(),
        base: request.recipe.base.to_string(),
        base_digest: request.base_digest.clone(),
        stale: request.stale,
        created: request.created,
        ids: if request.recipe.steps.iter().any(|step| step.action.runs()) && here { request.ids } else { Ids::Exact },
        platforms: request.platforms.iter().map(|platform| platform_plan(request, platform, several)).collect(),
    }
}

fn platform_plan(request: &PlanRequest<'_>, on: &PlatformBase, several: bool) -> PlatformPlan {
    let memory = request.memory.and_then(|memory| memory.platform(&on.platform));
    let mut below = Below::Chain(on.chain.clone());
    let engine = (request.engine)(&on.platform);
    let mut runs: Option<StepId> = None;
    let mut steps = Vec::with_capacity(request.recipe.steps.len());
    for (index, step) in request.recipe.steps.iter().enumerate() {
        let id = step_id(&on.platform, index, several);
        let inputs = request.inputs.get(index).and_then(Option::as_ref);
        let digest = inputs.map(InputManifest::digest);
        // Builders elsewhere have exact ids.
        let ids = if engine.is_some() { Ids::Exact } else { request.ids };
        let mut running = Running::of(&step.action, &on.env, ids);
        if let Some(engine) = engine {
            running = running.map(|running| running.on(engine));
        }
        let key = step_key(&KeyParts {
            below: &below,
            action: &step.action,
            inputs: digest.as_ref(),
            created: request.created,
            packing: request.packing,
            running,
        });
        let cached = request.cache.and_then(|cache| cache.result(&key));
        let missed = Missed { index, action: &step.action, inputs, below: runs.as_ref(), on };
        let why = match (&cached, request.cache) {
            (_, None) => Reason::NoCache,
            (Some(_), _) => Reason::Cached,
            (None, _) => reason(&missed, memory),
        };
        let will_run = cached.is_none();
        below = match (below, &cached) {
            (Below::Chain(chain), Some(result)) => Below::Chain(match &result.diff_id {
                Some(layer) => Some(ChainId::extend(chain.as_ref(), layer)),
                None => chain,
            }),
            _ => Below::Step(key.clone()),
        };
        if will_run {
            runs = Some(id.clone());
        }
        steps.push(PlannedStep {
            id,
            action: step.action.kind().to_owned(),
            summary: step.action.summary(),
            line: step.line,
            cache_key: key,
            will_run,
            reason: why,
        });
    }
    PlatformPlan { platform: on.platform.clone(), base: on.base.clone(), steps }
}

/// `1`, or `arm64-1` where there are several platforms.
fn step_id(platform: &Platform, index: usize, several: bool) -> StepId {
    let number = index + 1;
    StepId(match (&platform.variant, several) {
        (_, false) => number.to_string(),
        (None, true) => format!("{}-{number}", platform.architecture),
        (Some(variant), true) => format!("{}-{variant}-{number}", platform.architecture),
    })
}
