//! A batch that goes on without whoever asked for it: a process of its own, which begins what was asked as builders become free
//! and leaves nothing behind but the bakes. What did not begin is said in its log.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Batch, Handed, Progress};
use crate::adapters::host;
use crate::adapters::journal::{BakeFolder, WorkerLock, folders, is_held};
use crate::adapters::process::{
    Handshake, Stops, ask_to_stop, identity, is_worker_of, leave_session, passphrase_given, start_detached,
};
use crate::adapters::settings::Paths;
use crate::adapters::signing::Passphrase;
use crate::flows::Context;
use crate::flows::bake::{Asked, REQUEST};
use crate::report::{Kind, Report};

/// What has not begun yet.
const WAITING: &str = "waiting.json";
/// Letters of an ID that are chance enough to tell what is meant.
const SURE: usize = 16;
/// How many that are over are kept.
const KEPT: usize = 20;

/// What its process is told.
#[derive(Serialize, Deserialize)]
struct Draft {
    handed: Handed,
    parallel: usize,
}

/// A batch at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayBatch {
    /// Its ULID.
    pub batch: String,
    /// Its process.
    pub pid: u32,
    /// Images that have not begun, `NAME:TAG`.
    pub waiting: Vec<String>,
}

impl AwayBatch {
    /// Where its process says what did not begin.
    pub fn log(&self) -> Option<PathBuf> {
        BakeFolder::of(&Paths::from_environment().batches(), &self.batch).map(|folder| folder.worker_log())
    }
}

/// Begins one.
pub async fn begin(context: &Context, asked: Asked) -> Result<AwayBatch, Report> {
    start(context, Handed::of(asked.requests), asked.parallel).await
}

/// Goes on with one that was followed until now.
pub async fn go_on(context: &Context, handed: Handed) -> Result<AwayBatch, Report> {
    start(context, handed, context.settings.parallel.unwrap_or_else(host::threads)).await
}

async fn start(context: &Context, handed: Handed, parallel: usize) -> Result<AwayBatch, Report> {
    let waiting = handed.waiting();
    let draft = Draft { handed, parallel };
    let text = serde_json::to_vec(&draft).map_err(|error| Report::new(Kind::Failed, &error))?;
    let batches = Paths::from_environment().batches();
    forget_ended(&batches)?;
    let folder = BakeFolder::create(&batches)?;
    let passphrase = context.passphrase.as_ref().map(Passphrase::as_bytes);
    let begun = async {
        folder.write(REQUEST, &text)?;
        start_detached(["__batch", folder.id()], &folder.worker_log(), passphrase).await?.pid()
    };
    match begun.await {
        Ok(pid) => Ok(AwayBatch { batch: folder.id().to_owned(), pid, waiting }),
        Err(report) => {
            folder.remove()?;
            Err(report)
        }
    }
}

/// Of those that ended with something to say only the newest are kept.
fn forget_ended(batches: &Path) -> Result<(), Report> {
    let ended = folders(batches)?.into_iter().filter(|folder| !is_held(folder).unwrap_or(true));
    // One that is being begun has no lock yet, and is among the newest.
    ended.skip(KEPT).try_for_each(|folder| Ok(folder.remove()?))
}

/// Those at work, the newest first.
pub fn at_work() -> Result<Vec<AwayBatch>, Report> {
    let mut found = Vec::new();
    for folder in folders(&Paths::from_environment().batches())? {
        let said = folder.read(WAITING)?.and_then(|bytes| serde_json::from_slice::<AwayBatch>(&bytes).ok());
        found.extend(said.filter(|_| is_held(&folder).unwrap_or(false)));
    }
    Ok(found)
}

