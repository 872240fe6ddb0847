//! Moving one image: rebased where that is proven safe, else baked again; then handed on to where it was. What is done already
//! is found and left as it is.

use super::foresee::rebase_of;
use super::verdict::{Failure, Verdict, verdict};
use super::work::Work;
use crate::adapters::store::Selector;
use crate::domain::oci::Digest;
use crate::domain::rollout::{EventKind, ItemState, Planned, Way};
use crate::flows::rebase::RebaseOptions;
use crate::flows::verify::{VerifyOptions, ending};
use crate::report::{Kind, Report};

/// What a rebase came to.
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    /// Where its tag points by then.
    pub(super) digest: Digest,
    /// Its recipe's lock pins another version, and the rebase has left it so.
    has_lock_behind: bool,
}

impl Work {
    /// Moves one image; gives what its tag points to then.
    pub(super) async fn move_one(&self, planned: &Planned) -> Result<Digest, Failure> {
        let digest = if planned.is_alias { self.name(planned).await? } else { self.on_new_base(planned).await? };
        self.hand_on(planned, &digest).await?;
        Ok(digest)
    }

    async fn on_new_base(&self, planned: &Planned) -> Result<Digest, Failure> {
        let onto = self.onto(planned).await?;
        let tried = self.try_rebase(planned, &onto).await?;
        match tried.verdict {
            Verdict::Current => self.verified(planned, &tried.digest).await?,
            Verdict::Safe => {}
            Verdict::Rebake(why) => return self.rebake(planned, &onto, why).await,
            Verdict::Refused(why) => return Err(Failure::new(Kind::Rejected, why)),
        }
        if tried.has_lock_behind
            && let Ok(recipe) = self.context.recipe_for(planned).await
        {
            self.move_lock(&recipe, planned, &onto).await?;
        }
        Ok(tried.digest)
    }

    /// Puts it on its new base where that is safe.
    pub(super) async fn try_rebase(&self, planned: &Planned, onto: &Digest) -> Result<Tried, Report> {
        let now = self.context.points_to(&planned.reference).await?;
        let options = rebase_of(planned, onto, (false, &self.draft.options));
        // Moved by us before we were killed, or by somebody else: then it says itself what it is on.
        let options = if now == planned.before { options } else { RebaseOptions { base: None, ..options } };
        let rebase = self.context.rebase(&planned.reference, &options).await?;
        let verdict = verdict(&rebase);
        if verdict == Verdict::Safe {
            self.doing(planned, "pinning", (Some(Way::Rebase), None))?;
        }
        let has_lock_behind = rebase.lock.is_some_and(|lock| !lock.is_written);
        Ok(Tried { verdict, digest: rebase.after.unwrap_or(now), has_lock_behind })
    }

    /// What it goes onto: what the image below it has become, else what the tag pointed to when all began.
    async fn onto(&self, planned: &Planned) -> Result<Digest, Report> {
        match &planned.after {
            Some(after) => self.became(after),
            None if planned.base == self.draft.base => Ok(self.draft.onto.clone()),
            None => self.context.points_to(&planned.base).await,
        }
    }

    fn became(&self, reference: &str) -> Result<Digest, Report> {
        let found = self.with(|writer| {
            let state = writer.state();
            let number = state.planned().iter().position(|planned| planned.reference == reference)?;
            match &state.items()[number].state {
                ItemState::Done { digest, .. } => Some(digest.clone()),
                _ => None,
            }
        });
        found.ok_or_else(|| Report::message(Kind::Failed, format!("{reference} was not moved")))
    }

    /// Gives another name to what the image of its first name has become.
    async fn name(&self, planned: &Planned) -> Result<Digest, Failure> {
        let digest = self.onto(planned).await?;
        let now = self.context.points_to(&planned.reference).await?;
        self.verified(planned, &digest).await?;
        if now == digest {
            return Ok(digest);
        }
        self.doing(planned, "naming", (None, None))?;
        let (target, name) = (self.context.local()?, planned.reference.trim_start_matches("local/"));
        let image = self.context.parse_reference(&planned.reference)?;
        let (_, repository) = self.context.open(&image)?;
        let found = target.resolve_selector(&repository, &Selector::Digest(digest.clone())).map_err(Report::from)?;
        match target.tag_from(name, &planned.before, &found).map_err(Report::from)? {
            true => Ok(digest),
            false => Err(Failure::new(Kind::Failed, vec!["it points to another image by now".into()])),
        }
    }

    /// What is found done has to verify, too: somebody else may have done it.
    async fn verified(&self, planned: &Planned, digest: &Digest) -> Result<(), Failure> {
        let image = self.context.parse_reference(&planned.reference)?;
        let verified =
            self.context.verify(&image.pinned(digest.clone()).to_string(), &VerifyOptions::default()).await?;
        let Err(kind) = ending(&verified) else { return Ok(()) };
        let why = verified
            .blocking()
            .map(|(level, check)| format!("{}: {} {}", level.reference, check.id, check.finding.verdict.as_str()));
        Err(Failure::new(kind, why.take(8).collect()))
    }

    /// Hands it on to every place that had what it was before; what is there already is not sent again.
    async fn hand_on(&self, planned: &Planned, digest: &Digest) -> Result<(), Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        for place in &planned.places {
            self.doing(planned, "publishing", (None, None))?;
            match self.hand_on_to(planned, digest, place).await {
                Ok(()) => {
                    self.tell(EventKind::Published { item: planned.reference.clone(), reference: place.clone() })?;
                }
                Err(report) => {
                    let doing = format!("it was moved, but not handed on to {place}");
                    failures.push(report.while_doing(doing).into());
                }
            }
        }
        let exit_code = failures.iter().map(|failure| failure.exit_code).max();
        match exit_code {
            Some(exit_code) => {
                Err(Failure { why: failures.into_iter().flat_map(|failure| failure.why).collect(), exit_code })
            }
            None => Ok(()),
        }
    }

    async fn hand_on_to(&self, planned: &Planned, digest: &Digest, place: &str) -> Result<(), Report> {
        let there = self.context.points_to(place).await?;
        if there == *digest {
            return Ok(());
        }
        if there != *planned.found_at(place) {
            return Err(Report::message(
                Kind::Failed,
                format!("{there} is there by now, which is not what was handed on"),
            ));
        }
        let image = self.context.parse_reference(&planned.reference)?;
        self.context.publish(&image.pinned(digest.clone()).to_string(), Some(place)).await.map(drop)
    }
}
