//! Tasks that are told of while they are under way: begun, ended, given up.

use tokio::sync::mpsc::Sender;

use super::{Performer, Slot};
use crate::tui::msg::Msg;
use crate::tui::tasks::{News, TaskKind};

impl Slot {
    /// Where a task of this kind runs.
    pub(super) fn of(kind: &TaskKind) -> Self {
        match kind {
            TaskKind::Survey(store) => Self::Survey(store.clone()),
            TaskKind::Verify => Self::Verify,
            TaskKind::Open => Self::Open,
            TaskKind::Trust => Self::Trust,
            TaskKind::Export(to) => Self::Export(to.clone()),
            TaskKind::Batch => Self::Batch,
            TaskKind::VerifyAll => Self::VerifyAll,
            TaskKind::Publish => Self::Publish,
            TaskKind::Unused => Self::Unused,
            TaskKind::Lineage => Self::Lineage,
            TaskKind::Assess => Self::AssessAll,
            TaskKind::Asking => Self::Asking,
            TaskKind::Rebase(image) => Self::Rebase(image.clone()),
            TaskKind::Update => Self::Update,
        }
    }
}

impl Performer {
    /// Starts a task people want to know of.
    pub(super) fn task(&mut self, kind: TaskKind, what: String, task: impl Future<Output = ()> + Send + 'static) {
        self.told += 1;
        let (id, tell, slot) = (self.told, self.tell.clone(), Slot::of(&kind));
        self.spawn(slot, async move {
            // Nobody listens any more: the terminal UI is leaving.
            let _ = tell.send(Msg::Task(News::Started { id, kind, what })).await;
            let mut end = End { id, tell: Some(tell) };
            task.await;
            if let Some(tell) = end.tell.take() {
                let _ = tell.send(Msg::Task(News::Ended { id })).await;
            }
        });
    }
}

/// Tells the end of a task that was given up.
struct End {
    id: u64,
    tell: Option<Sender<Msg>>,
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            // Where there is no room, whoever gave it up has been told by its own doing.
            let _ = tell.try_send(Msg::Task(News::Ended { id: self.id }));
        }
    }
}
