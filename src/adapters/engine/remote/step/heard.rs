//! A build, watched: what the builder tells becomes the output and the beginning of each step, layers that are there before
//! the others are handed on, and a step that takes too long ends it. Seals nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::group::Group;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::{Events, StepRun, Telling, Turns};
use crate::adapters::engine::remote::{LayerFile, Told};
use crate::adapters::sandbox::{Listener, Stream};

/// How often gathered output is handed on.
const TICK: Duration = Duration::from_millis(50);
/// Most output that waits for the journal; what comes beyond is not kept.
const MOST_WAITING: usize = 64 << 20;

/// What a builder tells, on its way to the steps' logs: whoever builds does not wait for the journal.
pub(super) struct Heard {
    pieces: mpsc::Sender<(usize, Piece)>,
    /// Bytes on their way.
    waiting: Arc<AtomicUsize>,
    group: Arc<Group>,
    /// Layers of the step whose last one has not come yet, and whether all are proven.
    layers: Mutex<(Vec<LayerFile>, bool)>,
}

enum Piece {
    Began,
    Output(Vec<u8>),
    Ended { cached: bool },
    Left(Vec<LayerFile>, bool),
}

impl Heard {
    /// The step of a line, and whether the line is its last.
    fn at(&self, line: usize) -> Option<(usize, bool)> {
        let (member, command) = self.group.at(line)?;
        Some((member, command + 1 == self.group.text.lines[member].len()))
    }
}

impl Told for Heard {
    fn began(&self, line: usize) {
        if let Some((member, _)) = self.at(line) {
            // Nobody listens any more where it cannot be said.
            let _ = self.pieces.send((member, Piece::Began));
        }
    }

    fn ended(&self, line: usize, cached: bool) {
        if let Some((member, true)) = self.at(line) {
            let _ = self.pieces.send((member, Piece::Ended { cached }));
        }
    }

    fn output(&self, line: usize, bytes: &[u8]) {
        if let Some((member, _)) = self.at(line)
            && self.waiting.load(Ordering::Relaxed) < MOST_WAITING
        {
            self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
            let _ = self.pieces.send((member, Piece::Output(bytes.to_vec())));
        }
    }

    fn left(&self, line: usize, layer: LayerFile, proven: bool) {
        let Some((member, is_last)) = self.at(line) else { return };
        let mut before = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let (layers, all) = &mut *before;
        *all = proven && (*all || layers.is_empty());
        layers.push(layer);
        if is_last {
            let _ = self.pieces.send((member, Piece::Left(std::mem::take(layers), *all)));
        }
    }
}

/// Nobody listens.
pub(super) struct Unheard;

impl Told for Unheard {
    fn began(&self, _line: usize) {}
    fn ended(&self, _line: usize, _cached: bool) {}
    fn output(&self, _line: usize, _bytes: &[u8]) {}
}

/// A step's layers that are here though the build goes on.
pub(super) struct Early {
    pub(super) member: usize,
    pub(super) layers: Vec<LayerFile>,
    /// Whether they are known to be what this build made.
    pub(super) proven: bool,
    /// How long the step took.
    pub(super) millis: u64,
}

/// A step as it is followed.
struct Stand {
    telling: Telling,
    begun: Option<Stopwatch>,
    took: Option<u64>,
    /// Its output is told to the end.
    over: bool,
    /// Its layers are handed on: whatever is said of it now comes too late.
    left: bool,
}

/// Follows the steps of a build, on a thread of its own.
pub(super) struct Following {
    events: Events,
    timeout: Option<Duration>,
    turns: Turns,
    group: Arc<Group>,
    stands: Vec<Stand>,
    current: usize,
    pieces: mpsc::Receiver<(usize, Piece)>,
    waiting: Arc<AtomicUsize>,
    /// The step that took too long.
    pub(super) late: Option<usize>,
}

