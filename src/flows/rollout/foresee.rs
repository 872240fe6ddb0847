//! What a roll-out would do: image by image rebased, baked again, refused, or open until its base has been moved. Tries it without
//! writing anything into a store.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::RolloutOptions;
use super::draft::Draft;
use super::verdict::{Failure, Verdict, verdict};
use crate::adapters::clock;
use crate::domain::oci::Digest;
use crate::domain::rollout::{ItemState, Planned, Progress, RolloutStatus, Way};
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::rebase::RebaseOptions;
use crate::report::{Kind, Report};

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Every image waiting, or left out with the reason. It has no ID.
    pub progress: Progress,
    /// By image: `rebase`, `rebake`, `base-first`, `alias` (another name of one), `publish` (it has moved, and is only handed on),
    /// `there` (it has moved; another name of it has not), `refused` (verification says no), `cannot`, `left`.
    pub answers: Vec<&'static str>,
    /// By image: why it goes that way; escaped.
    pub reasons: Vec<Vec<String>>,
    /// By image: where it would be handed on to; escaped.
    pub places: Vec<Vec<String>>,
    /// How the roll-out would end; `None` where everything would be moved.
    pub ending: Option<Kind>,
}

/// One image, as it is foreseen: how it is moved, why, and why it is not.
type Seen = (Way, Vec<String>, Option<Failure>);

impl Context {
    /// What a roll-out of this base's tag would do: every item waiting, or left out with the reason. Moves nothing.
    pub async fn plan_rollout(&self, base: &str, options: &RolloutOptions) -> Result<Progress, Report> {
        self.foresee_rollout(base, options).await.map(|foreseen| foreseen.progress)
    }

    /// The same, with the reasons for each way.
    pub async fn foresee_rollout(&self, base: &str, options: &RolloutOptions) -> Result<Foreseen, Report> {
        let draft = self.draft_rollout(base, options).await?;
        let is_open = |item: &Planned| item.left.is_some() || item.after.is_some();
        // What is tried shares its stores.
        let (draft, own) = (Arc::new(draft), self.keeping_stores());
        let seen = stream::iter(draft.items.clone()).map(|item| {
            let (own, draft) = (own.clone(), Arc::clone(&draft));
            async move {
                match is_open(&item) {
                    true => (Way::Open, open(&item), None),
                    false => own.foresee_item(&draft, &item).await,
                }
            }
        });
        let seen: Vec<Seen> = seen.buffered(options.parallel.clamp(1, 16)).collect().await;
        Ok(foreseen(&draft, seen))
    }

    async fn foresee_item(&self, draft: &Draft, item: &Planned) -> Seen {
        let onto = match item.base == draft.base {
            true => Ok(draft.onto.clone()),
            false => self.points_to(&item.base).await,
        };
        let answer = match onto {
            Ok(onto) => self.rebase(&item.reference, &rebase_of(item, &onto, (true, &draft.options))).await,
            Err(report) => Err(report),
        };
        match answer.map(|rebase| verdict(&rebase)) {
            Ok(Verdict::Current) => (Way::Open, Vec::new(), None),
            Ok(Verdict::Safe) => (Way::Rebase, Vec::new(), None),
            Ok(Verdict::Rebake(why)) => match self.recipe_for(item).await {
                Ok(_) => (Way::Rebake, why, None),
                Err(report) => (Way::Rebake, Vec::new(), Some(unmade(why, report))),
            },
            Ok(Verdict::Refused(why)) => (Way::Open, Vec::new(), Some(Failure::new(Kind::Rejected, why))),
            Err(report) => (Way::Open, Vec::new(), Some(report.into())),
        }
    }
}

/// How an image is put on `onto`, from what it was found on.
pub(super) fn rebase_of(item: &Planned, onto: &Digest, (dry_run, options): (bool, &RolloutOptions)) -> RebaseOptions {
    RebaseOptions {
        onto: Some(format!("{}@{onto}", item.base)),
        base: Some(format!("{}@{}", item.base, item.stands_on)),
        dry_run,
        allow_downgrade: options.allow_downgrade,
        ..RebaseOptions::default()
    }
}

/// It has to be baked again, and cannot be.
pub(super) fn unmade(why: Vec<String>, report: Report) -> Failure {
    let failure = Failure::from(report);
    Failure { why: failure.why.into_iter().chain(why).collect(), ..failure }
}

fn open(item: &Planned) -> Vec<String> {
    let after = item.after.as_ref().filter(|_| item.left.is_none());
    let why = after.map(|after| match item.is_alias {
        true => format!("another name of {}", escape(after)),
        false => format!("after {}", escape(after)),
    });
    why.into_iter().collect()
}

fn foreseen(draft: &Draft, seen: Vec<Seen>) -> Foreseen {
    let mut items: Vec<crate::domain::rollout::Item> = Vec::with_capacity(seen.len());
    let (mut reasons, mut answers, mut worst) = (Vec::new(), Vec::new(), 0);
    for (planned, (way, why, failure)) in draft.items.iter().zip(seen) {
        let below = planned.after.as_ref().and_then(|after| items.iter().find(|item| item.reference == escape(after)));
        let below = below.filter(|below| matches!(below.state, ItemState::Skipped { .. }));
        let (answer, state) = match (&planned.left, failure, below) {
            (Some(left), ..) => {
                worst = worst.max(u8::from(left.counts));
                ("left", ItemState::Skipped { why: escape(&left.why) })
            }
            (None, Some(failure), _) => {
                worst = worst.max(failure.exit_code);
                let answer = if failure.exit_code == Kind::Rejected.exit_code() { "refused" } else { "cannot" };
                (answer, ItemState::Skipped { why: failure.why.join("; ") })
            }
            (None, None, Some(below)) => {
                worst = worst.max(1);
                ("left", ItemState::Skipped { why: format!("{} would not be moved", below.reference) })
            }
            (None, None, None) => match way {
                Way::Rebase => ("rebase", ItemState::Waiting),
                Way::Rebake => ("rebake", ItemState::Waiting),
                Way::Open if planned.is_alias => ("alias", ItemState::Waiting),
                Way::Open if planned.after.is_none() && planned.places.is_empty() => ("there", ItemState::Waiting),
                Way::Open if planned.after.is_none() => ("publish", ItemState::Waiting),
                Way::Open => ("base-first", ItemState::Waiting),
            },
        };
        answers.push(answer);
        items.push(crate::domain::rollout::Item {
            reference: escape(&planned.reference),
            base: escape(&planned.base),
            depth: planned.depth,
            after: planned.waits(),
            way,
            state,
        });
        reasons.push(why);
    }
    let progress = Progress {
        id: String::new(),
        base: escape(&draft.base),
        onto: draft.onto.clone(),
        began: clock::now_unix(),
        status: RolloutStatus::Running,
        budget: draft.options.budget,
        parallel: draft.options.parallel,
        items,
    };
    let places = draft.items.iter().map(|item| item.places.iter().map(|place| escape(place)).collect()).collect();
    let ending = (worst > 0).then(|| Kind::of_exit_code(worst));
    Foreseen { progress, answers, reasons, places, ending }
}
