//! Several bakes at once: in dependency order, so many at a time, all followed as one stream. Draws nothing.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all};

use super::Context;
use super::bake::{Asked, BakeRequest, Started, start};
use super::watch::{Pace, Shelf, Viewing};
use crate::domain::journal::{BakeStatus, Damage, EventKind, Failure, Record};
use crate::report::{Kind, Report};

/// Bakes of several recipes.
pub struct Batch {
    context: Context,
    shelf: Shelf,
    parallel: usize,
    waiting: Vec<BakeRequest>,
    /// A bake being begun, kept here so that a dropped `next` loses none.
    starting: Option<(String, BoxFuture<'static, Result<Started, Report>>)>,
    running: Vec<Running>,
    done: BTreeMap<String, bool>,
    cancelled: bool,
}

#[derive(Debug)]
struct Running {
    reference: String,
    viewing: Viewing,
    outcome: Option<(BakeStatus, Option<Failure>)>,
}

/// What happens in a batch.
#[derive(Debug)]
pub enum Progress {
    /// A bake has begun.
    Started {
        /// Which.
        started: Started,
        /// `NAME:TAG`.
        reference: String,
    },
    /// A line of a bake's journal.
    Record {
        /// Which.
        bake: String,
        /// The line, or the damage in its place.
        record: Result<Box<Record>, Damage>,
        /// Output it speaks of.
        output: Vec<u8>,
    },
    /// A bake has ended; without an outcome its worker is gone.
    Ended {
        /// Which.
        bake: String,
        /// `NAME:TAG`.
        reference: String,
        /// How.
        outcome: Option<(BakeStatus, Option<Failure>)>,
    },
    /// A bake that did not begin.
    NotStarted {
        /// `NAME:TAG`.
        reference: String,
        /// Why.
        report: Report,
    },
}

impl Batch {
    /// Takes what was asked; refuses circles of bases.
    pub fn new(context: &Context, asked: Asked) -> Result<Self, Report> {
        let Asked { requests, parallel } = asked;
        refuse_circles(&requests)?;
        Ok(Self {
            context: context.clone(),
            shelf: Shelf::from_environment(),
            parallel: parallel.max(1),
            waiting: requests,
            starting: None,
            running: Vec::new(),
            done: BTreeMap::new(),
            cancelled: false,
        })
    }

    /// Whether some recipe of `requests` has another's image as its base.
    pub fn has_dependencies(requests: &[BakeRequest]) -> bool {
        requests.iter().any(|request| requests.iter().any(|other| builds_on(request, &other.reference)))
    }

    /// The next thing that happens; `None` when all is over. May be dropped at any await.
    pub async fn next(&mut self) -> Option<Progress> {
        if let Some(progress) = self.choose() {
            return Some(progress);
        }
        if let Some((_, starting)) = &mut self.starting {
            let started = starting.await;
            return self.begun(started);
        }
        if self.running.is_empty() {
            return None;
        }
        let (next, at) = {
            let waits = self.running.iter_mut().map(|running| Box::pin(running.viewing.next()));
            let (next, at, _) = select_all(waits).await;
            (next, at)
        };
        Some(match next {
            Ok(Some(record)) => self.running[at].record(record),
            Ok(None) => {
                let running = self.running.remove(at);
                let good = matches!(running.outcome, Some((BakeStatus::Ok, _)));
                self.done.insert(running.reference.clone(), good);
                let bake = running.viewing.bake().to_owned();
                Progress::Ended { bake, reference: running.reference, outcome: running.outcome }
            }
            Err(report) => {
                let running = self.running.remove(at);
                self.done.insert(running.reference.clone(), false);
                Progress::NotStarted { reference: running.reference, report }
            }
        })
    }

    /// Asks all running bakes to stop and begins no further one.
    pub fn cancel(&mut self) {
        self.cancelled = true;
        for running in &self.running {
            // A bake that ends at this moment needs no asking.
            let _ = self.shelf.cancel(running.viewing.bake());
        }
    }

