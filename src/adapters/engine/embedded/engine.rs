//! The bake: base, steps and image of every platform, all joined, then the tag. Emits facts, reads no journal.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::base::{blocking, bring, layers_of};
use super::checking::{FileTests, sum_up};
use super::events::on_thread;
use super::image::{Frame, put_index};
use super::lanes::{Part, make_all};
use super::platform::{Ended, Made, StepFailed, Task, Workshop};
use super::running::Elsewhere;
use super::steps::StepError;
use crate::adapters::engine::{BakeJob, Baked, BaseImage, Engine, EngineError, Sink};
use crate::adapters::host;
use crate::adapters::store::layout::Layout;
use crate::domain::engine::Capabilities;
use crate::domain::journal::EventKind;
use crate::domain::oci::{Descriptor, MAX_LAYERS, Platform};
use crate::domain::plan::{PlatformPlan, StepId};

const NAME: &str = "embedded";

/// Bakes in this process, on its own threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedEngine;

#[async_trait]
impl Engine for EmbeddedEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn capabilities(&self) -> Result<Capabilities, EngineError> {
        Ok(Capabilities { platforms: Some(host::platforms()), ..Capabilities::embedded() })
    }

    async fn bake(&self, job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        bake_with(job, sink, cancel, &|_| None).await
    }
}

/// Who carries out steps that run something for a platform; `None`: this machine.
pub(in crate::adapters::engine) type Carriers<'a> = &'a (dyn Fn(&Platform) -> Option<Arc<dyn Elsewhere>> + Send + Sync);

/// Bakes; steps that run something are carried out `elsewhere` where that is given for their platform.
pub(in crate::adapters::engine) async fn bake_with(
    job: &BakeJob,
    sink: &dyn Sink,
    cancel: &CancellationToken,
    elsewhere: Carriers<'_>,
) -> Result<Baked, EngineError> {
    let bases = check(job, elsewhere)?;
    // What this bake puts or uses is not freed while it runs.
    let target = Layout::clone(&job.target);
    let _hold = blocking(move || target.hold()).await?;
    let plans = job.plan.platforms.iter().zip(bases);
    let parts: Vec<Part<'_>> =
        plans.map(|(plan, base)| Part { plan, base, carrier: elsewhere(&plan.platform) }).collect();
    let made = make_all(job, &parts, sink, cancel).await?;
    let mut manifests: Vec<(Platform, Descriptor)> = Vec::with_capacity(made.len());
    let mut found = Vec::with_capacity(made.len());
    for (part, made) in parts.iter().zip(made) {
        manifests.push((part.plan.platform.clone(), made.manifest));
        found.push((part.plan.platform.to_string(), made.found));
    }
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let mut failed = sum_up(&job.recipe, &found, sink)?;
    if let Some(gatekeeper) = &job.gatekeeper {
        failed.extend(gatekeeper.judge(&manifests, sink).await?);
    }
    if !failed.is_empty() {
        return Err(EngineError::Rejected { failed });
    }
    let image = match manifests.as_slice() {
        [(_, only)] => only.clone(),
        _ => {
            let here = parts.iter().any(|part| part.carrier.is_none());
            let (frame, manifests) = (frame_of(job, !here), manifests.clone());
            blocking(move || put_index(&frame, manifests)).await?
        }
    };
    // What proves the image is there before anybody can find it.
    if let Some(gatekeeper) = &job.gatekeeper {
        gatekeeper.attach(&image, &manifests, sink).await?;
    }
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let reference = job.plan.reference.clone();
    let (target, name, tagged) = (Layout::clone(&job.target), reference.clone(), image.clone());
    blocking(move || target.tag(&name, &tagged)).await?;
    sink.emit(EventKind::ImageCommitted { reference: reference.clone(), image: image.clone() })?;
    Ok(Baked { reference, image })
}

