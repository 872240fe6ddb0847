//! The builders bakes go to: how each stands, what it bakes, what waits for one. Of a batch begun from here the board tells; of
//! all else the journals do. Pure; draws nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::OffsetDateTime;

use super::Model;
use crate::domain::oci::Platform;
use crate::domain::pool::{Board, Health, Seats};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::units::count;
use crate::tui::effect::Effect as Outer;
use crate::tui::errands::{self, Tally};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::{Confirm, Toast};

/// A batch begun from here, as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pooled {
    /// The builders, and what waits.
    pub board: Board,
    /// How far it is.
    pub tally: Tally,
    /// Recipes that were handed in and are not among them yet.
    pub queued: usize,
    /// What was wrong with a builder last, by its name.
    pub faults: BTreeMap<String, String>,
    /// The IDs of its bakes.
    pub ours: Arc<BTreeSet<String>>,
}

/// The pool, as far as it is known.
#[derive(Debug, Default)]
pub struct Pool {
    /// The workspace's builders with nothing to do.
    pub builders: Vec<Seats>,
    /// A batch begun from here, and when that was told.
    live: Option<(Box<Pooled>, OffsetDateTime)>,
}

/// How a builder stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It was at fault, and is left alone for so many seconds more; why.
    Out(u64, Option<String>),
    /// It was at fault; one bake tries it, or the next one will.
    OnTrial,
    /// It bakes.
    AtWork,
    /// It could.
    Idle,
}

/// A builder on show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What people call it.
    pub(super) name: String,
    /// Bakes it takes at once; `None`: nobody here knows.
    pub(super) slots: Option<usize>,
    /// Platforms it has natively; `None`: any.
    pub(super) platforms: Option<BTreeSet<Platform>>,
    /// How it stands.
    pub(super) stand: Stand,
    /// Images baked there.
    pub(super) baking: Vec<String>,
}

impl Pool {
    /// A batch begun from here, while it goes on.
    pub fn live(&self) -> Option<&Pooled> {
        self.live.as_ref().map(|(pooled, _)| pooled.as_ref())
    }

    /// Bakes asked for from here that have not begun.
    fn waiting(&self) -> usize {
        self.live().map_or(0, |pooled| pooled.board.waiting.len() + pooled.queued)
    }

    pub(super) fn take(&mut self, pooled: Option<Box<Pooled>>, now: OffsetDateTime) {
        self.live = pooled.map(|pooled| (pooled, now));
    }

    /// Whether a wait goes on that is counted down.
    pub(super) fn counts_down(&self) -> bool {
        let is_out = |seats: &Seats| matches!(seats.health, Health::Out { .. });
        self.live().is_some_and(|pooled| pooled.board.builders.iter().any(is_out))
    }

    /// The question whether all that was begun from here is to stop.
    pub fn stop(&self) -> Vec<Wish> {
        let text = match self.live() {
            Some(pooled) => {
                let (at_work, waiting) = (pooled.board.at_work(), self.waiting());
                let stop = if at_work == 1 { "stops where it is" } else { "stop where they are" };
                let begin = if waiting == 1 { "that waits is not begun" } else { "that wait are not begun" };
                let said = [
                    (at_work > 0).then(|| format!("{at_work} at work {stop}")),
                    (waiting > 0).then(|| format!("{waiting} {begin}")),
                ];
                let said: Vec<String> = said.into_iter().flatten().collect();
                format!("{}. Steps that are done stay in the cache.", said.join("; "))
            }
            None => "None has begun yet.".to_owned(),
        };
        let yes = vec![Wish::Do(Outer::Errand(errands::Effect::StopBatch))];
        vec![Wish::Ask(Confirm::no_or("stop all that is baked from here?", text, "stop them", yes))]
    }
}

/// Milliseconds between two moments.
fn gone_by(since: OffsetDateTime, now: OffsetDateTime) -> u64 {
    u64::try_from((now - since).whole_milliseconds()).unwrap_or(0)
}

