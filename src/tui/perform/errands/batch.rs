//! Several bakes over the pool, followed to their end: what was begun from here is tried again, given up and counted here.
//! Tells how the pool stands; what a bake does the screens read from its journal.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::super::Performer;
use super::{progress, send};
use crate::domain::journal::{BakeStatus, Failure};
use crate::domain::units::count;
use crate::flows::Context;
use crate::flows::bake::{BakeOptions, read_requests};
use crate::flows::batch::{Batch, More, Progress, away};
use crate::report::{Kind, Report};
use crate::tui::errands::{Msg, Tally};
use crate::tui::msg::Msg as Told;
use crate::tui::screens::bakes::{self, Pooled};
use crate::tui::screens::recipes;
use crate::tui::tasks::TaskKind;

/// Several bakes that are followed: how they are stopped, and where more recipes are handed in.
pub(in crate::tui::perform) struct Underway {
    stop: Arc<Notify>,
    more: UnboundedSender<HandedIn>,
    /// Who leaves is told once others go on with it.
    leave: UnboundedSender<oneshot::Sender<()>>,
}

/// Recipes to be baked.
struct HandedIn {
    files: Vec<PathBuf>,
    /// Whoever asked goes to the bake once it has begun.
    is_watched: bool,
}

/// How long leaving waits for a batch to be handed on.
const HANDING: Duration = Duration::from_secs(5);

impl Performer {
    /// Bakes these recipes; with those under way, where there are any: all that is begun from here shares one pool, so that no
    /// builder is given more than it takes.
    pub(super) fn bake_all(&mut self, files: Vec<PathBuf>) {
        self.hand_in(HandedIn { files, is_watched: false });
    }

    /// The same with one recipe, whose bake is gone to.
    pub(in crate::tui::perform) fn bake_one(&mut self, file: PathBuf) {
        self.hand_in(HandedIn { files: vec![file], is_watched: true });
    }

    fn hand_in(&mut self, handed: HandedIn) {
        let handed = match &self.batch {
            // Whoever is over takes nothing more, and gives it back.
            Some(underway) => match underway.more.send(handed) {
                Ok(()) => return,
                Err(refused) => refused.0,
            },
            None => handed,
        };
        let (stop, (more, asked)) = (Arc::new(Notify::new()), unbounded_channel());
        let (leave, left) = unbounded_channel();
        self.batch = Some(Underway { stop: Arc::clone(&stop), more, leave });
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        let what = format!("baking {}", count(handed.files.len() as u64, "recipe"));
        self.task(TaskKind::Batch, what, async move {
            Following { context, tell, stop, asked, left, then: VecDeque::from([handed]) }.all().await;
        });
    }

    /// What has not begun goes on by itself, now that nobody follows it.
    pub(in crate::tui) async fn hand_on(&mut self) {
        let Some(underway) = self.batch.take() else { return };
        let (told, handed) = oneshot::channel();
        if underway.leave.send(told).is_ok() {
            // Whoever leaves does not wait for what hangs.
            let _ = tokio::time::timeout(HANDING, handed).await;
        }
    }

    /// Asks all of them to stop.
    pub(super) fn stop_batch(&self) {
        if let Some(underway) = &self.batch {
            underway.stop.notify_one();
        }
    }
}

/// A batch, and what joins it; after one that was stopped, the next.
struct Following {
    context: Arc<Context>,
    tell: Sender<Told>,
    stop: Arc<Notify>,
    asked: UnboundedReceiver<HandedIn>,
    left: UnboundedReceiver<oneshot::Sender<()>>,
    /// What comes after the one under way.
    then: VecDeque<HandedIn>,
}

/// Recipes being read for the batch under way: so many, and whether they are watched.
type Reading = BoxFuture<'static, (usize, bool, Result<More, Report>)>;

/// What happens while one is followed.
enum News {
    Told(Option<Progress>),
    Asked(HandedIn),
    Read(usize, bool, Result<More, Report>),
    Stop,
    Leave(oneshot::Sender<()>),
}

impl Following {
    async fn all(mut self) {
        while let Some(HandedIn { files, is_watched }) = self.next_files() {
            let (batch, images) = match read(&self.context, files).await {
                Ok(read) => read,
                Err(report) => {
                    self.begun(is_watched, Err(report)).await;
                    continue;
                }
            };
            self.begun(is_watched, Ok(images.len())).await;
            let told = self.one(batch, Standing::new(images, is_watched)).await;
            // How one that was watched ended is on show.
            if !told.is_quiet {
                send(&self.tell, Msg::BatchOver(told.pooled.tally)).await;
            }
        }
        self.stands(None).await;
    }

    /// So many are about to begin, or cannot. Of one that is watched its beginning is told by itself.
    async fn begun(&self, is_watched: bool, begun: Result<usize, Report>) {
        match begun {
            Ok(_) if is_watched => {}
            Err(report) if is_watched => self.tell_recipes(Err(report)).await,
            begun => send(&self.tell, Msg::BatchBegun(begun)).await,
        }
    }

