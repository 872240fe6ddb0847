//! How far a roll-out is, folded from its events. Knows no clock: whether somebody is at work on it is told from outside.

use super::event::{Event, EventKind, Planned, Started};
use super::{Item, ItemState, Named, Owed, Progress, RolloutStatus, Way};
use crate::domain::projection::millis_of;
use crate::domain::text::escape;

/// Everything a journal has told so far.
#[derive(Clone, Debug, Default)]
pub struct State {
    started: Option<(Started, i64)>,
    planned: Vec<Planned>,
    items: Vec<Item>,
    /// By image: where else it is by now.
    published: Vec<Vec<String>>,
    worker: Option<(u32, String)>,
    cancelled: bool,
    worst: u8,
    ended: Option<RolloutStatus>,
}

impl State {
    /// Takes the next event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Started(started) => {
                self.worker = Some((started.pid, started.host.clone()));
                self.started = Some((started.clone(), seconds(&event.at)));
            }
            EventKind::Planned { items } => {
                self.items = items.iter().map(item_of).collect();
                self.published = vec![Vec::new(); items.len()];
                self.planned.clone_from(items);
            }
            EventKind::Resumed { pid, host, .. } => {
                self.worker = Some((*pid, host.clone()));
                (self.cancelled, self.worst, self.ended) = (false, 0, None);
                // What was tried in vain, or not at all, is tried again.
                for (item, planned) in self.items.iter_mut().zip(&self.planned) {
                    if planned.left.is_none() && !matches!(item.state, ItemState::Done { .. }) {
                        item.state = ItemState::Waiting;
                    }
                }
            }
            EventKind::CancelRequested { .. } => self.cancelled = true,
            EventKind::Finished { status, .. } => self.ended = Some(*status),
            EventKind::Published { item, reference } => {
                if let Some(number) = self.number(item)
                    && !self.published[number].contains(reference)
                {
                    self.published[number].push(reference.clone());
                }
            }
            EventKind::Doing { item, .. }
            | EventKind::Done { item, .. }
            | EventKind::Failed { item, .. }
            | EventKind::Skipped { item, .. } => {
                if let Some(number) = self.number(item) {
                    self.of_item(number, event);
                }
            }
        }
    }

    fn of_item(&mut self, number: usize, event: &Event) {
        let published = &self.published[number];
        let item = &mut self.items[number];
        match &event.kind {
            EventKind::Doing { doing, way, bake, .. } => {
                item.way = way.unwrap_or(item.way);
                let (since, before) = match &item.state {
                    ItemState::Running { since, bake, .. } => (*since, bake.clone()),
                    _ => (seconds(&event.at), None),
                };
                let bake = bake.clone().or(before);
                item.state = ItemState::Running { since, doing: escape(doing), bake };
            }
            EventKind::Done { digest, millis, .. } => {
                let published = published.iter().map(|place| escape(place)).collect();
                item.state = ItemState::Done { digest: digest.clone(), millis: *millis, published };
            }
            EventKind::Failed { why, exit_code, .. } => {
                self.worst = self.worst.max(*exit_code);
                item.state = ItemState::Failed { why: why.iter().map(|line| escape(line)).collect() };
            }
            EventKind::Skipped { why, .. } => item.state = ItemState::Skipped { why: escape(why) },
            _ => {}
        }
    }

    fn number(&self, reference: &str) -> Option<usize> {
        self.planned.iter().position(|planned| planned.reference == reference)
    }

    /// How far it is; `None` before its first line. `alive`: whether somebody is at work on it.
    pub fn progress(&self, alive: bool) -> Option<Progress> {
        let (started, began) = self.started.as_ref()?;
        let lost = if alive { RolloutStatus::Running } else { RolloutStatus::Lost };
        Some(Progress {
            id: started.rollout.clone(),
            base: escape(&started.base),
            onto: started.onto.clone(),
            began: *began,
            status: self.ended.unwrap_or(lost),
            budget: started.budget,
            parallel: started.parallel,
            items: self.items.clone(),
        })
    }

    /// How it began.
    pub fn started(&self) -> Option<&Started> {
        self.started.as_ref().map(|(started, _)| started)
    }

    /// The process at work on it, and where.
    pub fn worker(&self) -> Option<&(u32, String)> {
        self.worker.as_ref()
    }

    /// What is to be done, in order.
    pub fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// Every place something was to be handed on to: what it had then, of which image it is; `None` where it has it.
    pub fn handing_on(&self) -> impl Iterator<Item = (&String, Option<Owed>)> {
        let items = self.planned.iter().zip(&self.published).filter(|(planned, _)| planned.left.is_none());
        items.flat_map(|(planned, published)| {
            planned.places.iter().map(move |place| {
                let owed = || Owed { reference: planned.reference.clone(), found: planned.found_at(place).clone() };
                (place, (!published.contains(place)).then(owed))
            })
        })
    }

    /// Every other name that was to be moved with its first one: what that pointed to, and was moved to; `None` where it was moved.
    pub fn naming(&self) -> impl Iterator<Item = (&String, Option<Named>)> {
        let items = self.planned.iter().zip(&self.items).filter(|(planned, _)| planned.left.is_none());
        items.map(|(planned, item)| {
            let is_done = matches!(item.state, ItemState::Done { .. });
            let first = planned.after.as_ref().filter(|_| planned.is_alias && !is_done);
            let named = first.map(|first| {
                let became = match self.number(first).map(|number| &self.items[number].state) {
                    Some(ItemState::Done { digest, .. }) => Some(digest.clone()),
                    _ => None,
                };
                Named { first: first.clone(), found: planned.before.clone(), became }
            });
            (&planned.reference, named)
        })
    }

    /// How each image stands, in the same order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether somebody wants it to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// How it ended.
    pub fn ended(&self) -> Option<RolloutStatus> {
        self.ended
    }

    /// The worst exit code of what failed; 0 where nothing did.
    pub fn worst(&self) -> u8 {
        self.worst
    }
}

fn item_of(planned: &Planned) -> Item {
    let state = match &planned.left {
        Some(left) => ItemState::Skipped { why: escape(&left.why) },
        None => ItemState::Waiting,
    };
    Item {
        reference: escape(&planned.reference),
        base: escape(&planned.base),
        depth: planned.depth,
        after: planned.waits(),
        way: Way::Open,
        state,
    }
}

fn seconds(at: &str) -> i64 {
    millis_of(at).map_or(0, |millis| millis / 1000)
}
