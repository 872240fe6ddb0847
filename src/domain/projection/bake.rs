//! One bake, whole: what was asked, where it stands, what came out. Joins the smaller folds; knows no viewer.

use super::checks::Checks;
use super::layers::{LayerRow, LayerStack, Layers};
use super::steps::Steps;
use super::throughput::millis_of;
use crate::domain::journal::{BakeStarted, BakeStatus, Event, EventKind, Failure};
use crate::domain::oci::{Descriptor, Digest};
use crate::domain::plan::{Plan, StepId};

/// How a bake ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The word.
    pub status: BakeStatus,
    /// How long it took.
    pub millis: u64,
    /// Why, unless it is `ok`.
    pub failure: Option<Failure>,
    /// When (RFC 3339).
    pub at: String,
}

/// The image in the local store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// `NAME:TAG`.
    pub reference: String,
    /// Manifest or index.
    pub image: Descriptor,
}

/// One bake as its events tell it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BakeView {
    /// What was asked; `None` before the first event.
    pub started: Option<BakeStarted>,
    /// When (RFC 3339).
    pub started_at: String,
    /// The plan.
    pub plan: Option<Plan>,
    /// Its steps.
    pub steps: Steps,
    /// Its layers.
    pub layers: Layers,
    /// Its checks.
    pub checks: Checks,
    /// What came out.
    pub committed: Option<Committed>,
    /// What was signed, and the fingerprint of the key.
    pub signed: Vec<(Digest, String)>,
    /// Where it was published.
    pub published: Vec<(String, Digest)>,
    /// Who asked it to stop.
    pub cancel_requested: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Time of the newest event (RFC 3339).
    pub last_at: String,
}

impl BakeView {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.last_at.clone_from(&event.at);
        self.steps.apply(event);
        self.layers.apply(event);
        self.checks.apply(event);
        match &event.kind {
            EventKind::BakeStarted(started) => {
                self.started = Some(started.clone());
                self.started_at.clone_from(&event.at);
            }
            EventKind::PlanBuilt(plan) => self.plan = Some(plan.clone()),
            EventKind::ImageCommitted { reference, image } => {
                self.committed = Some(Committed { reference: reference.clone(), image: image.clone() });
            }
            EventKind::ImageSigned { digest, key } => self.signed.push((digest.clone(), key.clone())),
            EventKind::ImagePublished { reference, digest } => {
                self.published.push((reference.clone(), digest.clone()));
            }
            EventKind::CancelRequested { by } => self.cancel_requested = Some(by.clone()),
            EventKind::BakeFinished { status, millis, failure } => {
                self.outcome =
                    Some(Outcome { status: *status, millis: *millis, failure: failure.clone(), at: event.at.clone() });
            }
            _ => {}
        }
    }

    /// `NAME:TAG`; empty before the first event.
    pub fn reference(&self) -> &str {
        self.started.as_ref().map_or("", |started| &started.reference)
    }

    /// The sealed layer of a step on what it stands on; `None` before the plan, and where the step made no layer.
    pub fn stack_of(&self, step: &StepId) -> Option<LayerStack> {
        let rows = self.layers.rows();
        let at = rows.iter().position(|row| row.sealed.step == *step)?;
        let sealed = &rows[at].sealed;
        let plan = self.plan.as_ref()?;
        let part = plan.platforms.iter().find(|part| part.platform == sealed.platform)?;
        let same = |row: &&LayerRow| row.sealed.platform == sealed.platform;
        Some(LayerStack {
            platform: sealed.platform.clone(),
            base: part.base.as_ref().map(|base| (plan.base.clone(), base.manifest.clone())),
            below: rows[..at].iter().filter(same).filter_map(|row| row.blob().cloned()).collect(),
            layer: sealed.layer.clone()?,
        })
    }

    /// How long it took, or has taken up to its newest event.
    pub fn millis(&self) -> u64 {
        match &self.outcome {
            Some(outcome) => outcome.millis,
            None => match (millis_of(&self.started_at), millis_of(&self.last_at)) {
                (Some(from), Some(to)) => u64::try_from(to - from).unwrap_or(0),
                _ => 0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::every_kind;

    #[test]
    fn tells_what_happened() {
        let mut bake = BakeView::default();
        let events = every_kind();
        for event in &events[..events.len() - 1] {
            bake.apply(event);
        }
        assert_eq!((bake.reference(), bake.millis()), ("team-a/payments-api:1.4.0", 19_000));
        assert!(bake.outcome.is_none());
        let stack = bake.stack_of(&crate::domain::journal::samples::step("2")).unwrap();
        assert_eq!((stack.below.len(), stack.base.unwrap().0.as_str()), (0, "global/python:3.12"));
        assert_eq!(bake.stack_of(&crate::domain::journal::samples::step("1")), None, "it made no layer");
        bake.apply(&events[events.len() - 1]);
        assert_eq!(bake.millis(), 7012);
        assert_eq!(bake.outcome.unwrap().failure.unwrap().exit_code, 1);
        assert_eq!((bake.published.len(), bake.cancel_requested.as_deref()), (1, Some("baker")));
    }
}
