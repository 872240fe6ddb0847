//! The process of one roll-out, from its first event to its last. What is to be done next is the journal's to say; shows nothing
//! to anybody.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::begin::{CANCEL_NOTE, draft_of, second};
use super::draft::Draft;
use super::verdict::Failure;
use crate::adapters::clock::Stopwatch;
use crate::adapters::journal::{BakeFolder, WorkerLock};
use crate::adapters::process::{Handshake, Stops, identity, leave_session, passphrase_given};
use crate::adapters::rollouts::{RolloutWriter, WorkspaceLock};
use crate::adapters::settings::Paths;
use crate::adapters::signing::Passphrase;
use crate::domain::oci::Digest;
use crate::domain::rollout::{EventKind, FORMAT, Next, Planned, Started, next};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// Everything the process holds.
pub(super) struct Work {
    pub(super) context: Context,
    pub(super) draft: Draft,
    writer: Mutex<RolloutWriter>,
    folder: BakeFolder,
    /// Held for the process's life; the roll-out's own last, so that whoever sees it free can begin.
    _workspace: WorkspaceLock,
    _lock: WorkerLock,
}

/// What came of one image.
type Outcome = (usize, Result<Digest, Failure>, u64);

/// Works off roll-out `id`. Whoever started this process is told whether it runs; the rest stands in the journal.
pub async fn work(id: &str) -> Result<(), Report> {
    leave_session();
    let set_up = match Stops::of_worker().map_err(|error| Report::new(Kind::Failed, &error)) {
        Ok(stops) => set_up(id).map(|work| (work, stops)),
        Err(report) => Err(report),
    };
    let (work, mut stops) = Handshake::tell(set_up)?;
    work.run(&mut stops).await
}

fn set_up(id: &str) -> Result<Work, Report> {
    let rollouts = Paths::from_environment().rollouts();
    let folder =
        BakeFolder::of(&rollouts, id).ok_or_else(|| Report::message(Kind::Usage, format!("not a roll-out: {id}")))?;
    let lock = WorkerLock::take(&folder)?;
    let passphrase = passphrase_given().map_err(|error| Report::new(Kind::Failed, &error))?;
    let draft = draft_of(&folder)?;
    let mut context = Context::load(Some(&draft.workspace))?;
    context.passphrase = passphrase.map(Passphrase::from_bytes);
    let Some(workspace) = WorkspaceLock::take(&rollouts, &draft.workspace)? else {
        context.refuse_second_rollout(Some(folder.id()))?;
        return Err(second(None));
    };
    let mut writer = RolloutWriter::open(&folder)?;
    let me = identity();
    if writer.state().started().is_none() {
        writer.append(EventKind::Started(Started {
            format: FORMAT,
            rollout: folder.id().to_owned(),
            base: draft.base.clone(),
            onto: draft.onto.clone(),
            parallel: draft.options.parallel,
            budget: draft.options.budget,
            pid: me.pid,
            host: me.host,
            user: me.user,
        }))?;
    } else {
        writer.append(EventKind::Resumed { pid: me.pid, host: me.host, user: me.user })?;
    }
    if writer.state().planned().is_empty() {
        writer.append(EventKind::Planned { items: draft.items.clone() })?;
    }
    let writer = Mutex::new(writer);
    // All its images share what is opened; keys they share anyway.
    let context = context.keeping_stores();
    Ok(Work { context, draft, writer, folder, _workspace: workspace, _lock: lock })
}

impl Work {
    async fn run(&self, stops: &mut Stops) -> Result<(), Report> {
        let watch = Stopwatch::start();
        // While it lives nothing is freed: versions that have lost their name are still what others stand on.
        let _hold = if self.draft.items.is_empty() { None } else { Some(self.context.local()?.hold()?) };
        let mut under_way: FuturesUnordered<LocalBoxFuture<'_, Outcome>> = FuturesUnordered::new();
        loop {
            let chosen = self.with(|writer| next(writer.state()));
            match chosen {
                Next::Start(number) => {
                    let Some(planned) = self.draft.items.get(number) else { return Err(strange(number)) };
                    self.doing(planned, "proving", (None, None))?;
                    under_way.push(self.outcome(number, planned).boxed_local());
                }
                Next::Skip(number, why) => {
                    let Some(planned) = self.draft.items.get(number) else { return Err(strange(number)) };
                    self.tell(EventKind::Skipped { item: planned.reference.clone(), why })?;
                }
                Next::Finish(status) => {
                    return self.tell(EventKind::Finished { status, millis: watch.millis() });
                }
                Next::Wait => tokio::select! {
                    Some(outcome) = under_way.next() => self.ended(outcome)?,
                    signal = stops.next() => self.cancelled(signal)?,
                },
            }
        }
    }

    async fn outcome(&self, number: usize, planned: &Planned) -> Outcome {
        let watch = Stopwatch::start();
        let moved = AssertUnwindSafe(self.move_one(planned)).catch_unwind().await;
        let broken = || {
            let why = vec!["bakery itself broke; the worker.log in the roll-out's folder says where".to_owned()];
            Err(Failure::new(Kind::Failed, why))
        };
        (number, moved.unwrap_or_else(|_| broken()), watch.millis())
    }

    fn ended(&self, (number, outcome, millis): Outcome) -> Result<(), Report> {
        let Some(planned) = self.draft.items.get(number) else { return Err(strange(number)) };
        let item = planned.reference.clone();
        self.tell(match outcome {
            Ok(digest) => EventKind::Done { item, digest, millis },
            Err(Failure { why, exit_code }) => EventKind::Failed { item, why, exit_code },
        })
    }

    fn cancelled(&self, signal: &str) -> Result<(), Report> {
        let note = self.folder.read(CANCEL_NOTE).ok().flatten().and_then(|note| String::from_utf8(note).ok());
        let by = note.unwrap_or_else(|| signal.to_owned()).chars().take(256).collect();
        self.tell(EventKind::CancelRequested { by })
    }

    /// Writes it down. What is not in the journal did not happen: where it takes nothing more, the roll-out stops.
    pub(super) fn tell(&self, kind: EventKind) -> Result<(), Report> {
        Ok(self.with(|writer| writer.append(kind))?)
    }

    /// What is done with an image at the moment; how it is moved and by which bake, where that is news.
    pub(super) fn doing(
        &self,
        planned: &Planned,
        doing: &str,
        (way, bake): (Option<crate::domain::rollout::Way>, Option<String>),
    ) -> Result<(), Report> {
        self.tell(EventKind::Doing { item: planned.reference.clone(), doing: doing.to_owned(), way, bake })
    }

    /// The journal, and what it comes to.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut RolloutWriter) -> T) -> T {
        // A panic elsewhere does not make whole lines wrong.
        work(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn strange(number: usize) -> Report {
    Report::message(Kind::Failed, format!("the journal has an image {number}, the request has none"))
}
