//! Facts on their way from working threads to the sink. Blocking work never runs on the executor, and the sink is only
//! ever called by the bake itself.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::{EngineError, Sink};
use crate::adapters::index::{FoundSecret, LayerIndex};
use crate::domain::journal::{ChangeOp, EventKind, SeenChange, SeenSecret};
use crate::domain::layer::{Change, Kind, Node, Op};
use crate::domain::plan::StepId;
use crate::domain::text::escape_bytes;

/// `step.progressed` comes no more often than this.
const PACE: Duration = Duration::from_millis(100);
/// Files with something like a secret in them that are told while a layer is sealed, and secrets told of each; the
/// layer's index has more.
const MOST_FOUND: usize = 200;
const FOUND_IN_FILE: usize = 5;

/// Nobody takes facts any more: the sink failed, or the bake is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bake has ended")]
pub(in crate::adapters::engine) struct Stopped;

/// Where a working thread leaves facts.
#[derive(Clone)]
pub(in crate::adapters::engine) struct Events(mpsc::Sender<Fact>);

/// What a working thread has to tell.
enum Fact {
    Event(Box<EventKind>),
    Output(StepId, Vec<u8>),
}

impl Events {
    /// Leaves a fact; waits while the sink is busy.
    pub(in crate::adapters::engine) fn emit(&self, kind: EventKind) -> Result<(), Stopped> {
        self.0.blocking_send(Fact::Event(Box::new(kind))).map_err(|_| Stopped)
    }

    /// Leaves output of a step.
    pub(super) fn output(&self, step: &StepId, bytes: Vec<u8>) -> Result<(), Stopped> {
        self.0.blocking_send(Fact::Output(step.clone(), bytes)).map_err(|_| Stopped)
    }
}

/// Runs `work` on a thread of its own and hands its facts to the sink, in order, until it ends.
pub(super) async fn on_thread<T: Send + 'static>(
    sink: &dyn Sink,
    cancel: &CancellationToken,
    work: impl FnOnce(Events) -> T + Send + 'static,
) -> Result<T, EngineError> {
    let (sender, mut facts) = mpsc::channel(64);
    let task = tokio::task::spawn_blocking(move || work(Events(sender)));
    let mut failed = None;
    while let Some(fact) = facts.recv().await {
        let told = match fact {
            Fact::Event(kind) => sink.emit(*kind),
            Fact::Output(step, bytes) => sink.output(&step, &bytes),
        };
        if let Err(error) = told {
            failed = Some(error);
            cancel.cancel();
            facts.close();
            break;
        }
    }
    drop(facts);
    let done = task.await;
    match (failed, done) {
        (Some(error), _) => Err(error.into()),
        (None, Ok(done)) => Ok(done),
        (None, Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        (None, Err(_)) => Err(EngineError::Cancelled),
    }
}

/// How far a step is, told at a bearable pace.
pub(in crate::adapters::engine) struct Progress {
    events: Events,
    step: StepId,
    done: u64,
    told: u64,
    total: Option<u64>,
    last: Stopwatch,
    found: usize,
}

impl Progress {
    pub(in crate::adapters::engine) fn new(events: Events, step: StepId, total: Option<u64>) -> Self {
        Self { events, step, done: 0, told: 0, total, last: Stopwatch::start(), found: 0 }
    }

    /// Something like a secret is in a file of the layer.
    pub(super) fn found(&mut self, change: Option<SeenChange>, mut secrets: Vec<SeenSecret>) -> Result<(), Stopped> {
        let Some(change) = change.filter(|_| self.found < MOST_FOUND) else { return Ok(()) };
        self.found += 1;
        secrets.truncate(FOUND_IN_FILE);
        let changes = vec![SeenChange { secrets, ..change }];
        self.events.emit(EventKind::LayerChanged { step: self.step.clone(), changes })
    }

    /// Tells what looks like a secret in a layer that was packed before anybody looked into it.
    pub(super) fn found_in(&mut self, index: &LayerIndex) -> Result<(), Stopped> {
        for of_file in index.secrets.found.chunk_by(|a, b| a.path == b.path).take(MOST_FOUND) {
            let path = &of_file[0].path;
            let Some(entry) = index.contents.entries.iter().find(|entry| entry.path == *path) else { continue };
            let change = Change { path: path.clone(), op: Op::Added, node: entry.node.clone(), source: None::<()> };
            let secret = |found: &FoundSecret| SeenSecret {
                rule: found.rule.clone(),
                line: found.line,
                masked: found.masked.clone(),
            };
            self.found(change_seen(&change), of_file.iter().map(secret).collect())?;
        }
        Ok(())
    }

    /// More bytes are done.
    pub(super) fn add(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.reach(self.done + bytes)
    }

    /// So many bytes are done.
    pub(super) fn reach(&mut self, done: u64) -> Result<(), Stopped> {
        self.done = done;
        if self.last.elapsed() < PACE || self.done == self.told {
            return Ok(());
        }
        self.last = Stopwatch::start();
        self.told = self.done;
        self.events.emit(EventKind::StepProgressed { step: self.step.clone(), done: self.done, total: self.total })
    }
}

/// A change as viewers see it; `None` of what only comes along.
pub(super) fn change_seen<S>(change: &Change<S>) -> Option<SeenChange> {
    let op = match change.op {
        Op::Added => ChangeOp::Added,
        Op::Modified => ChangeOp::Modified,
        Op::Deleted => ChangeOp::Deleted,
        Op::Context => return None,
    };
    let mode = if op == ChangeOp::Deleted { 0 } else { mode_seen(&change.node) };
    Some(SeenChange::new(op, format!("/{}", escape_bytes(&change.path)), change.node.size(), mode))
}

/// Permission bits; of all but a regular file with the type's.
fn mode_seen(node: &Node) -> u32 {
    let kind = match node.kind {
        Kind::File { .. } | Kind::Hardlink(_) => 0,
        Kind::Folder => 0o040_000,
        Kind::Symlink(_) => 0o120_000,
        Kind::Char { .. } => 0o020_000,
        Kind::Block { .. } => 0o060_000,
        Kind::Fifo => 0o010_000,
    };
    kind | node.mode & 0o7777
}
