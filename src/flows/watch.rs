//! Watching bakes: the shelf, one bake's journal from its first line, cancelling. Writes nothing but a wish to stop.

use std::path::PathBuf;
use std::time::Duration;

use super::bake::REQUEST;
use crate::adapters::clock;
use crate::adapters::files::followed;
use crate::adapters::journal::{self, BakeFolder, Ending, Reader, Tail, is_held, read_ends, read_output};
use crate::adapters::process::{ask_to_stop, identity, is_worker_of};
use crate::adapters::settings::Paths;
use crate::domain::journal::{BakeStarted, Damage, EventKind, Record};
use crate::domain::plan::StepId;
use crate::domain::projection::{BakeView, Liveness, ShelfRow, ShelfStatus, millis_of};
use crate::report::{Kind, Report};

/// All bakes of this user on this machine.
#[derive(Clone, Debug)]
pub struct Shelf {
    bakes: PathBuf,
}

/// How a journal is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// What is there now.
    Now,
    /// What is there, then what comes, to the bake's end.
    Live,
    /// What is there, in the rhythm it was written, this many times as fast.
    Replay(f64),
}

impl Shelf {
    /// Where bakery keeps its state.
    pub fn from_environment() -> Self {
        Self { bakes: Paths::from_environment().bakes() }
    }

    /// The bakes below a folder.
    pub fn below(bakes: PathBuf) -> Self {
        Self { bakes }
    }

    /// The folder of all bakes.
    pub(super) fn bakes(&self) -> &std::path::Path {
        &self.bakes
    }

    /// One row a bake, newest first. A journal that cannot be read gives no row.
    pub fn list(&self) -> Result<Vec<ShelfRow>, Report> {
        let mut rows = Vec::new();
        for folder in journal::list(&self.bakes)? {
            // Asked before the journal is read: a bake that ends in between is finished, never lost.
            let liveness = if is_held(&folder)? { Liveness::Alive } else { Liveness::Gone };
            let mut view = BakeView::default();
            read_ends(&folder)?.iter().for_each(|event| view.apply(event));
            let row = ShelfRow::of(&view, liveness).map(until_now);
            rows.extend(row.map(|row| ShelfRow { workspace: workspace_of(&folder), ..row }));
        }
        Ok(rows)
    }

    /// The bake whose ID begins with `prefix`.
    pub fn find(&self, prefix: &str) -> Result<String, Report> {
        self.folder(prefix).map(|folder| folder.id().to_owned())
    }

    /// Opens the journal of the bake whose ID begins with `prefix`.
    pub fn open(&self, prefix: &str, pace: Pace) -> Result<Viewing, Report> {
        let folder = self.folder(prefix)?;
        let source = match pace {
            Pace::Now => Source::Now(Reader::open(&folder)?),
            Pace::Live => Source::Live(Box::new(Tail::open(&folder)?)),
            Pace::Replay(speed) => Source::Replay { reader: Reader::open(&folder)?, speed, last: None },
        };
        Ok(Viewing { folder, source })
    }

    /// Opens a recorded journal wherever it lies: a file, a bake's folder, or the ID of a bake on the shelf.
    pub fn open_recorded(&self, named: &str) -> Result<Viewing, Report> {
        let path = std::path::absolute(named).map_err(|error| Report::new(Kind::Usage, &error))?;
        let journal = if path.is_dir() { path.join("journal.jsonl") } else { path };
        if !journal.is_file() {
            let missing = |report: Report| report.help("name a journal.jsonl, its folder, or a bake's ID");
            return self.open(named, Pace::Now).map_err(missing);
        }
        let source = Source::Now(Reader::open_file(&journal)?);
        Ok(Viewing { folder: BakeFolder::around(journal.parent().unwrap_or(&journal)), source })
    }

    /// Asks the bake whose ID begins with `prefix` to stop; gives its ID.
    pub fn cancel(&self, prefix: &str) -> Result<String, Report> {
        let folder = self.folder(prefix)?;
        let id = folder.id().to_owned();
        let over = |why: &str| Report::message(Kind::Failed, format!("bake {id} cannot be cancelled: {why}"));
        if !is_held(&folder)? {
            return Err(over("it is over").help(format!("see how it ended: bakery log {id}")));
        }
        let (me, worker) = (identity(), worker_of(&folder)?.ok_or_else(|| over("its journal has no beginning"))?);
        if worker.host != me.host {
            return Err(over(&format!("it runs on {}", worker.host)).help("cancel it there"));
        }
        folder.write(super::worker::CANCEL_NOTE, me.user.as_bytes())?;
        let still_it = || is_held(&folder).unwrap_or(false) && is_worker_of(worker.pid, &id);
        ask_to_stop(worker.pid, still_it)
            .map_err(|error| Report::new(Kind::Failed, &error).while_doing(format!("bake {id} cannot be cancelled")))?;
        Ok(id)
    }

