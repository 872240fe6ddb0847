//! The demo's story: two recipes baked as `bakery bake` bakes them, one stale, one with a mistake, one only planned.
//! Tells facts, draws nothing.

use std::path::{Path, PathBuf};

use super::make::{DASHBOARD, PAYMENTS, REPORTS, STOREFRONT};
use crate::domain::journal::{BakeStatus, Failure};
use crate::domain::oci::Digest;
use crate::domain::plan::Plan;
use crate::domain::projection::BakeView;
use crate::flows::bake::{Asked, BakeOptions, request};
use crate::flows::batch::{Batch, Progress};
use crate::flows::{Context, LoadedRecipe, PrepareOptions};
use crate::report::{Kind, Report};

/// A part of the story.
#[derive(Debug)]
pub enum Scene {
    /// The workspace stands.
    Seeded {
        /// Its folder.
        workspace: PathBuf,
        /// The global store's images, bases first.
        images: Vec<DemoImage>,
        /// How long it took.
        millis: u64,
    },
    /// A recipe was baked; its lock pins what the base's tag points to.
    Baked(Box<BakeView>),
    /// The same once more.
    Again(Box<BakeView>),
    /// A recipe was baked whose base's tag has moved since its lock was written.
    Stale {
        /// What a bake would do next; the lock's digest is in it.
        plan: Box<Plan>,
        /// Where the tag points.
        now: Digest,
    },
    /// A recipe has a mistake.
    Mistake(Box<LoadedRecipe>),
    /// A recipe was never baked: what would be done.
    Unbaked(Box<Plan>),
}

/// A global image.
#[derive(Clone, Debug)]
pub struct DemoImage {
    /// `NAME:TAG`.
    pub reference: String,
    /// What it is.
    pub what: &'static str,
    /// It holds no real software.
    pub stand_in: bool,
    /// Its manifest.
    pub digest: Digest,
}

/// Plays everything after the seeding in the workspace `folder`.
pub(super) async fn play(folder: &Path, tell: &mut (dyn FnMut(Scene) + Send)) -> Result<(), Report> {
    let context = Context::load(Some(folder))?;
    let mut recipes = context.all_recipes()?;
    let mut take = |file: &str| match recipes.iter().position(|loaded| loaded.shown == file) {
        Some(at) => Ok(recipes.swap_remove(at)),
        None => Err(Report::message(Kind::Failed, format!("the demo has lost its recipe {file}"))),
    };
    let storefront = take(STOREFRONT)?;
    tell(Scene::Baked(Box::new(bake(&context, &storefront).await?)));
    tell(Scene::Again(Box::new(bake(&context, &storefront).await?)));

    let reports = take(REPORTS)?;
    bake(&context, &reports).await?;
    let asking = PrepareOptions { ask_tag: true, ..PrepareOptions::default() };
    let prepared = context.prepare(&reports, asking).await?;
    let lost = || Report::message(Kind::Failed, format!("the base of {REPORTS} has lost its tag"));
    let now = prepared.tag_now.ok_or_else(lost)?;
    tell(Scene::Stale { plan: Box::new(prepared.plan), now });

    tell(Scene::Mistake(Box::new(take(DASHBOARD)?)));

    let prepared = context.prepare(&take(PAYMENTS)?, PrepareOptions::default()).await?;
    tell(Scene::Unbaked(Box::new(prepared.plan)));
    Ok(())
}

/// Bakes one recipe with a worker and a journal of its own, and follows it to its end.
async fn bake(context: &Context, loaded: &LoadedRecipe) -> Result<BakeView, Report> {
    let request = request(context, loaded, &BakeOptions::default())?;
    let mut batch = Batch::new(context, Asked { requests: vec![request], parallel: 1 })?;
    let mut view = BakeView::default();
    while let Some(progress) = batch.next().await {
        match progress {
            Progress::Record { record: Ok(record), .. } => record.event.iter().for_each(|event| view.apply(event)),
            Progress::Record { record: Err(damage), .. } => return Err(Report::new(Kind::Failed, &damage)),
            Progress::NotStarted { report, .. } => return Err(report),
            Progress::Started { .. } | Progress::Ended { .. } | Progress::Again { .. } | Progress::Out { .. } => {}
        }
    }
    match view.outcome.as_ref().map(|outcome| (outcome.status, outcome.failure.clone())) {
        Some((BakeStatus::Ok, _)) => Ok(view),
        ended => Err(not_baked(loaded, ended.and_then(|(_, failure)| failure))),
    }
}

fn not_baked(loaded: &LoadedRecipe, failure: Option<Failure>) -> Report {
    let failure = failure.unwrap_or_default();
    let mut report = Report::message(Kind::Failed, format!("the demo stands, but {} was not baked", loaded.shown));
    report.causes = [failure.message].into_iter().chain(failure.causes).filter(|text| !text.is_empty()).collect();
    report.help = failure.help;
    report
}
