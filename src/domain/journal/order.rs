//! What may follow what in a journal. The writer holds itself to all of it; readers ask only for `seq`.
//!
//! `bake.started` first and once, nothing after `bake.finished`; a step's facts between its start and its end; a check
//! finishes once, after it started.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, EventKind};
use crate::domain::plan::StepId;

/// Why an event cannot stand where it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// A gap or a repetition.
    #[error("H-10: seq {found} where {expected} belongs")]
    Seq {
        /// What follows the last line.
        expected: u64,
        /// What stands there.
        found: u64,
    },
    /// The first event is another one.
    #[error("journal does not begin with bake.started")]
    NotStarted,
    /// `bake.started` twice.
    #[error("bake.started a second time")]
    StartedTwice,
    /// Something after the end.
    #[error("an event after bake.finished")]
    AfterEnd,
    /// A step's fact outside its time.
    #[error("step {step}: {what} while it is {state}")]
    Step {
        /// Which.
        step: StepId,
        /// Which fact.
        what: &'static str,
        /// Where the step stands.
        state: &'static str,
    },
    /// A check's end without its start.
    #[error("check {0:?} finished without having started")]
    Check(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Ended,
}

/// Where a journal stands.
#[derive(Clone, Debug, Default)]
pub struct Order {
    seq: u64,
    finished: bool,
    steps: BTreeMap<StepId, Stage>,
    checks: BTreeSet<String>,
}

impl Order {
    /// The `seq` the next event gets.
    pub fn next_seq(&self) -> u64 {
        self.seq + 1
    }

    /// Whether `bake.finished` stands in the journal.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether `event` may come now; if so it is taken as written.
    pub fn accept(&mut self, event: &Event) -> Result<(), OrderError> {
        if event.seq != self.seq + 1 {
            return Err(OrderError::Seq { expected: self.seq + 1, found: event.seq });
        }
        if self.finished {
            return Err(OrderError::AfterEnd);
        }
        match (&event.kind, self.seq) {
            (EventKind::BakeStarted(_), 0) => {}
            (EventKind::BakeStarted(_), _) => return Err(OrderError::StartedTwice),
            (_, 0) => return Err(OrderError::NotStarted),
            (kind, _) => self.accept_kind(kind)?,
        }
        self.seq += 1;
        Ok(())
    }

    fn accept_kind(&mut self, kind: &EventKind) -> Result<(), OrderError> {
        match kind {
            EventKind::StepStarted { step } => self.enter(step, "step.started", &[None], Stage::Running),
            EventKind::StepOutput { step, .. } => self.inside(step, "step.output"),
            EventKind::StepProgressed { step, .. } => self.inside(step, "step.progressed"),
            EventKind::LayerChanged { step, .. } => self.inside(step, "layer.changed"),
            EventKind::StepCached { step, .. } => {
                self.enter(step, "step.cached", &[None, Some(Stage::Running)], Stage::Ended)
            }
            EventKind::StepFinished { step, .. } => {
                self.enter(step, "step.finished", &[Some(Stage::Running)], Stage::Ended)
            }
            EventKind::StepFailed { step, .. } => {
                self.enter(step, "step.failed", &[Some(Stage::Running)], Stage::Ended)
            }
            EventKind::LayerSealed(sealed) => match self.steps.get(&sealed.step) {
                Some(_) => Ok(()),
                None => Err(refused(&sealed.step, "layer.sealed", None)),
            },
            EventKind::CheckStarted { check } => {
                self.checks.insert(check.clone());
                Ok(())
            }
            EventKind::CheckFinished { check, .. } if self.checks.remove(check) => Ok(()),
            EventKind::CheckFinished { check, .. } => Err(OrderError::Check(check.clone())),
            EventKind::BakeFinished { .. } => {
                self.finished = true;
                Ok(())
            }
            EventKind::BakeStarted(_)
            | EventKind::PlanBuilt(_)
            | EventKind::ImageCommitted { .. }
            | EventKind::ImageSigned { .. }
            | EventKind::ImagePublished { .. }
            | EventKind::CancelRequested { .. } => Ok(()),
        }
    }

    fn enter(
        &mut self,
        step: &StepId,
        what: &'static str,
        from: &[Option<Stage>],
        to: Stage,
    ) -> Result<(), OrderError> {
        let now = self.steps.get(step).copied();
        if !from.contains(&now) {
            return Err(refused(step, what, now));
        }
        self.steps.insert(step.clone(), to);
        Ok(())
    }

    fn inside(&self, step: &StepId, what: &'static str) -> Result<(), OrderError> {
        match self.steps.get(step).copied() {
            Some(Stage::Running) => Ok(()),
            now => Err(refused(step, what, now)),
        }
    }
}

fn refused(step: &StepId, what: &'static str, now: Option<Stage>) -> OrderError {
    let state = match now {
        None => "waiting",
        Some(Stage::Running) => "running",
        Some(Stage::Ended) => "over",
    };
    OrderError::Step { step: step.clone(), what, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::BakeStatus;
    use crate::domain::journal::samples::{started, step};

    fn accept(order: &mut Order, kind: EventKind) -> Result<(), OrderError> {
        let event = Event { seq: order.next_seq(), at: "2026-07-01T10:00:00Z".into(), kind };
        order.accept(&event)
    }

    fn finished() -> EventKind {
        EventKind::BakeFinished { status: BakeStatus::Ok, millis: 1, failure: None }
    }

    #[test]
    fn begins_with_the_start_and_ends_with_the_end() {
        let mut order = Order::default();
        assert_eq!(accept(&mut order, finished()), Err(OrderError::NotStarted));
        accept(&mut order, started()).unwrap();
        assert_eq!(accept(&mut order, started()), Err(OrderError::StartedTwice));
        let gap = Event { seq: 9, at: String::new(), kind: finished() };
        assert_eq!(order.accept(&gap), Err(OrderError::Seq { expected: 2, found: 9 }));
        accept(&mut order, finished()).unwrap();
        assert_eq!(accept(&mut order, finished()), Err(OrderError::AfterEnd));
    }

    #[test]
    fn a_steps_facts_stand_between_its_start_and_its_end() {
        let mut order = Order::default();
        accept(&mut order, started()).unwrap();
        let output = || EventKind::StepOutput { step: step("1"), offset: 0, length: 1 };
        assert!(accept(&mut order, output()).is_err());
        accept(&mut order, EventKind::StepStarted { step: step("1") }).unwrap();
        assert!(accept(&mut order, EventKind::StepStarted { step: step("1") }).is_err());
        accept(&mut order, output()).unwrap();
        accept(&mut order, EventKind::StepFinished { step: step("1"), millis: 1 }).unwrap();
        assert!(accept(&mut order, output()).is_err());
        let check = |id: &str| EventKind::CheckFinished {
            check: id.into(),
            verdict: crate::domain::journal::CheckVerdict::Pass,
            reason: "fine".into(),
            evidence: Vec::new(),
        };
        assert!(accept(&mut order, check("test.a")).is_err());
        accept(&mut order, EventKind::CheckStarted { check: "test.a".into() }).unwrap();
        accept(&mut order, check("test.a")).unwrap();
    }
}
