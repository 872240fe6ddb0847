//! Several bakes at once: over the workspace's builders or on one engine, all followed as one stream. Draws nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all};
use tokio::time::Instant;

use super::Context;
use super::bake::{Asked, BakeRequest, Started, start};
use super::watch::{Pace, Shelf, Viewing};
use crate::adapters::settings::EngineSettings;
use crate::domain::journal::{BakeStatus, Damage, EventKind, Failure, Record};
use crate::domain::pool::{After, Board, Builder, Next, Outcome, Pool, Seats, Why, Work};
use crate::report::{Kind, Report};

/// How long a worker that was asked to stop may take before it is asked once more, which it does not outlive.
const STOPPING: Duration = Duration::from_secs(5);

/// A bake being begun: its number, its builder's, and what comes of it.
type Starting = (usize, usize, BoxFuture<'static, Result<Started, Report>>);

/// A builder's engine, its name in the workspace, and how long a bake on it may say nothing.
type Place = (String, Option<String>, Option<Duration>);

/// Bakes of several recipes.
pub struct Batch {
    context: Context,
    shelf: Shelf,
    pool: Pool,
    requests: Vec<BakeRequest>,
    /// By their numbers in the pool.
    builders: Vec<Place>,
    /// A bake being begun, kept here so that a dropped `next` loses none.
    starting: Option<Starting>,
    running: Vec<Running>,
    /// Images baked.
    done: BTreeSet<String>,
    began: Instant,
    /// Whether output is read, too.
    outputs: bool,
}

#[derive(Debug)]
struct Running {
    work: usize,
    reference: String,
    builder: usize,
    viewing: Viewing,
    outcome: Option<(BakeStatus, Option<Failure>)>,
    /// When its journal last grew.
    heard: Instant,
    /// How often it was asked to stop because its builder says nothing.
    asked: u32,
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
    /// A bake has ended because its builder is at fault; it is begun again on another.
    Again {
        /// Which.
        bake: String,
        /// `NAME:TAG`.
        reference: String,
        /// The builder.
        builder: String,
        /// What was wrong.
        failure: Failure,
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
    /// Takes what was asked; refuses circles of bases. Bakes go to the workspace's `engines`, unless one was named.
    pub fn new(context: &Context, asked: Asked) -> Result<Self, Report> {
        let Asked { requests, parallel } = asked;
        refuse_circles(&requests)?;
        let (places, builders) = builders(context, &requests, parallel);
        let work = |request: &BakeRequest| Work {
            reference: request.reference.clone(),
            team: request.reference.split_once('/').map_or("", |(team, _)| team).to_owned(),
            base: request.local_base.clone(),
            platforms: request.platforms.clone(),
        };
        Ok(Self {
            context: context.clone(),
            shelf: Shelf::from_environment(),
            pool: Pool::new(places, requests.iter().map(work).collect()),
            requests,
            builders,
            starting: None,
            running: Vec::new(),
            done: BTreeSet::new(),
            began: Instant::now(),
            outputs: true,
        })
    }

    /// Without the output of steps: for whoever has it from the journals.
    #[must_use]
    pub fn without_output(self) -> Self {
        Self { outputs: false, ..self }
    }

    /// Whether some recipe of `requests` has another's image as its base.
    pub fn has_dependencies(requests: &[BakeRequest]) -> bool {
        requests.iter().any(|request| requests.iter().any(|other| builds_on(request, &other.reference)))
    }

    /// The next thing that happens; `None` when all is over. May be dropped at any await.
    pub async fn next(&mut self) -> Option<Progress> {
        loop {
            let mut until = None;
            if self.starting.is_none() {
                match self.pool.next(self.now()) {
                    Next::Begin { work, builder } => self.begin(work, builder),
                    Next::Refuse { work, why } => return Some(self.refused(work, &why)),
                    Next::Wait { until: moment } => until = moment,
                    Next::Over => return None,
                }
            }
            if let Some((_, _, starting)) = &mut self.starting {
                let started = starting.await;
                return self.begun(started);
            }
            let wake = [until.map(|moment| self.began + Duration::from_millis(moment)), self.patience()];
            let wake = wake.into_iter().flatten().min();
            let alarm = async {
                match wake {
                    Some(moment) => tokio::time::sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let heard = async {
                if self.running.is_empty() {
                    return std::future::pending().await;
                }
                let waits = self.running.iter_mut().map(|running| Box::pin(running.viewing.next()));
                let (next, at, _) = select_all(waits).await;
                (next, at)
            };
            let (next, at) = tokio::select! {
                heard = heard => heard,
                () = alarm => {
                    self.give_up_the_silent();
                    continue;
                }
            };
            return Some(match next {
                Ok(Some(record)) => self.running[at].record(record, self.outputs),
                Ok(None) => {
                    let running = self.running.remove(at);
                    self.ended(running)
                }
                Err(report) => {
                    let running = self.running.remove(at);
                    self.pool.ended(running.work, Outcome::Bad, self.now());
                    Progress::NotStarted { reference: running.reference, report }
                }
            });
        }
    }

    /// Asks all running bakes to stop and begins no further one.
    pub fn cancel(&mut self) {
        self.pool.cancel();
        for running in &self.running {
            // A bake that ends at this moment needs no asking.
            let _ = self.shelf.cancel(running.viewing.bake());
        }
    }

    /// How the builders and what waits for them stand.
    pub fn board(&self) -> Board {
        self.pool.board(self.now())
    }

    /// Milliseconds since this batch began.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn begin(&mut self, work: usize, builder: usize) {
        let mut request = self.requests[work].clone();
        let (engine, name, _) = &self.builders[builder];
        (request.engine, request.builder) = (engine.clone(), name.clone());
        let follow = self.done.iter().any(|baked| builds_on(&request, baked));
        let context = self.context.clone();
        self.starting = Some((work, builder, async move { start(&context, &request, follow).await }.boxed()));
    }

    fn begun(&mut self, started: Result<Started, Report>) -> Option<Progress> {
        let (work, builder, _) = self.starting.take()?;
        let reference = self.requests[work].reference.clone();
        let begun = started.and_then(|started| Ok((self.shelf.open(&started.bake, Pace::Live)?, started)));
        Some(match begun {
            Ok((viewing, started)) => {
                let (reference, heard) = (reference, Instant::now());
                let running =
                    Running { work, reference: reference.clone(), builder, viewing, outcome: None, heard, asked: 0 };
                self.running.push(running);
                Progress::Started { started, reference }
            }
            Err(report) => {
                self.pool.ended(work, Outcome::Bad, self.now());
                Progress::NotStarted { reference, report }
            }
        })
    }

    /// When the first of those that say nothing is given up.
    fn patience(&self) -> Option<Instant> {
        let of = |running: &Running| Some(running.heard + self.builders[running.builder].2? + STOPPING * running.asked);
        self.running.iter().filter_map(of).min()
    }

    /// Asks bakes to stop whose builders have said nothing for too long: once so that they clean up, once more if they do not.
    fn give_up_the_silent(&mut self) {
        let now = Instant::now();
        for running in &mut self.running {
            let Some(timeout) = self.builders[running.builder].2 else { continue };
            if running.heard + timeout + STOPPING * running.asked <= now {
                running.asked += 1;
                // One that ends at this moment needs no asking.
                let _ = self.shelf.cancel(running.viewing.bake());
            }
        }
    }

    /// A bake ended: was it the builder's fault, and is it done again?
    fn ended(&mut self, running: Running) -> Progress {
        let Running { work, reference, builder, viewing, outcome, asked, .. } = running;
        let (engine, name, timeout) = &self.builders[builder];
        let name = name.clone().unwrap_or_else(|| engine.clone());
        let outcome = match outcome {
            Some((BakeStatus::Ok, failure)) => Some((BakeStatus::Ok, failure)),
            _ if asked > 0 => Some((BakeStatus::Failed, Some(silent(&name, *timeout)))),
            other => other,
        };
        let fault = outcome.as_ref().and_then(|(_, failure)| failure.clone()).filter(|one| one.builder.is_some());
        let ended = match (&outcome, &fault) {
            (Some((BakeStatus::Ok, _)), _) => Outcome::Good,
            (_, Some(_)) => Outcome::Lost,
            _ => Outcome::Bad,
        };
        if ended == Outcome::Good {
            self.done.insert(reference.clone());
        }
        let bake = viewing.bake().to_owned();
        match (self.pool.ended(work, ended, self.now()), fault) {
            (After::Again, Some(failure)) => Progress::Again { bake, reference, builder: name, failure },
            _ => Progress::Ended { bake, reference, outcome },
        }
    }

    /// Why a bake does not begin.
    fn refused(&self, work: usize, why: &Why) -> Progress {
        let request = &self.requests[work];
        let reference = request.reference.clone();
        let message = format!("bake of {reference} was not begun");
        let report = match why {
            Why::Cancelled => Report::message(Kind::Cancelled, message),
            Why::Base(base) => Report::message(Kind::Failed, format!("{message}: its base {base} was not baked")),
            Why::Nowhere => {
                let platforms: Vec<String> = request.platforms.iter().map(ToString::to_string).collect();
                Report::message(Kind::Usage, format!("{message}: no engine has {}", platforms.join(" and ")))
                    .help("add one to `engines` in bakery.yaml, or name one with --engine")
            }
        };
        Progress::NotStarted { reference, report }
    }
}

/// Where bakes may go: the workspace's builders, or the one engine the requests name.
fn builders(context: &Context, requests: &[BakeRequest], parallel: usize) -> (Vec<Builder>, Vec<Place>) {
    let named = requests.iter().any(|request| request.options.engine.is_some());
    let engines = &context.workspace.engines;
    if named || engines.is_empty() {
        let engine = requests.first().map(|request| request.engine.clone()).unwrap_or_default();
        let builder = Builder { name: engine.clone(), slots: parallel.max(1), platforms: None };
        return (vec![builder], vec![(engine, None, None)]);
    }
    let place = |engine: &EngineSettings| Builder {
        name: engine.name.clone(),
        slots: engine.slots,
        platforms: (!engine.platforms.is_empty()).then(|| engine.platforms.iter().cloned().collect()),
    };
    let builder = |engine: &EngineSettings| (engine.engine.to_string(), Some(engine.name.clone()), engine.timeout);
    (engines.iter().map(place).collect(), engines.iter().map(builder).collect())
}

impl Context {
    /// The workspace's builders with nothing to do; none where it has no `engines`.
    pub fn builders(&self) -> Vec<Seats> {
        if self.workspace.engines.is_empty() {
            return Vec::new();
        }
        Pool::new(builders(self, &[], 1).0, Vec::new()).board(0).builders
    }
}

/// What a bake failed of whose builder said nothing.
fn silent(builder: &str, timeout: Option<Duration>) -> Failure {
    let seconds = timeout.map_or(0, |timeout| timeout.as_secs());
    Failure {
        message: format!("builder {builder} said nothing for {seconds} s"),
        help: Some("see whether it lives; `timeout` of the engine in bakery.yaml gives it longer".into()),
        exit_code: Kind::Unreachable.exit_code(),
        builder: Some(builder.to_owned()),
        ..Failure::default()
    }
}

impl Running {
    fn record(&mut self, record: Result<Record, Damage>, outputs: bool) -> Progress {
        if self.asked == 0 {
            self.heard = Instant::now();
        }
        let kind = record.as_ref().ok().and_then(|record| record.event.as_ref()).map(|event| &event.kind);
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
            builder: None,
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
