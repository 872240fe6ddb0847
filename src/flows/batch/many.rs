//! The batch: asks its builders, begins bakes as the scheduler says, follows all of them. What hangs holds up no other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::circles::{builds_on, refuse_circles};
use super::more::{More, work_of};
use super::progress::Progress;
use super::running::{Running, said_nothing};
use super::voices::Voices;
use super::waits::{Asking, News, Starting, alarm, first};
use crate::domain::engine::Capabilities;
use crate::domain::journal::BakeStatus;
use crate::domain::pool::{After, Board, Next, Outcome, Pool, Why};
use crate::domain::recipe::Recipe;
use crate::flows::Context;
use crate::flows::bake::{Asked, BakeRequest, Started, begin_worker, settled};
use crate::flows::pool::{Answer, Places};
use crate::flows::watch::{Pace, Shelf};
use crate::report::{Kind, Report};

/// Bakes of several recipes.
pub struct Batch {
    context: Context,
    shelf: Shelf,
    pub(super) pool: Pool,
    pub(super) requests: Vec<BakeRequest>,
    /// What the requests that run something ask, by their numbers.
    recipes: BTreeMap<usize, Recipe>,
    /// By their numbers in the pool.
    places: Places,
    /// Bakes being begun, kept here so that a dropped `next` loses none; the same with those that are asked.
    pub(super) starting: Vec<Starting>,
    asking: Vec<Asking>,
    /// What builders can do, as they said.
    heard: BTreeMap<usize, Capabilities>,
    /// What those answered that cannot be had.
    faults: BTreeMap<usize, Report>,
    /// Ends what has not come as far as a worker.
    stop: CancellationToken,
    pub(super) running: Vec<Running>,
    /// Images baked.
    pub(super) done: BTreeSet<String>,
    began: Instant,
    /// Whether output is read, too.
    outputs: bool,
}

impl Batch {
    /// Takes what was asked; refuses circles of bases. Bakes go to the workspace's `engines`, unless one was named.
    pub fn new(context: &Context, asked: Asked) -> Result<Self, Report> {
        let parallel = asked.parallel;
        let more = More::read(context, asked)?;
        let named = more.requests.iter().find(|request| request.options.engine.is_some());
        let named = named.and_then(|request| request.options.engine.as_deref());
        let places = Places::of(context, named, parallel)?;
        let mut batch = Self {
            context: context.clone(),
            shelf: Shelf::from_environment(),
            pool: Pool::new(places.builders(), Vec::new()),
            requests: Vec::new(),
            recipes: BTreeMap::new(),
            places,
            starting: Vec::new(),
            asking: Vec::new(),
            heard: BTreeMap::new(),
            faults: BTreeMap::new(),
            stop: CancellationToken::new(),
            running: Vec::new(),
            done: BTreeSet::new(),
            began: Instant::now(),
            outputs: true,
        };
        batch.join(more)?;
        Ok(batch)
    }

    /// Takes in more, which wait for their turn as those do that were there before. Refuses circles of bases, those that are not
    /// over among them.
    pub fn join(&mut self, more: More) -> Result<(), Report> {
        let pending = self.requests.iter().enumerate().filter(|(work, _)| !self.pool.is_over(*work));
        refuse_circles(pending.map(|(_, request)| request).chain(&more.requests))?;
        let first = self.requests.len();
        self.pool.add(more.requests.iter().map(work_of).collect());
        self.requests.extend(more.requests);
        for (number, recipe) in more.recipes {
            self.recipes.insert(first + number, recipe);
            let heard = std::mem::take(&mut self.heard);
            for (builder, can) in &heard {
                self.bar(first + number, (*builder, can));
            }
            self.heard = heard;
        }
        // Where nothing runs, nobody is asked what it can run.
        if self.recipes.range(first..).next().is_some() {
            self.ask();
        }
        Ok(())
    }

    /// Asks builders what they can do that have not said it.
    fn ask(&mut self) {
        for (builder, place) in self.places.all.iter().enumerate() {
            if self.heard.contains_key(&builder) || self.asking.iter().any(|asking| asking.builder == builder) {
                continue;
            }
            self.faults.remove(&builder);
            self.pool.await_word(builder);
            self.asking.push(Asking { builder, coming: place.ask(&self.context) });
        }
    }

    /// A builder is not given the platforms of a work for which it cannot do all that is asked.
    fn bar(&mut self, work: usize, (builder, can): (usize, &Capabilities)) {
        let Some(recipe) = self.recipes.get(&work) else { return };
        for (number, platform) in self.requests[work].platforms.iter().enumerate() {
            if !can.lacks(recipe, std::slice::from_ref(platform)).is_empty() {
                self.pool.bar(work, builder, number);
            }
        }
    }