/// Asks the one whose ID begins so to stop, with what it has under way; `None` where there is none.
pub fn cancel(prefix: &str) -> Result<Option<String>, Report> {
    // Shorter ones may be a bake's, too.
    let prefix = Some(prefix.to_uppercase()).filter(|prefix| prefix.len() >= SURE);
    let is_it = |batch: &AwayBatch| prefix.as_ref().is_some_and(|prefix| batch.batch.starts_with(prefix));
    let Some(batch) = at_work()?.into_iter().find(is_it) else { return Ok(None) };
    let Some(folder) = BakeFolder::of(&Paths::from_environment().batches(), &batch.batch) else { return Ok(None) };
    let still_it = || is_held(&folder).unwrap_or(false) && is_worker_of(batch.pid, &batch.batch);
    ask_to_stop(batch.pid, still_it).map_err(|error| {
        Report::new(Kind::Failed, &error).while_doing(format!("batch {} cannot be cancelled", batch.batch))
    })?;
    Ok(Some(batch.batch))
}

/// Works off batch `id`. Whoever started this process is told whether it runs.
pub async fn work(id: &str) -> Result<(), Report> {
    leave_session();
    let (away, mut stops) = Handshake::tell(set_up(id))?;
    away.run(&mut stops).await
}

/// Everything the process holds.
struct Away {
    folder: BakeFolder,
    lock: WorkerLock,
    batch: Batch,
    waiting: Vec<String>,
}

fn set_up(id: &str) -> Result<(Away, Stops), Report> {
    let stops = Stops::of_worker().map_err(|error| Report::new(Kind::Failed, &error))?;
    let missing = || Report::message(Kind::Usage, format!("not a batch: {id}"));
    let folder = BakeFolder::of(&Paths::from_environment().batches(), id).ok_or_else(missing)?;
    let lock = WorkerLock::take(&folder)?;
    let passphrase = passphrase_given().map_err(|error| Report::new(Kind::Failed, &error))?;
    let text = folder.read(REQUEST)?.ok_or_else(missing)?;
    let draft: Draft = serde_json::from_slice(&text).map_err(|error| {
        Report::new(Kind::Failed, &error).while_doing(format!("request of batch {id} cannot be read"))
    })?;
    let Handed { requests, running, done } = draft.handed.clone();
    let workspace = requests.first().map(|request| request.workspace.clone()).ok_or_else(missing)?;
    let mut context = Context::load(Some(&workspace))?;
    context.passphrase = passphrase.map(Passphrase::from_bytes);
    let asked = Asked { requests, parallel: draft.parallel };
    let mut batch = Batch::new(&context, asked)?.without_output();
    batch.take_up(running, done);
    let waiting = draft.handed.waiting();
    let away = Away { folder, lock, batch, waiting };
    away.say()?;
    Ok((away, stops))
}

impl Away {
    /// Keeps what has not begun, for whoever asks.
    fn say(&self) -> Result<(), Report> {
        let pid = identity().pid;
        let said = AwayBatch { batch: self.folder.id().to_owned(), pid, waiting: self.waiting.clone() };
        let said = serde_json::to_vec(&said).map_err(|error| Report::new(Kind::Failed, &error))?;
        Ok(self.folder.write(WAITING, &said)?)
    }

    async fn run(mut self, stops: &mut Stops) -> Result<(), Report> {
        let mut worst: Option<Report> = None;
        loop {
            let progress = tokio::select! {
                progress = self.batch.next() => progress,
                _ = stops.next() => {
                    self.batch.cancel();
                    continue;
                }
            };
            let reference = match progress {
                None => break,
                Some(Progress::Started { reference, .. }) => reference,
                Some(Progress::NotStarted { reference, report }) => {
                    worst = worst.filter(|worst| worst.kind.exit_code() >= report.kind.exit_code()).or(Some(report));
                    reference
                }
                Some(_) => continue,
            };
            self.waiting.retain(|waiting| *waiting != reference);
            // That nobody can see it is no reason to stop.
            let _ = self.say();
        }
        let Self { folder, lock, .. } = self;
        lock.release();
        match worst {
            // The report goes to the log, which stays.
            Some(report) => Err(report),
            None => Ok(folder.remove()?),
        }
    }
}
