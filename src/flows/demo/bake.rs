//! The demo's one way to the engine: a workspace and a recipe in, an image in its local store out. Seeds nothing.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::adapters::engine::embedded::EmbeddedEngine;
use crate::adapters::engine::{Engine, Sink, SinkError};
use crate::domain::journal::EventKind;
use crate::domain::oci::{Digest, Platform};
use crate::domain::plan::StepId;
use crate::flows::Context;
use crate::flows::gatekeeper::{BakeGate, Listening, admit_base};
use crate::flows::prepare::PrepareOptions;
use crate::flows::signer::Signer;
use crate::report::{Kind, Report};

/// What provenance calls the bakes of a seed.
const SEEDED: &str = "demo-seed";

/// What came out.
#[derive(Clone, Debug)]
pub(super) struct Product {
    /// The manifest.
    pub(super) digest: Digest,
    /// The host's own platform.
    pub(super) platform: Platform,
}

/// Seeding keeps no journal: the images it makes are the demo's givens.
struct Unrecorded;

impl Sink for Unrecorded {
    fn emit(&self, _kind: EventKind) -> Result<(), SinkError> {
        Ok(())
    }

    fn output(&self, _step: &StepId, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Bakes a recipe of the workspace in the folder `workspace` into that workspace's local store, for this host's
/// platform; a lock beside the recipe pins the base. Verified, judged and signed as any other bake; `signer` is kept for the
/// next one.
pub(super) async fn bake_into(workspace: &Path, recipe: &Path, signer: &mut Option<Signer>) -> Result<Product, Report> {
    let doing =
        |report: Report| report.while_doing(format!("cannot bake {} of {}", recipe.display(), workspace.display()));
    bake(workspace, recipe, signer).await.map_err(doing)
}

async fn bake(workspace: &Path, recipe: &Path, signer: &mut Option<Signer>) -> Result<Product, Report> {
    let context = Context::load(Some(workspace))?;
    let loaded = context.recipes(&[recipe.to_owned()])?;
    let [loaded] = loaded.as_slice() else {
        return Err(Report::message(Kind::Failed, "not one recipe"));
    };
    let prepared = context.prepare(loaded, PrepareOptions::default()).await?;
    let Some(platform) = prepared.plan.platforms.first().map(|part| part.platform.clone()) else {
        return Err(Report::message(Kind::Failed, "a recipe for no platform"));
    };
    if signer.is_none() {
        *signer = context.signer()?;
    }
    let listening = Listening::to(&Unrecorded);
    let base = admit_base(&context, prepared.lock.as_ref(), false, &listening).await?;
    let judged = (&context.policy()?, signer.clone(), base);
    let gate = BakeGate::new(&context, (SEEDED, "embedded"), &prepared, judged, listening.told());
    let mut job = prepared.into_job(context.local()?, &context, false);
    job.gatekeeper = Some(Arc::new(gate));
    let baked = EmbeddedEngine.bake(&job, &listening, &CancellationToken::new()).await?;
    Ok(Product { digest: baked.image.digest, platform })
}