    /// Whether all was stopped: nothing joins it any more.
    pub fn is_cancelled(&self) -> bool {
        self.pool.is_cancelled()
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

    /// Whether bakes go to the workspace's `engines`.
    pub fn is_pooled(context: &Context, requests: &[BakeRequest]) -> bool {
        !context.workspace.engines.is_empty() && requests.iter().all(|request| request.options.engine.is_none())
    }

    /// The next thing that happens; `None` when all is over. May be dropped at any await.
    pub async fn next(&mut self) -> Option<Progress> {
        loop {
            let until = match self.pool.next(self.now()) {
                Next::Begin { work, seats } => {
                    self.begin(work, seats);
                    continue;
                }
                Next::Refuse { work, why } => return Some(self.refused(work, &why)),
                Next::Wait { until } => until.map(|moment| self.began + Duration::from_millis(moment)),
                Next::Over => return None,
            };
            let wake = [until, self.patience()].into_iter().flatten().min();
            let progress = match self.news(wake).await {
                News::Heard(at, Ok(Some(record))) => Some(self.running[at].record(*record, self.outputs)),
                News::Heard(at, Ok(None)) => {
                    let running = self.running.remove(at);
                    Some(self.ended(running))
                }
                News::Heard(at, Err(report)) => {
                    let running = self.running.remove(at);
                    self.pool.ended(running.work, Outcome::Bad, self.now());
                    Some(Progress::NotStarted { reference: running.reference, report })
                }
                News::Begun(at, started) => {
                    let Starting { work, seats, .. } = self.starting.remove(at);
                    Some(self.begun(work, seats, started))
                }
                News::Answered(at, answer) => {
                    let Asking { builder, .. } = self.asking.remove(at);
                    self.answered(builder, answer)
                }
                News::Time => {
                    self.give_up_the_silent();
                    None
                }
            };
            if progress.is_some() {
                return progress;
            }
        }
    }

    /// Waits for whatever comes first: nothing that hangs holds up the others.
    async fn news(&mut self, wake: Option<Instant>) -> News {
        let Self { running, starting, asking, .. } = self;
        tokio::select! {
            (next, at) = first(running.iter_mut().map(|running| running.viewing.next().boxed())) => {
                News::Heard(at, next.map(|line| line.map(Box::new)))
            }
            (started, at) = first(starting.iter_mut().map(|starting| &mut starting.coming)) => News::Begun(at, started),
            (answer, at) = first(asking.iter_mut().map(|asking| &mut asking.coming)) => News::Answered(at, answer),
            () = alarm(wake) => News::Time,
        }
    }

    /// Asks all running bakes to stop and begins no further one.
    pub fn cancel(&mut self) {
        self.pool.cancel();
        self.asking.clear();
        self.stop.cancel();
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

    fn begin(&mut self, work: usize, seats: Vec<usize>) {
        let mut request = self.requests[work].clone();
        self.places.seat(&mut request, &seats, &self.heard);
        let follow = self.done.iter().any(|baked| builds_on(&request, baked));
        let (context, stop) = (self.context.clone(), self.stop.clone());
        let coming = async move {
            let settled = tokio::select! {
                biased;
                () = stop.cancelled() => Err(not_begun(&request, Kind::Cancelled, "")),
                settled = settled(&context, &request, follow) => settled,
            };
            begin_worker(&settled?, context.passphrase.as_ref()).await
        };
        self.starting.push(Starting { work, seats, coming: coming.boxed() });
    }

    pub(super) fn begun(&mut self, work: usize, seats: Vec<usize>, started: Result<Started, Report>) -> Progress {
        let reference = self.requests[work].reference.clone();
        let begun = started.and_then(|started| Ok((self.shelf.open(&started.bake, Pace::Live)?, started)));
        match begun {
            Ok((viewing, started)) => {
                let voices = Voices::of(seats, Instant::now());
                let image = reference.clone();
                let running = Running {
                    work,
                    reference: image,
                    voices,
                    viewing,
                    pid: started.pid,
                    outcome: None,
                    silent: None,
                    asked: 0,
                };
                if self.pool.is_cancelled() {
                    // A bake that ends at this moment needs no asking.
                    let _ = self.shelf.cancel(&started.bake);
                }
                self.running.push(running);
                Progress::Started { started, reference }
            }
            Err(report) => {
                self.pool.ended(work, Outcome::Bad, self.now());
                Progress::NotStarted { reference, report }
            }
        }
    }

    /// A builder said what it can do, or is at fault. The one engine there is is left to tell that itself, in a bake's journal.
    fn answered(&mut self, builder: usize, answer: Answer) -> Option<Progress> {
        self.pool.has_word(builder);
        match answer {
            Ok(can) => {
                for work in self.recipes.keys().copied().collect::<Vec<_>>() {
                    self.bar(work, (builder, &can));
                }
                self.heard.insert(builder, can);
                None
            }
            Err(_) if !self.places.is_pool() => None,
            Err(report) => {
                self.faults.insert(builder, report.clone());
                if self.faults.len() < self.places.all.len() {
                    self.pool.fault(builder, self.now());
                } else {
                    // Nobody is left that could be tried.
                    self.recipes.keys().for_each(|work| self.pool.abandon(*work));
                }
                Some(Progress::Out { builder: self.places.all[builder].name().to_owned(), report })
            }
        }
    }

    /// When the first of those that say nothing is given up.
    fn patience(&self) -> Option<Instant> {
        let timeout = |place: usize| self.places.all[place].timeout();
        self.running.iter().filter_map(|running| running.given_up(timeout)).map(|(at, _)| at).min()
    }

    /// Asks bakes to stop whose builders have said nothing for too long: once so that they clean up, once more if they do not.
    fn give_up_the_silent(&mut self) {
        let now = Instant::now();
        for running in &mut self.running {
            let late = running.given_up(|place| self.places.all[place].timeout()).filter(|(at, _)| *at <= now);
            if let Some((_, builder)) = late {
                running.silent.get_or_insert(builder);
                running.asked += 1;
                // One that ends at this moment needs no asking.
                let _ = self.shelf.cancel(running.viewing.bake());
            }
        }
    }

    /// A bake ended: was it the builder's fault, and is it done again?
    fn ended(&mut self, running: Running) -> Progress {
        let Running { work, reference, voices, viewing, outcome, silent, .. } = running;
        let outcome = match (outcome, silent) {
            (Some((BakeStatus::Ok, failure)), _) => Some((BakeStatus::Ok, failure)),
            // The worker knows which one it was.
            (Some((status, Some(failure))), _) if failure.builder.is_some() => Some((status, Some(failure))),
            (_, Some(builder)) => {
                let place = &self.places.all[builder];
                Some((BakeStatus::Failed, Some(said_nothing(place.name(), place.timeout()))))
            }
            (other, None) => other,
        };
        let fault = outcome.as_ref().and_then(|(_, failure)| failure.clone());
        // The worker calls it as the workspace does; one that is not known so is the one that had the word.
        let fault = fault.and_then(|failure| {
            let name = failure.builder.as_deref()?;
            let mut seats = voices.seats().iter().copied();
            let lost = seats.find(|seat| self.places.all[*seat].name() == name).unwrap_or(voices.last());
            Some((lost, failure))
        });
        let ended = match (&outcome, &fault) {
            (Some((BakeStatus::Ok, _)), _) => Outcome::Good,
            (_, Some((builder, _))) => Outcome::Lost { builder: *builder },
            _ => Outcome::Bad,
        };
        if ended == Outcome::Good {
            self.done.insert(reference.clone());
        }
        let bake = viewing.bake().to_owned();
        match (self.pool.ended(work, ended, self.now()), fault) {
            (After::Again, Some((lost, failure))) => {
                Progress::Again { bake, reference, builder: self.places.all[lost].name().to_owned(), failure }
            }
            _ => Progress::Ended { bake, reference, outcome },
        }
    }

    /// Why a bake does not begin.
    fn refused(&self, work: usize, why: &Why) -> Progress {
        let request = &self.requests[work];
        let reference = request.reference.clone();
        let report = match why {
            Why::Cancelled => not_begun(request, Kind::Cancelled, ""),
            Why::Base(base) => not_begun(request, Kind::Failed, &format!(": its base {base} was not baked")),
            Why::Unanswered => {
                let mut report = not_begun(request, Kind::Unreachable, ": no builder answers");
                let said = self.faults.values().flat_map(|fault| std::iter::once(&fault.message).chain(&fault.causes));
                report.causes = said.cloned().collect();
                report.help("`bakery doctor` says what each engine answers")
            }
            Why::Nowhere => self.nowhere(work),
        };
        Progress::NotStarted { reference, report }
    }

    /// Nobody has its platforms, or can do what it asks for them.
    fn nowhere(&self, work: usize) -> Report {
        let request = &self.requests[work];
        let refusal = match self.recipes.get(&work) {
            Some(recipe) => self.places.refusal(Some((recipe, &request.recipe)), &request.platforms, &self.heard),
            None => self.places.refusal(None, &request.platforms, &self.heard),
        };
        match refusal {
            Some(report) if !self.places.is_pool() => report,
            Some(mut report) => {
                report.message = format!("bake of {} was not begun: {}", request.reference, report.message);
                report
            }
            None => not_begun(request, Kind::Failed, ": no engine is left for it"),
        }
    }
}

fn not_begun(request: &BakeRequest, kind: Kind, why: &str) -> Report {
    Report::message(kind, format!("bake of {} was not begun{why}", request.reference))
}