    fn folder(&self, prefix: &str) -> Result<BakeFolder, Report> {
        let wanted = prefix.to_ascii_uppercase();
        if let Some(folder) = BakeFolder::of(&self.bakes, &wanted).filter(|folder| folder.journal().exists()) {
            return Ok(folder);
        }
        let mut found: Vec<BakeFolder> = journal::list(&self.bakes)?;
        found.retain(|folder| !wanted.is_empty() && folder.id().starts_with(&wanted));
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(Report::message(Kind::Usage, format!("no bake {prefix:?}")).help("list them: bakery bakes")),
            count => {
                let first: Vec<&str> = found.iter().take(3).map(BakeFolder::id).collect();
                Err(Report::message(Kind::Usage, format!("{count} bakes begin with {prefix:?}: {}…", first.join(", ")))
                    .help("give more of the ID"))
            }
        }
    }
}

/// A running bake has taken longer than its newest event says.
fn until_now(mut row: ShelfRow) -> ShelfRow {
    if row.status == ShelfStatus::Running
        && let (Some(from), Some(now)) = (millis_of(&row.started), millis_of(&clock::now_rfc3339()))
    {
        row.millis = row.millis.max(u64::try_from(now - from).unwrap_or(0));
    }
    row
}

/// The workspace a bake was asked for in. Where that is not written down, or is gone, nobody can tell.
pub(super) fn workspace_of(folder: &BakeFolder) -> Option<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Asked {
        workspace: PathBuf,
    }
    let asked: Asked = serde_json::from_slice(&folder.read(REQUEST).ok()??).ok()?;
    Some(followed(&asked.workspace))
}

/// What a bake's first line says.
fn worker_of(folder: &BakeFolder) -> Result<Option<BakeStarted>, Report> {
    let first = Reader::open(folder)?.next_record()?;
    Ok(match first.and_then(Result::ok).and_then(|record| record.event).map(|event| event.kind) {
        Some(EventKind::BakeStarted(started)) => Some(started),
        _ => None,
    })
}

/// One bake's journal being watched.
#[derive(Debug)]
pub struct Viewing {
    folder: BakeFolder,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Now(Reader),
    Live(Box<Tail>),
    Replay { reader: Reader, speed: f64, last: Option<i64> },
}

impl Viewing {
    /// The bake's ULID.
    pub fn bake(&self) -> &str {
        self.folder.id()
    }

    /// The next line; `None` at the end. Nothing is lost when this is dropped while it waits for a live bake.
    pub async fn next(&mut self) -> Result<Option<Result<Record, Damage>>, Report> {
        match &mut self.source {
            Source::Now(reader) => Ok(reader.next_record()?),
            Source::Live(tail) => Ok(tail.next_record().await?),
            Source::Replay { reader, speed, last } => {
                let next = reader.next_record()?;
                let event = next.as_ref().and_then(|next| next.as_ref().ok()?.event.as_ref());
                if let Some(now) = event.and_then(|event| millis_of(&event.at)) {
                    let gap = last.replace(now).map_or(0, |last| u64::try_from(now - last).unwrap_or(0));
                    // A clock that jumped ahead is not waited for longer than an hour.
                    let gap = Duration::from_millis(gap).min(Duration::from_secs(3600));
                    // A timer's shortest wait is a millisecond: thousands of lines of the same moment would take seconds.
                    if !gap.is_zero() {
                        tokio::time::sleep(gap.div_f64(speed.clamp(0.001, 1e9))).await;
                    }
                }
                Ok(next)
            }
        }
    }

    /// Once `next` has given `None` and no `bake.finished` came: whether the worker is gone.
    pub fn is_lost(&self) -> Result<bool, Report> {
        match &self.source {
            Source::Live(tail) => Ok(tail.ending() == Some(Ending::Lost)),
            Source::Now(_) | Source::Replay { .. } => Ok(!is_held(&self.folder)?),
        }
    }

    /// Bytes of a step's output.
    pub fn output(&self, step: &StepId, offset: u64, length: u64) -> Result<Vec<u8>, Report> {
        Ok(read_output(&self.folder, step, offset, length)?)
    }
}
