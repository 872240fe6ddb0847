//! One bake of a batch, as its journal tells it. Knows no other.

use std::time::Duration;

use tokio::time::Instant;

use super::progress::Progress;
use super::voices::{Owing, Voices};
use crate::domain::journal::{BakeStatus, Damage, EventKind, Failure, Record};
use crate::flows::watch::Viewing;
use crate::report::Kind;

/// How long a worker that was asked to stop may take before it is asked once more, which it does not outlive.
const STOPPING: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Running {
    pub(super) work: usize,
    pub(super) reference: String,
    /// Builders it sits on, and whose word it waits for.
    pub(super) voices: Voices,
    pub(super) viewing: Viewing,
    /// Its worker.
    pub(super) pid: u32,
    pub(super) outcome: Option<(BakeStatus, Option<Failure>)>,
    /// The builder that says nothing.
    pub(super) silent: Option<usize>,
    /// How often it was asked to stop because its builder says nothing.
    pub(super) asked: u32,
}

impl Running {
    /// Takes a line of its journal; with the output it speaks of only where that is wanted.
    pub(super) fn record(&mut self, record: Result<Record, Damage>, outputs: bool) -> Progress {
        let kind = record.as_ref().ok().and_then(|record| record.event.as_ref()).map(|event| &event.kind);
        if let Some(kind) = kind.filter(|_| self.asked == 0) {
            self.voices.hear(kind, Instant::now());
        }
        let output = match kind {
            Some(EventKind::StepOutput { step, offset, length }) if outputs => {
                self.viewing.output(step, *offset, *length).unwrap_or_default()
            }
            Some(EventKind::BakeFinished { status, failure, .. }) => {
                self.outcome = Some((*status, failure.clone()));
                Vec::new()
            }
            _ => Vec::new(),
        };
        Progress::Record { bake: self.viewing.bake().to_owned(), record: record.map(Box::new), output }
    }

    /// When the first of its builders that say nothing is given up, and which; `timeout` of each by its number.
    pub(super) fn given_up(&self, timeout: impl Fn(usize) -> Option<Duration>) -> Option<(Instant, usize)> {
        let of = |owing: Owing| {
            // Where it may be another one the worker has asked, too: it is left to say which.
            let grace = STOPPING * (self.asked + u32::from(!owing.is_sure));
            Some((owing.since + timeout(owing.builder)? + grace, owing.builder))
        };
        self.voices.owing().into_iter().filter_map(of).min()
    }
}

/// What a bake failed of whose builder said nothing.
pub(super) fn said_nothing(builder: &str, timeout: Option<Duration>) -> Failure {
    let seconds = timeout.map_or(0, |timeout| timeout.as_secs());
    Failure {
        message: format!("builder {builder} said nothing for {seconds} s"),
        help: Some("see whether it lives; `timeout` of the engine in bakery.yaml gives it longer".into()),
        exit_code: Kind::Unreachable.exit_code(),
        builder: Some(builder.to_owned()),
        ..Failure::default()
    }
}