    async fn tell_recipes(&self, begun: Result<String, Report>) {
        // Nobody listens any more: the terminal UI is leaving.
        let _ = self.tell.send(Told::Recipes(recipes::Msg::Begun(begun))).await;
    }

    async fn stands(&self, pooled: Option<Box<Pooled>>) {
        // Nobody listens any more: the terminal UI is leaving.
        let _ = self.tell.send(Told::Bakes(bakes::Msg::Pool(pooled))).await;
    }

    /// What is to be baked now; once there is nothing, nothing more is taken.
    fn next_files(&mut self) -> Option<HandedIn> {
        while let Ok(handed) = self.asked.try_recv() {
            self.then.push_back(handed);
        }
        self.then.pop_front().or_else(|| {
            self.asked.close();
            self.asked.try_recv().ok()
        })
    }

    /// Follows one to its end.
    async fn one(&mut self, mut batch: Batch, mut told: Standing) -> Standing {
        let mut is_over = false;
        let mut reading: FuturesUnordered<Reading> = FuturesUnordered::new();
        let mut coming = 0;
        // What was handed in while one before this was stopped.
        while let Some(handed) = self.then.pop_front() {
            coming += handed.files.len();
            reading.push(self.read_more(handed));
        }
        loop {
            if is_over && reading.is_empty() {
                return told;
            }
            let queued = coming + self.then.iter().map(|handed| handed.files.len()).sum::<usize>();
            if let Some(pooled) = told.news(&batch, queued) {
                progress(&self.tell, TaskKind::Batch, pooled.tally.progress(pooled.board.at_work()));
                self.stands(Some(Box::new(pooled))).await;
            }
            let news = tokio::select! {
                next = batch.next(), if !is_over => News::Told(next),
                Some(handed) = self.asked.recv() => News::Asked(handed),
                Some((recipes, is_watched, read)) = reading.next() => News::Read(recipes, is_watched, read),
                () = self.stop.notified() => News::Stop,
                Some(waits) = self.left.recv() => News::Leave(waits),
            };
            match news {
                News::Told(None) => is_over = true,
                News::Told(Some(next)) => {
                    if let Some(begun) = told.watched(&next) {
                        self.tell_recipes(begun).await;
                    }
                    if let Some(msg) = told.take(next) {
                        send(&self.tell, msg).await;
                    }
                }
                News::Asked(handed) if batch.is_cancelled() => self.then.push_back(handed),
                News::Asked(handed) => {
                    coming += handed.files.len();
                    reading.push(self.read_more(handed));
                }
                News::Read(recipes, is_watched, read) => {
                    coming -= recipes;
                    // What was asked for before all was stopped is stopped with it.
                    if batch.is_cancelled() {
                        continue;
                    }
                    let joined = read.and_then(|more| {
                        let images: Vec<String> = more.references().map(str::to_owned).collect();
                        batch.join(more).map(|()| images)
                    });
                    let begun = joined.as_ref().map(Vec::len).map_err(Clone::clone);
                    if let Ok(images) = joined {
                        told.joined(images, is_watched);
                        is_over = false;
                    }
                    self.begun(is_watched, begun).await;
                }
                News::Stop => {
                    self.then.clear();
                    batch.cancel();
                }
                News::Leave(waits) => {
                    self.hand_on(batch, reading).await;
                    // Whoever waits may have given up.
                    let _ = waits.send(());
                    return told;
                }
            }
        }
    }

    /// Whatever has not begun is begun by another process, with what was handed in since.
    async fn hand_on(&mut self, mut batch: Batch, mut reading: FuturesUnordered<Reading>) {
        while let Some(handed) = self.then.pop_front() {
            reading.push(self.read_more(handed));
        }
        while let Some((_, _, read)) = reading.next().await {
            // What does not fit is told to nobody any more.
            let _ = read.and_then(|more| batch.join(more));
        }
        if let Some(handed) = batch.hand_on().await {
            let _ = away::go_on(&self.context, handed).await;
        }
    }

    fn read_more(&self, HandedIn { files, is_watched }: HandedIn) -> Reading {
        let (context, count) = (Arc::clone(&self.context), files.len());
        async move { (count, is_watched, more(&context, files).await) }.boxed()
    }
}

/// A batch of these recipes, and the images they make.
async fn read(context: &Arc<Context>, files: Vec<PathBuf>) -> Result<(Batch, Vec<String>), Report> {
    let read = move |context: &Context| {
        let asked = read_requests(context, &files, &BakeOptions::default())?;
        let images = asked.requests.iter().map(|request| request.reference.clone()).collect();
        Ok((Batch::new(context, asked)?.without_output(), images))
    };
    blocking(context, read).await
}

