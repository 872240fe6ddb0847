//! What bakery does in the background: told by whoever does it, begun and ended. Knows no task's insides.

mod view;

pub use view::{ROWS, TaskRow, TasksBox};

use time::OffsetDateTime;

use super::widgets::Cursor;

/// What a task is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Reading a store.
    Survey(String),
    /// Verifying a chain.
    Verify,
    /// Opening images to look into or compare.
    Open,
    /// Verifying both of two images.
    Trust,
    /// Writing a file of an image.
    Export(String),
    /// Several bakes.
    Batch,
    /// Several images being verified.
    VerifyAll,
    /// Images being published.
    Publish,
    /// What nothing refers to being counted or freed.
    Unused,
    /// Reading who inherits from whom.
    Lineage,
    /// Looking into what is stale.
    Assess,
    /// Finding out what would come of something.
    Asking,
    /// An image being rebased.
    Rebase(String),
    /// Locks being moved.
    Update,
}

impl TaskKind {
    /// Whether leaving would break off something that should be finished. A batch is handed on, with what has not begun of it.
    pub fn is_owed(&self) -> bool {
        matches!(self, Self::Rebase(_) | Self::Update | Self::Publish | Self::Unused | Self::Export(_))
    }
}

/// What is told of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// One has begun.
    Started {
        /// Its number.
        id: u64,
        /// What it is for.
        kind: TaskKind,
        /// The same, for people.
        what: String,
    },
    /// How far the newest of this kind is.
    Progress {
        /// Which.
        kind: TaskKind,
        /// How far.
        text: String,
    },
    /// One is over, or was given up.
    Ended {
        /// Its number.
        id: u64,
    },
}

/// Something under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    id: u64,
    /// What it is for.
    pub kind: TaskKind,
    /// The same, for people.
    pub what: String,
    /// How far it is.
    pub progress: String,
    /// Since when.
    pub since: OffsetDateTime,
}

/// All that is under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tasks {
    /// In the order they began.
    pub all: Vec<Task>,
    /// What is selected in the list.
    pub cursor: Cursor,
}

impl Tasks {
    /// Takes news in that came at `now`.
    pub fn take(&mut self, news: News, now: OffsetDateTime) {
        match news {
            News::Started { id, kind, what } => {
                // A second one for the same takes the first one's place.
                self.all.retain(|task| task.kind != kind);
                self.all.push(Task { id, kind, what, progress: String::new(), since: now });
            }
            News::Progress { kind, text } => {
                if let Some(task) = self.all.iter_mut().find(|task| task.kind == kind) {
                    task.progress = text;
                }
            }
            News::Ended { id } => self.all.retain(|task| task.id != id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_replaced_another_is_not_ended_by_the_end_of_the_first() {
        let mut tasks = Tasks::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        let started = |id, what: &str| News::Started { id, kind: TaskKind::Verify, what: what.into() };
        tasks.take(started(1, "verifying a"), now);
        tasks.take(started(2, "verifying b"), now);
        tasks.take(News::Ended { id: 1 }, now);
        assert_eq!(tasks.all.iter().map(|task| task.what.as_str()).collect::<Vec<_>>(), ["verifying b"]);
        tasks.take(News::Progress { kind: TaskKind::Verify, text: "2 of 3".into() }, now);
        assert_eq!(tasks.all[0].progress, "2 of 3");
        tasks.take(News::Ended { id: 2 }, now);
        assert!(tasks.all.is_empty());
    }
}
