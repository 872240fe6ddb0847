//! The platforms of a bake in lanes: those of one builder, or of this machine, one after the other, since a bake has one of its
//! slots; lanes side by side. What fails first is told, and ends the others. Carries out no step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::engine::bake_platform;
use super::platform::Made;
use super::running::Elsewhere;
use crate::adapters::engine::{BakeJob, BaseImage, EngineError, Sink, SinkError};
use crate::domain::journal::EventKind;
use crate::domain::plan::{PlatformPlan, StepId};
use crate::report::Kind;

/// A platform that is to be made, and by whom; `None`: on this machine.
pub(super) struct Part<'j> {
    pub(super) plan: &'j PlatformPlan,
    pub(super) base: Option<&'j BaseImage>,
    pub(super) carrier: Option<Arc<dyn Elsewhere>>,
}

/// Makes all of them, and gives what came of each in their order. Ends when all have ended.
pub(super) async fn make_all(
    job: &BakeJob,
    parts: &[Part<'_>],
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<Vec<Made>, EngineError> {
    let first = FirstFailure { sink, is_over: AtomicBool::new(false) };
    let stop = cancel.child_token();
    // Whoever is dropped in the middle leaves nobody at work.
    let _leaving = stop.clone().drop_guard();
    let mut lanes: FuturesUnordered<_> =
        lanes_of(parts).into_iter().map(|lane| make_lane(job, (parts, lane), &first, &stop)).collect();
    let (mut made, mut failed) = (BTreeMap::new(), None);
    while let Some(ended) = lanes.next().await {
        let error = match ended {
            Ok(lane) => {
                made.extend(lane);
                continue;
            }
            Err(error) => error,
        };
        if !cancel.is_cancelled() {
            first.is_over.store(true, Ordering::Relaxed);
        }
        stop.cancel();
        // One that was only stopped is not why; unless the user stopped them all.
        if matches!(failed, None | Some(EngineError::Cancelled)) && !(failed.is_some() && cancel.is_cancelled()) {
            failed = Some(error);
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(made.into_values().collect()),
    }
}

/// Numbers of the platforms that go one after the other.
fn lanes_of(parts: &[Part<'_>]) -> Vec<Vec<usize>> {
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let same = |lane: &&mut Vec<usize>| match (&parts[lane[0]].carrier, &part.carrier) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        match lanes.iter_mut().find(same) {
            Some(lane) => lane.push(number),
            None => lanes.push(vec![number]),
        }
    }
    lanes
}

async fn make_lane(
    job: &BakeJob,
    (parts, lane): (&[Part<'_>], Vec<usize>),
    sink: &dyn Sink,
    stop: &CancellationToken,
) -> Result<Vec<(usize, Made)>, EngineError> {
    let mut made = Vec::with_capacity(lane.len());
    for number in lane {
        made.push((number, bake_platform(job, &parts[number], sink, stop).await?));
    }
    Ok(made)
}

/// Tells of several failures the first: what is under way then is stopped by it, and a journal tells that by the bake's end.
struct FirstFailure<'s> {
    sink: &'s dyn Sink,
    is_over: AtomicBool,
}

impl Sink for FirstFailure<'_> {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        if let EventKind::StepFailed { failure, .. } = &kind {
            if self.is_over.load(Ordering::Relaxed) {
                return Ok(());
            }
            // A step the user stopped is no failure.
            let is_failure = failure.exit_code != Kind::Cancelled.exit_code();
            self.is_over.fetch_or(is_failure, Ordering::Relaxed);
        }
        self.sink.emit(kind)
    }

    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError> {
        self.sink.output(step, bytes)
    }
}
