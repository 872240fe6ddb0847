//! Baking an image of a roll-out again, by a bake of its own as any other; and its recipe's lock, moved once that is done.

use super::foresee::unmade;
use super::verdict::{Failure, Verdict};
use super::work::Work;
use crate::adapters::journal::{BakeFolder, is_held, list};
use crate::domain::journal::{BakeStatus, EventKind, Failure as BakeFailure};
use crate::domain::oci::Digest;
use crate::domain::recipe::Lock;
use crate::domain::rollout::{Planned, Way};
use crate::domain::text::escape;
use crate::flows::bake::{self, BakeOptions, BakeRequest};
use crate::flows::prepare::{LoadedRecipe, PrepareOptions, loaded_lock, write_lock};
use crate::flows::watch::{Pace, Shelf};
use crate::report::{Kind, Report};

impl Work {
    /// Bakes its recipe on `onto`, and moves its lock; gives what its tag points to then.
    pub(super) async fn rebake(&self, planned: &Planned, onto: &Digest, why: Vec<String>) -> Result<Digest, Failure> {
        let recipe = match self.context.recipe_for(planned).await {
            Ok(recipe) => recipe,
            Err(report) => return Err(unmade(why, report)),
        };
        // One of a process that was killed, or somebody else's: two bakes of one tag at once come to no good.
        if let Some(bake) = self.running_bake(&recipe).await? {
            self.doing(planned, "baking", (Some(Way::Rebake), Some(bake.clone())))?;
            // However that ends: where the tag points then decides.
            let _ = outcome(&bake).await?;
            let tried = self.try_rebase(planned, onto).await?;
            if matches!(tried.verdict, Verdict::Current | Verdict::Safe) {
                self.move_lock(&recipe, planned, onto).await?;
                return Ok(tried.digest);
            }
        }
        let options = BakeOptions { allow_downgrade: self.draft.options.allow_downgrade, ..BakeOptions::default() };
        let mut request = bake::request(&self.context, &recipe, &options)?;
        let lock = self.pin(&recipe, onto).await?;
        request.lock = Some(lock);
        let started = bake::begin_worker(&request, self.context.passphrase.as_ref()).await?;
        self.doing(planned, "baking", (Some(Way::Rebake), Some(started.bake.clone())))?;
        concluded(&started.bake, outcome(&started.bake).await?)?;
        let digest = self.context.points_to(&planned.reference).await?;
        self.move_lock(&recipe, planned, onto).await?;
        Ok(digest)
    }

    /// The lock of a recipe as it will be, on `onto`; writes nothing.
    async fn pin(&self, recipe: &LoadedRecipe, onto: &Digest) -> Result<Lock, Report> {
        let lock = self.context.settle_base(recipe, true, PrepareOptions::default()).await?;
        let lock = lock.ok_or_else(|| Report::message(Kind::Failed, "its recipe has no base"))?;
        if lock.digest == *onto {
            return Ok(lock);
        }
        let message = format!("{} points to {} by now, not to {}", lock.base, lock.digest.short(), onto.short());
        Err(Report::message(Kind::Failed, message))
    }

    /// Moves the lock of the recipe that makes it, where that is behind: the image is on the new base by now.
    pub(super) async fn move_lock(
        &self,
        recipe: &LoadedRecipe,
        planned: &Planned,
        onto: &Digest,
    ) -> Result<(), Report> {
        let file = std::path::absolute(&recipe.file).unwrap_or_else(|_| recipe.file.clone());
        let is_there = loaded_lock(&file)?;
        if is_there.as_ref().is_some_and(|lock| lock.base == planned.base && lock.digest != *onto) {
            write_lock(&file, &self.pin(recipe, onto).await?)?;
        }
        Ok(())
    }

    /// A bake of this recipe that is at work.
    async fn running_bake(&self, recipe: &LoadedRecipe) -> Result<Option<String>, Report> {
        let (bakes, workspace) = (self.context.paths.bakes(), self.draft.workspace.clone());
        let reference = recipe.valid()?.reference();
        let is_it = move |folder: &BakeFolder| {
            let Ok(Some(text)) = folder.read(bake::REQUEST) else { return false };
            let request = serde_json::from_slice::<BakeRequest>(&text);
            request.is_ok_and(|request| request.reference == reference && request.workspace == workspace)
        };
        let look = move || {
            for folder in list(&bakes)? {
                if is_held(&folder)? && is_it(&folder) {
                    return Ok::<_, Report>(Some(folder.id().to_owned()));
                }
            }
            Ok(None)
        };
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| Report::new(Kind::Failed, &error))?
    }
}

/// Waits for a bake's end; `None` where its worker is gone without one.
async fn outcome(bake: &str) -> Result<Option<(BakeStatus, Option<BakeFailure>)>, Report> {
    let mut viewing = Shelf::from_environment().open(bake, Pace::Live)?;
    let mut ended = None;
    while let Some(record) = viewing.next().await? {
        let event = record.ok().and_then(|record| record.event);
        if let Some(EventKind::BakeFinished { status, failure, .. }) = event.map(|event| event.kind) {
            ended = Some((status, failure));
        }
    }
    Ok(ended)
}

fn concluded(bake: &str, outcome: Option<(BakeStatus, Option<BakeFailure>)>) -> Result<(), Failure> {
    let Some((status, failure)) = outcome else {
        return Err(Failure::new(Kind::Failed, vec![format!("bake {bake} was lost: its worker is gone")]));
    };
    let failure = failure.unwrap_or_default();
    let kind = match (status, failure.exit_code) {
        (BakeStatus::Ok, _) => return Ok(()),
        (BakeStatus::Rejected, _) | (_, 3) => Kind::Rejected,
        (_, 4) => Kind::Unreachable,
        _ => Kind::Failed,
    };
    let head = match status {
        BakeStatus::Cancelled => format!("bake {bake} was cancelled"),
        _ => format!("bake {bake} {}", status.as_str()),
    };
    let causes = std::iter::once(failure.message).chain(failure.causes).filter(|text| !text.is_empty());
    let causes = causes.map(|cause| escape(&cause)).take(8);
    Err(Failure::new(kind, std::iter::once(head).chain(causes).collect()))
}
