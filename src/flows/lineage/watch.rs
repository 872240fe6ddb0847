//! A lineage that is looked at over and over: each look asks only whether what was answered before still holds (HEAD and GET,
//! conditional where the registry can), one look at a time, and a store that does not answer is left alone for a while.

use std::sync::Arc;
use std::time::Duration;

use super::Lineage;
use super::shelf::Shelves;
use crate::adapters::clock::{Stopwatch, now_rfc3339};
use crate::domain::lineage::{jittered, news};
use crate::flows::Context;

/// Shortest time between two looks.
const SHORTEST: Duration = Duration::from_secs(1);

/// A lineage being watched.
pub struct LineageWatch {
    context: Context,
    every: Duration,
    /// Kept open, so that connections and what was answered last are.
    shelves: Option<Shelves>,
    last: Option<Arc<Lineage>>,
    /// When the next look is due.
    due: Option<(Stopwatch, Duration)>,
    looked: String,
}

impl Context {
    /// Watches all stores of the workspace, about once in `every`. Nothing is asked before [`LineageWatch::next`].
    pub fn watch_lineage(&self, every: Duration) -> LineageWatch {
        let every = every.max(SHORTEST);
        LineageWatch { context: self.clone(), every, shelves: None, last: None, due: None, looked: String::new() }
    }
}

impl LineageWatch {
    /// When it last looked (RFC 3339); empty before the first look.
    pub fn looked_at(&self) -> &str {
        &self.looked
    }

    /// What the last look found; nothing before the first.
    pub fn last(&self) -> Option<&Arc<Lineage>> {
        self.last.as_ref()
    }

    /// The first look at once; after that, each time something has changed. May be dropped at any await: the next call goes on.
    pub async fn next(&mut self) -> Arc<Lineage> {
        loop {
            if let Some(lineage) = self.look().await {
                return lineage;
            }
        }
    }

    /// One look, once it is due; `None` where nothing has changed. May be dropped at any await.
    pub async fn look(&mut self) -> Option<Arc<Lineage>> {
        if let Some((since, pause)) = self.due
            && let Some(left) = pause.checked_sub(since.elapsed())
        {
            tokio::time::sleep(left).await;
        }
        // A store that is made meanwhile is looked at from then on.
        let opened = self.context.shelves(Some(self.every));
        let is_more = self.shelves.as_ref().is_none_or(|known| known.shelves.len() < opened.shelves.len());
        let shelves = match &mut self.shelves {
            Some(known) if !is_more => &*known,
            known => known.insert(opened),
        };
        let lineage = Arc::new(self.context.look(shelves).await);
        self.looked = now_rfc3339();
        let chance = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
        self.due = Some((Stopwatch::start(), jittered(self.every, chance)));
        if self.last.as_ref().is_some_and(|last| !is_other(last, &lineage)) {
            return None;
        }
        self.last = Some(Arc::clone(&lineage));
        Some(lineage)
    }
}

fn is_other(before: &Lineage, after: &Lineage) -> bool {
    let unread = |lineage: &Lineage| lineage.unread.iter().map(|(what, _)| what.clone()).collect::<Vec<_>>();
    !news(&before.graph, &after.graph).is_empty() || unread(before) != unread(after)
}
