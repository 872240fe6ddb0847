//! The steps of a bake: where each stands, how long it took, where its output lies. Folds events, draws nothing.

use super::throughput::Throughput;
use crate::domain::journal::{Event, EventKind, Failure};
use crate::domain::oci::Platform;
use crate::domain::plan::{Plan, StepId};

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// To come.
    Waiting,
    /// Under way.
    Running,
    /// Its result was there.
    Cached,
    /// Done.
    Done {
        /// How long it took.
        millis: u64,
    },
    /// Failed.
    Failed {
        /// How long it took.
        millis: u64,
        /// Why.
        failure: Failure,
    },
    /// It was under way when the bake ended.
    Stopped,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    /// Its name within the bake.
    pub id: StepId,
    /// Its kind: `copy`, `run`; empty for steps the plan does not list, such as fetching the base.
    pub action: String,
    /// One line that tells it from others.
    pub summary: String,
    /// For which platform, where the plan lists it.
    pub platform: Option<Platform>,
    /// Where it stands.
    pub state: StepState,
    /// When it started (RFC 3339).
    pub started_at: Option<String>,
    /// Bytes done and how fast.
    pub throughput: Throughput,
    /// Bytes of output, from offset 0 of its log.
    pub output: u64,
    /// Changes seen while it runs: added, modified, deleted; an estimate.
    pub seen: [u64; 3],
}

/// All steps, in plan order; others where they first appeared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    rows: Vec<StepRow>,
}

impl Steps {
    /// The steps in order.
    pub fn rows(&self) -> &[StepRow] {
        &self.rows
    }

    /// One step.
    pub fn find(&self, id: &StepId) -> Option<&StepRow> {
        self.rows.iter().find(|row| row.id == *id)
    }

    /// The first step that failed.
    pub fn failed(&self) -> Option<&StepRow> {
        self.rows.iter().find(|row| matches!(row.state, StepState::Failed { .. }))
    }

    /// How many are over, cached ones among them.
    pub fn finished(&self) -> usize {
        let over = |row: &&StepRow| !matches!(row.state, StepState::Waiting | StepState::Running);
        self.rows.iter().filter(over).count()
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::PlanBuilt(plan) => self.plan(plan),
            EventKind::StepStarted { step } => {
                self.base_is_here(step);
                let row = self.row(step);
                row.state = StepState::Running;
                row.started_at = Some(event.at.clone());
            }
            EventKind::StepOutput { step, offset, length } => {
                let row = self.row(step);
                row.output = row.output.max(offset.saturating_add(*length));
            }
            EventKind::StepProgressed { step, done, total } => {
                self.row(step).throughput.apply(&event.at, *done, *total);
            }
            EventKind::StepCached { step, .. } => {
                self.base_is_here(step);
                self.row(step).state = StepState::Cached;
            }
            EventKind::StepFinished { step, millis } => self.row(step).state = StepState::Done { millis: *millis },
            EventKind::StepFailed { step, millis, failure } => {
                self.row(step).state = StepState::Failed { millis: *millis, failure: failure.clone() };
            }
            EventKind::LayerChanged { step, changes } => {
                let row = self.row(step);
                for change in changes {
                    row.seen[change.op as usize] += 1;
                }
            }
            EventKind::BakeFinished { .. } => {
                for row in self.rows.iter_mut().filter(|row| row.state == StepState::Running) {
                    row.state = StepState::Stopped;
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, plan: &Plan) {
        for part in &plan.platforms {
            if part.base.is_some() {
                // What is inherited comes first, whenever it is fetched.
                self.row(&plan.base_step(&part.platform)).platform = Some(part.platform.clone());
            }
            for planned in &part.steps {
                let row = self.row(&planned.id);
                row.action.clone_from(&planned.action);
                row.summary.clone_from(&planned.summary);
                row.platform = Some(part.platform.clone());
            }
        }
    }

    /// A step stands on its base: where nobody told of fetching it, it was there.
    fn base_is_here(&mut self, step: &StepId) {
        let Some(platform) = self.find(step).filter(|row| !row.action.is_empty()).map(|row| row.platform.clone())
        else {
            return;
        };
        let bases = self.rows.iter_mut().filter(|row| row.action.is_empty() && row.platform == platform);
        bases.filter(|row| row.state == StepState::Waiting).for_each(|row| row.state = StepState::Cached);
    }

    fn row(&mut self, id: &StepId) -> &mut StepRow {
        let at = self.rows.iter().position(|row| row.id == *id).unwrap_or_else(|| {
            self.rows.push(StepRow {
                id: id.clone(),
                action: String::new(),
                summary: String::new(),
                platform: None,
                state: StepState::Waiting,
                started_at: None,
                throughput: Throughput::default(),
                output: 0,
                seen: [0; 3],
            });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::{every_kind, number, plan, started, step};

    #[test]
    fn each_step_ends_where_its_events_say() {
        let mut steps = Steps::default();
        every_kind().iter().for_each(|event| steps.apply(event));
        let states: Vec<&StepState> = steps.rows().iter().map(|row| &row.state).collect();
        assert!(matches!(
            states.as_slice(),
            [
                StepState::Cached,
                StepState::Cached,
                StepState::Done { millis: 3120 },
                StepState::Failed { millis: 5, .. }
            ]
        ));
        let two = steps.find(&step("2")).unwrap();
        assert_eq!((two.output, two.seen, two.throughput.done), (12, [1, 1, 1], 1_000_000));
        assert_eq!((steps.finished(), steps.failed().unwrap().id.0.as_str()), (4, "3"), "the base among them");
    }

    #[test]
    fn a_step_under_way_at_the_end_was_stopped() {
        let mut steps = Steps::default();
        let end =
            EventKind::BakeFinished { status: crate::domain::journal::BakeStatus::Cancelled, millis: 1, failure: None };
        let kinds =
            vec![started(), EventKind::PlanBuilt(plan(&["1", "2"])), EventKind::StepStarted { step: step("1") }, end];
        number(kinds).iter().for_each(|event| steps.apply(event));
        let states: Vec<&StepState> = steps.rows().iter().map(|row| &row.state).collect();
        assert_eq!(states, [&StepState::Cached, &StepState::Stopped, &StepState::Waiting], "the base comes first");
    }
}
