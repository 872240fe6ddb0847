//! The scheduler, a state machine: it is asked what comes next, and told how each bake ended.
//!
//! Teams take turns, the oldest bake of a team first; a bake waits for its base; a builder takes as many as it has slots, and
//! only platforms it has. A builder at fault is out for a while; then one bake tries it. Its bake goes elsewhere, once.
//!
//! A bake of several platforms sits on one builder that has them all; only where there is none it sits on several, each platform
//! where it is had, and begins when all of them have room at once. One such bake at a time, the first that was passed over, is
//! kept the room it finds: others cannot keep it waiting for ever.

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
    /// Begin this one there. All by their numbers.
    Begin {
        /// Which work.
        work: usize,
        /// On which builder each of its platforms is baked, in the work's order; one for a work that names none.
        seats: Vec<usize>,
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
    /// Some platform of it no builder has, or none that can do what it asks.
    Nowhere,
    /// No builder answers at all.
    Unanswered,
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
    /// A builder is at fault.
    Lost {
        /// Which.
        builder: usize,
    },
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
    /// It was asked what it can do, and has not answered.
    Asked,
    /// At fault; not before this moment.
    Out(u64),
    /// One bake tries it.
    OnTrial,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// On these, by platform.
    Running(Vec<usize>),
    Good,
    Bad,
}

impl State {
    fn sits_on(&self, builder: usize) -> bool {
        matches!(self, Self::Running(seats) if seats.contains(&builder))
    }
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
    /// Builders that cannot do what it asks for a platform: builder, and which of its platforms.
    barred: BTreeSet<(usize, usize)>,
    /// Since which turn it waits for several builders at once.
    passed: Option<u64>,
    /// No builder says what it can do for it.
    unanswered: bool,
}

impl Item {
    /// Seats it needs: one a platform.
    fn seats(&self) -> usize {
        self.work.platforms.len().max(1)
    }
}

