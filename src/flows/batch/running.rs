//! One bake of a batch, as its journal tells it. Knows no other.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::progress::Progress;
use crate::domain::journal::{BakeStatus, Damage, EventKind, Failure, Record};
use crate::domain::plan::StepId;
use crate::flows::watch::Viewing;
use crate::report::Kind;

#[derive(Debug)]
pub(super) struct Running {
    pub(super) work: usize,
    pub(super) reference: String,
    /// Builders it sits on, by platform.
    pub(super) seats: Vec<usize>,
    /// The builder that has the word.
    pub(super) at: usize,
    /// The builders of its steps.
    pub(super) steps: BTreeMap<StepId, usize>,
    pub(super) viewing: Viewing,
    pub(super) outcome: Option<(BakeStatus, Option<Failure>)>,
    /// When its journal last grew.
    pub(super) heard: Instant,
    /// How often it was asked to stop because its builder says nothing.
    pub(super) asked: u32,
}

impl Running {
    /// Takes a line of its journal.
    pub(super) fn record(&mut self, record: Result<Record, Damage>) -> Progress {
        if self.asked == 0 {
            self.heard = Instant::now();
        }
        let kind = record.as_ref().ok().and_then(|record| record.event.as_ref()).map(|event| &event.kind);
        let output = match kind {
            Some(EventKind::StepOutput { step, offset, length }) => {
                self.viewing.output(step, *offset, *length).unwrap_or_default()
            }
            Some(EventKind::PlanBuilt(plan)) => {
                for (part, seat) in plan.platforms.iter().zip(&self.seats) {
                    self.steps.extend(part.steps.iter().map(|step| (step.id.clone(), *seat)));
                }
                Vec::new()
            }
            Some(EventKind::StepStarted { step }) => {
                self.at = self.steps.get(step).copied().unwrap_or(self.at);
                Vec::new()
            }
            Some(EventKind::BakeFinished { status, failure, .. }) => {
                self.outcome = Some((*status, failure.clone()));
                Vec::new()
            }
            _ => Vec::new(),
        };
        Progress::Record { bake: self.viewing.bake().to_owned(), record: record.map(Box::new), output }
    }
}

/// What a bake failed of whose builder said nothing.
pub(super) fn silent(builder: &str, timeout: Option<Duration>) -> Failure {
    let seconds = timeout.map_or(0, |timeout| timeout.as_secs());
    Failure {
        message: format!("builder {builder} said nothing for {seconds} s"),
        help: Some("see whether it lives; `timeout` of the engine in bakery.yaml gives it longer".into()),
        exit_code: Kind::Unreachable.exit_code(),
        builder: Some(builder.to_owned()),
        ..Failure::default()
    }
}