impl Model {
    /// The builders in the workspace's order, then other engines something is baked on; empty where there is no pool to see.
    pub(super) fn places(&self, around: &Around) -> Vec<Place> {
        let live = self.pool.live.as_ref();
        let seats = live.map_or(&self.pool.builders, |(pooled, _)| &pooled.board.builders);
        let faults = live.map(|(pooled, _)| &pooled.faults);
        let by = live.map_or(0, |(_, since)| gone_by(*since, around.now));
        let mut places: Vec<Place> = seats.iter().map(|seats| place(seats, by, faults)).collect();
        for row in self.others() {
            let names = if row.builders.is_empty() { vec![row.engine.clone()] } else { row.builders.clone() };
            names.iter().for_each(|name| sit(&mut places, name, &row.reference));
        }
        // One engine is no pool, unless what waits for it is ours.
        if seats.is_empty() && places.len() < 2 { Vec::new() } else { places }
    }

    /// Bakes that run and were not begun by the batch of this terminal UI.
    fn others(&self) -> impl Iterator<Item = &ShelfRow> {
        let ours = self.pool.live().map(|pooled| Arc::clone(&pooled.ours));
        let is_ours = move |row: &&ShelfRow| ours.as_ref().is_some_and(|ours| ours.contains(&row.bake));
        self.asked_for().filter(|row| row.status == ShelfStatus::Running).filter(move |row| !is_ours(row))
    }

    /// The question whether all is to stop; a word where nothing goes on.
    pub(super) fn stop_all(&self) -> Vec<Wish> {
        if self.pool.live.is_some() {
            return self.pool.stop();
        }
        let none = Toast::warning("several bakes begun from here are stopped so; there are none");
        vec![Wish::Tell(none.next("x cancels the selected bake"))]
    }
}

/// An image is baked there, too; whoever is not known takes a place of its own.
fn sit(places: &mut Vec<Place>, name: &str, image: &str) {
    let image = image.to_owned();
    match places.iter_mut().find(|place| place.name == name) {
        Some(place) => {
            // A bake may stand in its journal before the board tells of it; then it is the same one.
            if !place.baking.contains(&image) {
                place.baking.push(image);
            }
            if place.stand == Stand::Idle {
                place.stand = Stand::AtWork;
            }
        }
        None => places.push(Place {
            name: name.to_owned(),
            slots: None,
            platforms: None,
            stand: Stand::AtWork,
            baking: vec![image],
        }),
    }
}

fn place(seats: &Seats, by: u64, faults: Option<&BTreeMap<String, String>>) -> Place {
    let stand = match seats.health {
        Health::Out { left } if left > by => {
            let why = faults.and_then(|faults| faults.get(&seats.name)).cloned();
            Stand::Out((left - by).div_ceil(1000), why)
        }
        // Its time is over; nobody has tried it yet.
        Health::Out { .. } | Health::OnTrial => Stand::OnTrial,
        Health::In if seats.baking.is_empty() => Stand::Idle,
        Health::In => Stand::AtWork,
    };
    Place {
        name: seats.name.clone(),
        slots: Some(seats.slots),
        platforms: seats.platforms.clone(),
        stand,
        baking: seats.baking.clone(),
    }
}

/// How a batch that is told of stands, in the words of a title: `2 of 5 at work`, `6 wait`, `12 of 20 baked`.
pub(super) fn said(places: &[Place], live: Option<&Pooled>) -> Vec<String> {
    let used: usize = places.iter().map(|place| place.baking.len()).sum();
    let slots: Option<usize> = places.iter().map(|place| place.slots).sum();
    let mut said = match slots {
        Some(slots) => vec![format!("{used} of {slots} at work")],
        None => vec![format!("{used} at work")],
    };
    let Some(pooled) = live else { return said };
    let waiting = pooled.board.waiting.len();
    if waiting > 0 {
        said.push(format!("{waiting} {}", if waiting == 1 { "waits" } else { "wait" }));
    }
    if pooled.queued > 0 {
        said.push(format!("{} to join them", count(pooled.queued as u64, "recipe")));
    }
    said.push(format!("{} of {} baked", pooled.tally.baked, pooled.tally.all));
    if !pooled.tally.failed.is_empty() {
        said.push(format!("{} failed", pooled.tally.failed.len()));
    }
    said
}
