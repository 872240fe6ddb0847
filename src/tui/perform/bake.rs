//! The Bake screen's effects: a journal from its first line, what a layer changes, a wish to stop.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::{Performer, Slot};
use crate::domain::journal::{Damage, EventKind, Record};
use crate::domain::projection::ShelfStatus;
use crate::flows::watch::{Pace, Shelf, Viewing};
use crate::report::Report;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::bake::{Effect, Msg, Told};

/// Lines told at once, at most.
const BATCH: usize = 500;
/// How long a batch waits for more.
const GATHERING: Duration = Duration::from_millis(15);
/// Bytes of one piece of output that are shown; the log's file has all of it.
const SHOWN_OUTPUT: u64 = 64 << 10;
/// Bytes of output told at once, at most (one piece more, at the very most).
const BATCH_OUTPUT: usize = 1 << 20;
/// Messages of a journal on their way at most: a flood of output waits in its file, not in memory.
const WAITING: usize = 8;

impl Performer {
    pub(super) fn bake(&mut self, effect: Effect) {
        let (tell, shelf, speed) = (self.tell.clone(), Shelf::from_environment(), self.speed);
        match effect {
            Effect::Watch { bake, replay } => self.spawn(Slot::Viewing, async move {
                let pace = if replay { Pace::Replay(speed) } else { Pace::Live };
                let end = match shelf.open(&bake, pace) {
                    Ok(mut viewing) => watch(&mut viewing, (&bake, replay), &tell).await,
                    Err(report) => Err(report),
                };
                let msg = match end {
                    Ok(lost) => Msg::Ended { bake, lost },
                    Err(report) => Msg::Unreadable { bake, report },
                };
                send(&tell, msg).await;
            }),
            Effect::Changes { bake, step, stack } => {
                let context = std::sync::Arc::clone(&self.context);
                self.spawn(Slot::Changes, async move {
                    let read = context.layer_changes(&bake, *stack).await.map(Box::new);
                    send(&tell, Msg::Changes { bake, step, read }).await;
                });
            }
            Effect::Newest => {
                let home = self.context.home();
                self.blocking(Slot::Newest, move || {
                    // A shelf that cannot be read has its own screen to say so.
                    let mut rows = shelf.list().unwrap_or_default();
                    rows.retain(|row| row.is_of(&home));
                    let running = rows.iter().find(|row| row.status == ShelfStatus::Running);
                    Outer::Bake(Msg::Newest(running.or(rows.first()).map(|row| row.bake.clone())))
                });
            }
            Effect::Cancel(bake) => {
                self.blocking(Slot::Cancel(bake.clone()), move || Outer::Bake(Msg::Cancelled(shelf.cancel(&bake))));
            }
        }
    }
}

async fn send(tell: &Sender<Outer>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Outer::Bake(msg)).await;
}

/// Tells a journal to its end, in batches; gives whether the bake was lost.
async fn watch(viewing: &mut Viewing, (bake, replay): (&str, bool), tell: &Sender<Outer>) -> Result<bool, Report> {
    let mut finished = false;
    loop {
        let Some(first) = viewing.next().await? else { break };
        let mut records = Vec::new();
        let (mut over, mut bytes) = (false, 0);
        let mut next = Some(first);
        while let Some(record) = next.take() {
            records.extend(told(viewing, record)?);
            // A replay waits within a line: it cannot be left waiting without losing that line.
            bytes += records.last().map_or(0, |told: &Told| told.output.len());
            if replay || records.len() >= BATCH || bytes >= BATCH_OUTPUT {
                break;
            }
            match timeout(GATHERING, viewing.next()).await {
                Ok(Ok(Some(record))) => next = Some(record),
                Ok(Ok(None)) => over = true,
                Ok(Err(report)) => return Err(report),
                Err(_) => {}
            }
        }
        finished |= records.iter().any(|told| matches!(told.event.kind, EventKind::BakeFinished { .. }));
        // Room for all but a few: as long as the screen has not caught up, the journal is not read on.
        drop(tell.reserve_many(tell.max_capacity().saturating_sub(WAITING)).await);
        send(tell, Msg::Records { bake: bake.to_owned(), records }).await;
        if over {
            break;
        }
    }
    Ok(!finished && viewing.is_lost()?)
}

/// A record with the output it points at; damaged and unknown lines are passed over.
pub(in crate::tui) fn told(viewing: &Viewing, record: Result<Record, Damage>) -> Result<Option<Told>, Report> {
    let Some(event) = record.ok().and_then(|record| record.event) else { return Ok(None) };
    let output = match &event.kind {
        EventKind::StepOutput { step, offset, length } => viewing.output(step, *offset, (*length).min(SHOWN_OUTPUT))?,
        _ => Vec::new(),
    };
    Ok(Some(Told { event, output }))
}