impl Following {
    /// Whoever builds tells the one, and the other hears it.
    pub(super) fn begin(around: &StepRun<'_>, turns: &Turns, group: &Arc<Group>) -> (Heard, Self) {
        let (sender, pieces) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let heard =
            Heard { pieces: sender, waiting: Arc::clone(&waiting), group: Arc::clone(group), layers: Mutex::default() };
        let stands = group.members.iter().enumerate().map(|(at, member)| Stand {
            telling: Telling::new(around.events.clone(), member.step.clone(), &member.asked.secrets),
            // Its beginning was told by whoever asked for it.
            begun: (at == 0).then(Stopwatch::start),
            took: None,
            over: false,
            left: false,
        });
        for member in group.members.iter().skip(1) {
            turns.promise(&member.step);
        }
        let following = Self {
            events: around.events.clone(),
            timeout: around.timeout,
            turns: turns.clone(),
            stands: stands.collect(),
            group: Arc::clone(group),
            current: 0,
            pieces,
            waiting,
            late: None,
        };
        (heard, following)
    }

    /// Tells what comes until nobody tells more, and hands on layers. A journal that takes no more stops the builder, and so
    /// does a step that takes too long, or one nobody waits for any more.
    pub(super) fn follow(&mut self, stop: &CancellationToken, hand_on: &mut dyn FnMut(Early)) {
        loop {
            let told = match self.pieces.recv_timeout(TICK) {
                Ok((member, piece)) => self.hear(member, piece, hand_on) && self.tick(),
                Err(mpsc::RecvTimeoutError::Timeout) => self.tick(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            if !told {
                stop.cancel();
            }
            let now = &self.stands[self.current];
            let over = |limit| now.took.is_none() && now.begun.is_some_and(|begun| begun.elapsed() > limit);
            if self.late.is_none() && self.timeout.is_some_and(over) {
                self.late = Some(self.current);
                stop.cancel();
            }
        }
    }

    fn hear(&mut self, member: usize, piece: Piece, hand_on: &mut dyn FnMut(Early)) -> bool {
        if !self.reach(member) {
            return false;
        }
        let stand = &mut self.stands[member];
        match piece {
            Piece::Began => true,
            Piece::Output(bytes) => {
                self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                stand.over || stand.telling.output(Stream::Out, &bytes)
            }
            Piece::Ended { cached } => {
                stand.took = stand.begun.map(|begun| begun.millis());
                !cached || stand.telling.say("the builder had this already: nothing was run")
            }
            Piece::Left(layers, proven) => {
                let told = stand.end();
                stand.left = true;
                hand_on(Early { member, layers, proven, millis: stand.took.unwrap_or(0) });
                told
            }
        }
    }

    fn tick(&mut self) -> bool {
        self.stands[self.current].telling.tick()
    }

    /// Steps up to this one have begun.
    pub(super) fn reach(&mut self, member: usize) -> bool {
        while self.current < member {
            let before = &mut self.stands[self.current];
            before.took = before.took.or(before.begun.map(|begun| begun.millis()));
            let told = before.telling.flush();
            self.current += 1;
            self.stands[self.current].begun = Some(Stopwatch::start());
            if !told || !self.turns.begin(&self.group.members[self.current].step, &self.events) {
                return false;
            }
        }
        true
    }

    /// The step that is under way, or was when it ended.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Ends the output of every step that has begun; `false` where nobody takes it.
    pub(super) fn end(&mut self) -> bool {
        self.stands.iter_mut().filter(|stand| stand.begun.is_some()).all(Stand::end)
    }

    /// A line of bakery's own in a step's log.
    pub(super) fn say(&mut self, member: usize, line: &str) -> bool {
        let stand = &mut self.stands[member];
        stand.left || stand.telling.say(line)
    }

    /// The last lines of a step's output.
    pub(super) fn last_lines(&self, member: usize, most: usize) -> Vec<String> {
        self.stands[member].telling.last_lines(most)
    }

    /// How long each step took.
    pub(super) fn times(&self) -> Vec<u64> {
        let took = |stand: &Stand| stand.took.or(stand.begun.map(|begun| begun.millis())).unwrap_or(0);
        self.stands.iter().map(took).collect()
    }
}

impl Stand {
    fn end(&mut self) -> bool {
        std::mem::replace(&mut self.over, true) || self.telling.end()
    }
}