/// Whether this engine can do it all, before anything is written; gives the base of each platform.
fn check<'j>(job: &'j BakeJob, elsewhere: Carriers<'_>) -> Result<Vec<Option<&'j BaseImage>>, EngineError> {
    let kind_on = |on: &Platform| elsewhere(on).map_or(NAME, |elsewhere| elsewhere.kind());
    let engine = job.plan.platforms.first().map_or(NAME, |part| kind_on(&part.platform));
    let unsupported = |what: String| EngineError::Unsupported { engine, what };
    if job.plan.platforms.is_empty() {
        return Err(unsupported("bake for no platform at all".into()));
    }
    let steps = job.recipe.steps.len();
    if job.inputs.len() != steps || job.plan.platforms.iter().any(|part| part.steps.len() != steps) {
        return Err(unsupported("bake a plan that was made from another recipe".into()));
    }
    if let Some(base) = job.bases.iter().find(|base| base.manifest.layers.len() + steps > MAX_LAYERS) {
        let layers = base.manifest.layers.len();
        return Err(unsupported(format!("put {steps} steps on {layers} layers (T-19: at most {MAX_LAYERS} together)")));
    }
    let runs = job.recipe.steps.iter().find(|step| step.action.runs());
    let runs_here = |on: &Platform| elsewhere(on).map_or_else(|| host::runs(on), |elsewhere| elsewhere.runs(on));
    let foreign = job.plan.platforms.iter().find(|part| !runs_here(&part.platform));
    if let (Some(step), Some(part)) = (runs, foreign) {
        let (kind, line) = (step.action.kind(), step.line);
        let place = if elsewhere(&part.platform).is_some() { "there" } else { "on this machine" };
        let what = format!("carry out the `{kind}` step (line {line}) for {} {place}", part.platform);
        return Err(EngineError::Unsupported { engine: kind_on(&part.platform), what });
    }
    let base_of = |part: &PlatformPlan| match &part.base {
        None => Ok(None),
        Some(planned) => job
            .bases
            .iter()
            .find(|base| base.platform == part.platform && base.digest == planned.manifest)
            .map(Some)
            .ok_or_else(|| unsupported(format!("bake for {} without its base", part.platform))),
    };
    job.plan.platforms.iter().map(base_of).collect()
}

fn frame_of(job: &BakeJob, elsewhere: bool) -> Frame {
    Frame {
        target: Layout::clone(&job.target),
        created: job.plan.created,
        change: job.recipe.config.clone(),
        base: (job.plan.base.clone(), job.plan.base_digest.clone()),
        ownership_lost: !elsewhere
            && !job.ids.ids().is_exact()
            && job.recipe.steps.iter().any(|step| step.action.runs()),
    }
}

/// One platform, from its base to its image and what the tests find in it.
pub(super) async fn bake_platform(
    job: &BakeJob,
    part: &Part<'_>,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<Made, EngineError> {
    let Part { plan: part, base, carrier } = part;
    let mut layers = Vec::new();
    if let Some(base) = base {
        layers = layers_of(base)?;
        bring(job, base, &job.plan.base_step(&part.platform), sink, cancel).await?;
    }
    let steps = job.recipe.steps.iter().zip(&part.steps).zip(&job.inputs);
    let tasks: Vec<Task> = steps
        .map(|((step, planned), inputs)| Task { id: planned.id.clone(), step: step.clone(), inputs: inputs.clone() })
        .collect();
    let workshop = Workshop {
        platform: part.platform.clone(),
        recipe_folder: job.recipe_folder.clone(),
        cache: job.cache.clone(),
        packing: job.packing,
        no_cache: job.no_cache,
        ids: job.ids,
        step_timeout: job.step_timeout,
        cancel: cancel.clone(),
        elsewhere: carrier.clone(),
        frame: frame_of(job, carrier.is_some()),
        base: base.cloned(),
        secrets: job.secrets.clone(),
        owner: job.recipe.name.to_string(),
        tests: job.recipe.tests.clone(),
        files: FileTests::of(job),
        alone: job.plan.platforms.len() == 1,
    };
    match on_thread(sink, cancel, move |events| workshop.run(layers, &tasks, &events)).await? {
        Ok(made) => Ok(made),
        Err(Ended::Store(error)) => Err(error.into()),
        Err(Ended::Cancelled) => Err(EngineError::Cancelled),
        Err(Ended::Step(failure)) if !failure.begun && failure.error.is_cancel() => Err(EngineError::Cancelled),
        Err(Ended::Step(StepFailed { step, action, millis, error, .. })) => {
            Err(failed(sink, &step, action, error, millis))
        }
    }
}

/// Tells a step's failure, and makes it the bake's.
pub(super) fn failed(sink: &dyn Sink, step: &StepId, action: &str, error: StepError, millis: u64) -> EngineError {
    let cancelled = error.is_cancel();
    let error = match error {
        StepError::Builder(error) if error.is_builders_fault() => {
            let failure = error.to_failure();
            let told = sink.emit(EventKind::StepFailed { step: step.clone(), millis, failure });
            return told.map_or_else(Into::into, |()| error.into());
        }
        other => other,
    };
    let failure = error.into_failure();
    let told = sink.emit(EventKind::StepFailed { step: step.clone(), millis, failure: failure.clone() });
    match told {
        Err(error) => error.into(),
        Ok(()) if cancelled => EngineError::Cancelled,
        Ok(()) => EngineError::Step { step: step.clone(), action: action.to_owned(), failure },
    }
}
