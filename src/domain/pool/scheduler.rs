//! The scheduler, a state machine: it is asked what comes next, and told how each bake ended.
//!
//! Teams take turns, the oldest bake of a team first; a bake waits for its base; a builder takes as many as it has slots, and
//! only platforms it has. A builder at fault is out for a while; then one bake tries it. Its bake goes elsewhere, once.

use std::collections::{BTreeMap, BTreeSet};

use super::board::{Board, Health, Seats};
use crate::domain::oci::Platform;

/// How long a builder that failed is left alone, in milliseconds.
pub const PAUSE: u64 = 30_000;

/// A builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// What it is called.
    pub name: String,
    /// Bakes it takes at once; at least one.
    pub slots: usize,
    /// Platforms it has natively; `None`: any.
    pub platforms: Option<BTreeSet<Platform>>,
}

/// A bake that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The image it makes.
    pub reference: String,
    /// Whose it is.
    pub team: String,
    /// The image it stands on, where that may be another's of these.
    pub base: Option<String>,
    /// Platforms it is for.
    pub platforms: Vec<Platform>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Begin this one there. Both by their numbers.
    Begin {
        /// Which work.
        work: usize,
        /// On which builder.
        builder: usize,
    },
    /// This one is never begun.
    Refuse {
        /// Which work.
        work: usize,
        /// Why.
        why: Why,
    },
    /// Nothing until a bake ends, or that moment has come.
    Wait {
        /// In milliseconds.
        until: Option<u64>,
    },
    /// All is over.
    Over,
}

/// Why a bake is never begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its base was not baked.
    Base(String),
    /// No builder has its platforms.
    Nowhere,
    /// The user stopped all.
    Cancelled,
}

/// How a bake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The image is there.
    Good,
    /// It is not, and would not be anywhere.
    Bad,
    /// The builder is at fault.
    Lost,
}

/// What becomes of a bake that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// That was it.
    Over,
    /// It is begun again on another builder.
    Again,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    In,
    /// At fault; not before this moment.
    Out(u64),
    /// One bake tries it.
    OnTrial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running(usize),
    Good,
    Bad,
}

#[derive(Clone, Debug)]
struct Place {
    builder: Builder,
    used: usize,
    standing: Standing,
}

#[derive(Clone, Debug)]
struct Item {
    work: Work,
    state: State,
    /// Where it failed through no fault of its own.
    avoid: Option<usize>,
}

/// Bakes and builders.
#[derive(Clone, Debug)]
pub struct Pool {
    places: Vec<Place>,
    items: Vec<Item>,
    /// When each team had its last turn.
    turns: BTreeMap<String, u64>,
    turn: u64,
    cancelled: bool,
}

impl Pool {
    /// Nothing begun yet. Circles of bases must have been refused.
    pub fn new(builders: Vec<Builder>, works: Vec<Work>) -> Self {
        let place = |builder| Place { builder, used: 0, standing: Standing::In };
        let item = |work| Item { work, state: State::Waiting, avoid: None };
        Self {
            places: builders.into_iter().map(place).collect(),
            items: works.into_iter().map(item).collect(),
            turns: BTreeMap::new(),
            turn: 0,
            cancelled: false,
        }
    }

    /// Begins nothing more.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// How all stand; `now` as for [`Pool::next`].
    pub fn board(&self, now: u64) -> Board {
        let named = |item: &Item| item.work.reference.clone();
        let seats = |(number, place): (usize, &Place)| Seats {
            name: place.builder.name.clone(),
            slots: place.builder.slots.max(1),
            platforms: place.builder.platforms.clone(),
            health: match place.standing {
                Standing::In => Health::In,
                Standing::Out(until) => Health::Out { left: until.saturating_sub(now) },
                Standing::OnTrial => Health::OnTrial,
            },
            baking: self.items.iter().filter(|item| item.state == State::Running(number)).map(named).collect(),
        };
        Board {
            builders: self.places.iter().enumerate().map(seats).collect(),
            waiting: self.items.iter().filter(|item| item.state == State::Waiting).map(named).collect(),
        }
    }