/// Where a work can go at this moment.
enum Room {
    /// There.
    Seats(Vec<usize>),
    /// Nowhere yet. Of the several builders it needs at once these have room: all they have is not enough.
    Some(BTreeSet<usize>),
    /// Nowhere yet.
    None,
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
        let places = builders.into_iter().map(place).collect();
        let mut pool = Self { places, items: Vec::new(), turns: BTreeMap::new(), turn: 0, cancelled: false };
        pool.add(works);
        pool
    }

    /// More bakes, whose numbers go on where those of the others end. With them, too, no bases may go round in a circle.
    pub fn add(&mut self, works: Vec<Work>) {
        let item = |work| Item {
            work,
            state: State::Waiting,
            avoid: None,
            barred: BTreeSet::new(),
            passed: None,
            unanswered: false,
        };
        self.items.extend(works.into_iter().map(item));
    }

    /// A work that somebody else began sits on these builders; `false` where there are none such.
    pub fn take_up(&mut self, work: usize, seats: &[usize]) -> bool {
        let places = seats.iter().collect::<BTreeSet<_>>();
        let known = !seats.is_empty() && places.iter().all(|place| **place < self.places.len());
        let Some(item) = self.items.get_mut(work).filter(|item| known && item.state == State::Waiting) else {
            return false;
        };
        item.state = State::Running(seats.to_vec());
        places.into_iter().for_each(|place| self.places[*place].used += 1);
        true
    }

    /// A work that was to begin and did not waits again.
    pub fn put_back(&mut self, work: usize) {
        if let Some(item) = self.items.get_mut(work)
            && let State::Running(seats) = std::mem::replace(&mut item.state, State::Waiting)
        {
            for place in seats.iter().collect::<BTreeSet<_>>() {
                self.places[*place].used = self.places[*place].used.saturating_sub(1);
            }
        }
    }

    /// The builders a work sits on, by platform.
    pub fn seats(&self, work: usize) -> &[usize] {
        match self.items.get(work).map(|item| &item.state) {
            Some(State::Running(seats)) => seats,
            _ => &[],
        }
    }

    /// Begins nothing more.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// Whether all was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether a work is over, or never begun.
    pub fn is_over(&self, work: usize) -> bool {
        self.items.get(work).is_none_or(|item| matches!(item.state, State::Good | State::Bad))
    }

    /// This work is not begun: no builder answers what it can do for it.
    pub fn abandon(&mut self, work: usize) {
        if let Some(item) = self.items.get_mut(work) {
            item.unanswered = true;
        }
    }

    /// A builder is asked what it can do: until it has answered it is given nothing.
    pub fn await_word(&mut self, builder: usize) {
        if let Some(place) = self.places.get_mut(builder) {
            place.standing = Standing::Asked;
        }
    }

    /// It has answered.
    pub fn has_word(&mut self, builder: usize) {
        if let Some(place) = self.places.get_mut(builder).filter(|place| place.standing == Standing::Asked) {
            place.standing = Standing::In;
        }
    }

    /// This builder cannot do what that work asks for the platform of this number.
    pub fn bar(&mut self, work: usize, builder: usize, platform: usize) {
        if let Some(item) = self.items.get_mut(work) {
            item.barred.insert((builder, platform));
        }
    }

    /// A builder was found at fault while nothing sat on it.
    pub fn fault(&mut self, builder: usize, now: u64) {
        if let Some(place) = self.places.get_mut(builder) {
            place.standing = Standing::Out(now.saturating_add(PAUSE));
        }
    }

    /// How all stand; `now` as for [`Pool::next`].
    pub fn board(&self, now: u64) -> Board {
        let named = |item: &Item| item.work.reference.clone();
        let seats = |(number, place): (usize, &Place)| Seats {
            name: place.builder.name.clone(),
            slots: place.builder.slots.max(1),
            platforms: place.builder.platforms.clone(),
            health: match place.standing {
                Standing::In | Standing::Asked => Health::In,
                Standing::Out(until) => Health::Out { left: until.saturating_sub(now) },
                Standing::OnTrial => Health::OnTrial,
            },
            baking: self.items.iter().filter(|item| item.state.sits_on(number)).map(named).collect(),
        };
        Board {
            builders: self.places.iter().enumerate().map(seats).collect(),
            waiting: self.items.iter().filter(|item| item.state == State::Waiting).map(named).collect(),
        }
    }

    /// What comes next; `now` in milliseconds of any clock that goes forward.
    pub fn next(&mut self, now: u64) -> Next {
        let waiting = |item: &Item| item.state == State::Waiting;
        for work in 0..self.items.len() {
            if waiting(&self.items[work])
                && let Some(why) = self.hindrance(work)
            {
                self.items[work].state = State::Bad;
                return Next::Refuse { work, why };
            }
        }
        for place in &mut self.places {
            if matches!(place.standing, Standing::Out(until) if until <= now) && place.used == 0 {
                place.standing = Standing::OnTrial;
            }
        }
        if let Some(begin) = self.begin() {
            return begin;
        }
        let running = self.items.iter().any(|item| matches!(item.state, State::Running(_)));
        if !running && !self.items.iter().any(waiting) {
            return Next::Over;
        }
        let until = self.places.iter().filter_map(|place| match place.standing {
            Standing::Out(until) if until > now => Some(until),
            _ => None,
        });
        let asked = self.places.iter().any(|place| place.standing == Standing::Asked);
        match (running || asked, until.min()) {
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

    /// The first that can begin. Whoever was passed over goes first; else teams take turns.
    fn begin(&mut self) -> Option<Next> {
        let mut ready: Vec<usize> = (0..self.items.len()).filter(|work| self.is_ready(*work)).collect();
        ready.sort_by_key(|work| {
            let item = &self.items[*work];
            let turn = self.turns.get(&item.work.team).copied().unwrap_or(0);
            (item.passed.unwrap_or(u64::MAX), turn, *work)
        });
        let mut kept: Option<BTreeSet<usize>> = None;
        for work in ready {
            match self.room_for(work, kept.as_ref()) {
                Room::Seats(seats) => {
                    self.turn += 1;
                    self.turns.insert(self.items[work].work.team.clone(), self.turn);
                    for builder in seats.iter().collect::<BTreeSet<_>>() {
                        self.places[*builder].used += 1;
                    }
                    self.items[work].state = State::Running(seats.clone());
                    return Some(Next::Begin { work, seats });
                }
                Room::Some(some) if kept.is_none() => {
                    self.items[work].passed.get_or_insert(self.turn);
                    kept = Some(some);
                }
                Room::Some(_) | Room::None => {}
            }
        }
        None
    }

    /// A bake ended.
    pub fn ended(&mut self, work: usize, outcome: Outcome, now: u64) -> After {
        let Some(State::Running(seats)) = self.items.get(work).map(|item| item.state.clone()) else {
            return After::Over;
        };
        let lost = match outcome {
            Outcome::Lost { builder } => Some(builder),
            Outcome::Good | Outcome::Bad => None,
        };
        for builder in seats.into_iter().collect::<BTreeSet<_>>() {
            let place = &mut self.places[builder];
            place.used -= 1;
            if lost == Some(builder) {
                place.standing = Standing::Out(now.saturating_add(PAUSE));
            } else if lost.is_none() && place.standing == Standing::OnTrial {
                place.standing = Standing::In;
            }
        }
        let again = lost.filter(|_| self.items[work].avoid.is_none() && !self.cancelled);
        self.items[work].avoid = self.items[work].avoid.or(lost);
        if again.is_some() && self.is_had(work) {
            self.items[work].state = State::Waiting;
            return After::Again;
        }
        self.items[work].state = if outcome == Outcome::Good { State::Good } else { State::Bad };
        After::Over
    }

    /// Why this one is never begun.
    fn hindrance(&self, work: usize) -> Option<Why> {
        if self.cancelled {
            return Some(Why::Cancelled);
        }
        let base = self.items[work].work.base.as_ref();
        // Asked for twice, it is the later one that counts.
        let newest = self.items.iter().rev().find(|other| Some(&other.work.reference) == base);
        if let Some(broken) = newest.filter(|newest| newest.state == State::Bad) {
            return Some(Why::Base(broken.work.reference.clone()));
        }
        if self.items[work].unanswered {
            return Some(Why::Unanswered);
        }
        (!self.is_had(work)).then_some(Why::Nowhere)
    }

    /// Whether some builder has each of its platforms.
    fn is_had(&self, work: usize) -> bool {
        (0..self.items[work].seats())
            .all(|platform| (0..self.places.len()).any(|place| self.has(place, work, platform)))
    }

    /// Whether a builder may bake this platform of a work.
    fn has(&self, place: usize, work: usize, platform: usize) -> bool {
        let item = &self.items[work];
        let platforms = self.places[place].builder.platforms.as_ref();
        let wanted = item.work.platforms.get(platform);
        item.avoid != Some(place)
            && !item.barred.contains(&(place, platform))
            && platforms.zip(wanted).is_none_or(|(has, wanted)| has.contains(wanted))
    }

    fn is_ready(&self, work: usize) -> bool {
        let item = &self.items[work];
        let pending = |other: &Item| !matches!(other.state, State::Good | State::Bad);
        let base = item.work.base.as_ref();
        // Two of one name at once: whichever ended last would win.
        let twin = |other: &Item| other.work.reference == item.work.reference && pending(other);
        item.state == State::Waiting
            && !self.items.iter().any(|other| Some(&other.work.reference) == base && pending(other))
            && !self.items[..work].iter().any(twin)
    }

    /// Whether a builder is in, and how many more it takes; one on trial takes one. A slot that is `kept` is none.
    fn room(&self, place: usize, kept: Option<&BTreeSet<usize>>) -> (bool, usize) {
        let is_kept = usize::from(kept.is_some_and(|kept| kept.contains(&place)));
        let Place { builder, used, standing } = &self.places[place];
        let free = match standing {
            Standing::In => builder.slots.max(1).saturating_sub(*used),
            Standing::OnTrial => usize::from(*used == 0),
            Standing::Out(_) | Standing::Asked => 0,
        };
        (*standing == Standing::In, free.saturating_sub(is_kept))
    }

    /// One builder with all its platforms where one is in service; else a builder for each.
    fn room_for(&self, work: usize, kept: Option<&BTreeSet<usize>>) -> Room {
        let all = 0..self.items[work].seats();
        let serves = |place: &usize| !matches!(self.places[*place].standing, Standing::Out(_));
        let whole = |place: &usize| all.clone().all(|platform| self.has(*place, work, platform));
        let mut whole = (0..self.places.len()).filter(serves).filter(whole).peekable();
        if whole.peek().is_some() {
            let best = self.roomiest(whole, kept);
            return best.map_or(Room::None, |builder| Room::Seats(vec![builder; all.len()]));
        }
        let (mut seats, mut some) = (Vec::new(), BTreeSet::new());
        for platform in all.clone() {
            let on: Vec<usize> =
                (0..self.places.len()).filter(serves).filter(|place| self.has(*place, work, platform)).collect();
            if on.is_empty() {
                return Room::None;
            }
            // Where it sits already it takes no more room.
            let sits = on.iter().copied().find(|place| some.contains(place));
            if let Some(builder) = sits.or_else(|| self.roomiest(on.into_iter(), kept)) {
                some.insert(builder);
                seats.push(builder);
            }
        }
        if seats.len() == all.len() { Room::Seats(seats) } else { Room::Some(some) }
    }

    /// The builder with the most room; one on trial only where no other has any.
    fn roomiest(&self, places: impl Iterator<Item = usize>, kept: Option<&BTreeSet<usize>>) -> Option<usize> {
        let free = |place: &usize| self.room(*place, kept).1 > 0;
        places.filter(free).max_by_key(|place| (self.room(*place, kept), std::cmp::Reverse(*place)))
    }
}