    /// Takes the next bake whose turn it is, if there is room; tells if something is in its way.
    fn choose(&mut self) -> Option<Progress> {
        if self.starting.is_some() || self.running.len() >= self.parallel {
            return None;
        }
        let ready = self.waiting.iter().position(|request| {
            let still = |other: &str| builds_on(request, other);
            !self.running.iter().any(|other| still(&other.reference))
                && !self.waiting.iter().any(|other| still(&other.reference))
        })?;
        let request = self.waiting.remove(ready);
        let reference = request.reference.clone();
        if let Some(report) = self.obstacle(&request) {
            self.done.insert(reference.clone(), false);
            return Some(Progress::NotStarted { reference, report });
        }
        let follow = self.done.keys().any(|baked| builds_on(&request, baked));
        let context = self.context.clone();
        self.starting = Some((reference, async move { start(&context, &request, follow).await }.boxed()));
        None
    }

    /// Begins to follow a bake that has begun.
    fn begun(&mut self, started: Result<Started, Report>) -> Option<Progress> {
        let (reference, _) = self.starting.take()?;
        let opened = started.and_then(|started| Ok((self.shelf.open(&started.bake, Pace::Live)?, started)));
        Some(match opened {
            Ok((viewing, started)) => {
                if self.cancelled {
                    // Asked to stop while it began; one that is over by now needs no asking.
                    let _ = self.shelf.cancel(&started.bake);
                }
                self.running.push(Running { reference: reference.clone(), viewing, outcome: None });
                Progress::Started { started, reference }
            }
            Err(report) => {
                self.done.insert(reference.clone(), false);
                Progress::NotStarted { reference, report }
            }
        })
    }

    /// Why a bake whose turn it is does not begin.
    fn obstacle(&self, request: &BakeRequest) -> Option<Report> {
        if self.cancelled {
            return Some(Report::message(Kind::Cancelled, format!("bake of {} was not begun", request.reference)));
        }
        let broken = self.done.iter().find(|(reference, good)| !**good && builds_on(request, reference))?;
        Some(Report::message(
            Kind::Failed,
            format!("bake of {} was not begun: its base {} was not baked", request.reference, broken.0),
        ))
    }
}

impl Running {
    fn record(&mut self, record: Result<Record, Damage>) -> Progress {
        let kind = record.as_ref().ok().and_then(|record| record.event.as_ref()).map(|event| &event.kind);
        let output = match kind {
            Some(EventKind::StepOutput { step, offset, length }) => {
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
}

/// Whether the image `reference` of the local store is the base of `request`.
fn builds_on(request: &BakeRequest, reference: &str) -> bool {
    request.local_base.as_deref() == Some(reference)
}

fn refuse_circles(requests: &[BakeRequest]) -> Result<(), Report> {
    let mut left: Vec<&BakeRequest> = requests.iter().collect();
    loop {
        let before = left.len();
        let bases: Vec<String> = left.iter().map(|request| request.reference.clone()).collect();
        left.retain(|request| bases.iter().any(|base| builds_on(request, base)));
        if left.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            let names: Vec<&str> = left.iter().map(|request| request.reference.as_str()).collect();
            return Err(Report::message(Kind::Usage, format!("bases go round in a circle: {}", names.join(", "))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::bake::BakeOptions;

    fn request(reference: &str, base: &str) -> BakeRequest {
        BakeRequest {
            reference: reference.into(),
            recipe: String::new(),
            recipe_file: "/r".into(),
            recipe_text: String::new(),
            base: base.into(),
            local_base: base.strip_prefix("local/").map(Into::into),
            lock: None,
            platforms: Vec::new(),
            workspace: "/w".into(),
            engine: "embedded".into(),
            options: BakeOptions::default(),
        }
    }

    #[test]
    fn circles_are_refused_and_chains_are_not() {
        let chain = vec![request("c:1", "local/b:1"), request("b:1", "local/a:1"), request("a:1", "global/x:1")];
        assert!(Batch::has_dependencies(&chain));
        refuse_circles(&chain).unwrap();
        let circle = vec![request("a:1", "local/b:1"), request("b:1", "local/a:1"), request("c:1", "scratch")];
        assert_eq!(refuse_circles(&circle).unwrap_err().message, "bases go round in a circle: a:1, b:1");
    }
}