    /// What comes next; `now` in milliseconds of any clock that goes forward.
    pub fn next(&mut self, now: u64) -> Next {
        let waiting = |item: &Item| item.state == State::Waiting;
        for (work, item) in self.items.iter().enumerate().filter(|(_, item)| waiting(item)) {
            if let Some(why) = self.hindrance(item) {
                self.items[work].state = State::Bad;
                return Next::Refuse { work, why };
            }
        }
        for place in &mut self.places {
            if matches!(place.standing, Standing::Out(until) if until <= now) && place.used == 0 {
                place.standing = Standing::OnTrial;
            }
        }
        let mut ready: Vec<usize> = (0..self.items.len()).filter(|work| self.is_ready(*work)).collect();
        ready.sort_by_key(|work| (self.turns.get(&self.items[*work].work.team).copied().unwrap_or(0), *work));
        for work in ready {
            if let Some(builder) = self.room_for(work) {
                self.turn += 1;
                self.turns.insert(self.items[work].work.team.clone(), self.turn);
                self.items[work].state = State::Running(builder);
                self.places[builder].used += 1;
                return Next::Begin { work, builder };
            }
        }
        let running = self.items.iter().any(|item| matches!(item.state, State::Running(_)));
        if !running && !self.items.iter().any(waiting) {
            return Next::Over;
        }
        let until = self.places.iter().filter_map(|place| match place.standing {
            Standing::Out(until) if until > now => Some(until),
            _ => None,
        });
        match (running, until.min()) {
            // Nothing runs, and nothing will change: only a circle of bases is left.
            (false, None) => match self.items.iter().position(waiting) {
                Some(work) => {
                    self.items[work].state = State::Bad;
                    Next::Refuse { work, why: Why::Nowhere }
                }
                None => Next::Over,
            },
            (_, until) => Next::Wait { until },
        }
    }

    /// A bake ended.
    pub fn ended(&mut self, work: usize, outcome: Outcome, now: u64) -> After {
        let Some(State::Running(builder)) = self.items.get(work).map(|item| item.state) else { return After::Over };
        let place = &mut self.places[builder];
        place.used -= 1;
        if outcome == Outcome::Lost {
            place.standing = Standing::Out(now.saturating_add(PAUSE));
        } else if place.standing == Standing::OnTrial {
            place.standing = Standing::In;
        }
        let elsewhere = (0..self.places.len()).any(|other| other != builder && self.has(other, &self.items[work].work));
        let item = &mut self.items[work];
        if outcome == Outcome::Lost && item.avoid.is_none() && elsewhere && !self.cancelled {
            (item.state, item.avoid) = (State::Waiting, Some(builder));
            return After::Again;
        }
        item.state = if outcome == Outcome::Good { State::Good } else { State::Bad };
        After::Over
    }

    /// Why this one is never begun.
    fn hindrance(&self, item: &Item) -> Option<Why> {
        if self.cancelled {
            return Some(Why::Cancelled);
        }
        let base = item.work.base.as_ref();
        let broken = self.items.iter().find(|other| Some(&other.work.reference) == base && other.state == State::Bad);
        if let Some(broken) = broken {
            return Some(Why::Base(broken.work.reference.clone()));
        }
        let somewhere = (0..self.places.len()).any(|place| self.has(place, &item.work));
        (!somewhere).then_some(Why::Nowhere)
    }

    fn has(&self, place: usize, work: &Work) -> bool {
        let platforms = self.places[place].builder.platforms.as_ref();
        platforms.is_none_or(|has| work.platforms.iter().all(|platform| has.contains(platform)))
    }

    fn is_ready(&self, work: usize) -> bool {
        let item = &self.items[work];
        let pending = |other: &Item| !matches!(other.state, State::Good | State::Bad);
        let base = item.work.base.as_ref();
        item.state == State::Waiting
            && !self.items.iter().any(|other| Some(&other.work.reference) == base && pending(other))
    }

    /// The builder with the most room; one on trial only where no other has any.
    fn room_for(&self, work: usize) -> Option<usize> {
        let item = &self.items[work];
        let room = |number: &usize| {
            let place = &self.places[*number];
            let free = match place.standing {
                Standing::In => place.builder.slots.max(1).saturating_sub(place.used),
                Standing::OnTrial => usize::from(place.used == 0),
                Standing::Out(_) => 0,
            };
            (place.standing == Standing::In, free)
        };
        let fits = |number: &usize| Some(*number) != item.avoid && self.has(*number, &item.work) && room(number).1 > 0;
        (0..self.places.len()).filter(fits).max_by_key(|number| (room(number), std::cmp::Reverse(*number)))
    }
}