async fn more(context: &Arc<Context>, files: Vec<PathBuf>) -> Result<More, Report> {
    blocking(context, move |context| More::read(context, read_requests(context, &files, &BakeOptions::default())?))
        .await
}

async fn blocking<T: Send + 'static>(
    context: &Arc<Context>,
    work: impl FnOnce(&Context) -> Result<T, Report> + Send + 'static,
) -> Result<T, Report> {
    let context = Arc::clone(context);
    let done = tokio::task::spawn_blocking(move || work(&context));
    done.await.map_err(|error| Report::new(Kind::Failed, &error))?
}

/// What was told of a batch, and when.
struct Standing {
    pooled: Pooled,
    at: Option<Instant>,
    /// Something happened since that may have changed it.
    is_due: bool,
    /// Images whose bakes are gone to once they have begun.
    watched: Vec<String>,
    /// There is but one, and that is watched.
    is_quiet: bool,
}

impl Standing {
    fn new(images: Vec<String>, is_watched: bool) -> Self {
        let pooled = Pooled { tally: Tally { all: images.len(), ..Tally::default() }, ..Pooled::default() };
        let watched = if is_watched { images } else { Vec::new() };
        Self { pooled, at: None, is_due: true, watched, is_quiet: is_watched }
    }

    /// The beginning of one that is watched, once; after that it is told of as any other.
    fn watched(&mut self, next: &Progress) -> Option<Result<String, Report>> {
        let (reference, begun) = match next {
            Progress::Started { started, reference } => (reference, Ok(started.bake.clone())),
            Progress::NotStarted { reference, report } => (reference, Err(report.clone())),
            _ => return None,
        };
        let Some(at) = self.watched.iter().position(|image| image == reference) else {
            // Where it is not begun again, nothing on show says so.
            self.is_quiet &= begun.is_ok();
            return None;
        };
        self.watched.remove(at);
        Some(begun)
    }

    /// How it stands, where that is another than was told.
    fn news(&mut self, batch: &Batch, queued: usize) -> Option<Pooled> {
        if !std::mem::take(&mut self.is_due) && queued == self.pooled.queued {
            return None;
        }
        let board = batch.board();
        // Counts change with the board: a bake that ended has left it.
        if let Some(at) = self.at
            && queued == self.pooled.queued
            && board.is_still(&self.pooled.board, u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
        {
            return None;
        }
        (self.pooled.board, self.pooled.queued, self.at) = (board, queued, Some(Instant::now()));
        Some(self.pooled.clone())
    }

    /// More are to be baked.
    fn joined(&mut self, images: Vec<String>, is_watched: bool) {
        self.pooled.tally.all += images.len();
        (self.is_due, self.is_quiet) = (true, false);
        if is_watched {
            self.watched.extend(images);
        }
    }

    /// Counts what happened; gives what is news at once.
    fn take(&mut self, next: Progress) -> Option<Msg> {
        self.is_due |= !matches!(next, Progress::Record { .. });
        let tally = &mut self.pooled.tally;
        match next {
            Progress::Record { .. } => {}
            Progress::Started { started, .. } => {
                Arc::make_mut(&mut self.pooled.ours).insert(started.bake);
            }
            Progress::Ended { reference, outcome, .. } => match outcome {
                Some((BakeStatus::Ok, _)) => tally.baked += 1,
                Some((BakeStatus::Cancelled, _)) => tally.cancelled += 1,
                Some((_, failure)) => self.failed(reference, failure),
                None => self.failed(reference, Some(gone())),
            },
            Progress::NotStarted { report, .. } if report.kind == Kind::Cancelled => tally.cancelled += 1,
            Progress::NotStarted { reference, report } => tally.failed.push((reference, why(report))),
            Progress::Again { reference, builder, failure, .. } => {
                self.pooled.faults.insert(builder.clone(), failure.message.clone());
                return Some(Msg::BakedElsewhere { reference, builder, why: failure.message });
            }
            Progress::Out { builder, report } => {
                let why = why(report);
                self.pooled.faults.insert(builder.clone(), why.clone());
                return Some(Msg::BuilderOut { builder, why });
            }
        }
        None
    }

    fn failed(&mut self, reference: String, failure: Option<Failure>) {
        let failure = failure.unwrap_or_default();
        // Before it is asked how the pool stands now: there it is known where this one was.
        if failure.builder.is_some()
            && let Some(builder) = self.pooled.board.builder_of(&reference)
        {
            self.pooled.faults.insert(builder.to_owned(), failure.message.clone());
        }
        self.pooled.tally.failed.push((reference, failure.message));
    }
}

/// What is wrong, and the first reason.
fn why(report: Report) -> String {
    let said = std::iter::once(report.message).chain(report.causes.into_iter().take(1));
    said.collect::<Vec<_>>().join(": ")
}

fn gone() -> Failure {
    Failure { message: "its worker is gone".to_owned(), ..Failure::default() }
}
