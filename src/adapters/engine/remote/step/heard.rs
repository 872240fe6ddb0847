//! A build, watched: what the builder tells becomes the output and the beginning of each step, and a step that takes too
//! long ends it. Seals nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::group::Group;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::{StepRun, Telling};
use crate::adapters::engine::remote::Told;
use crate::adapters::sandbox::{Listener, Stream};
use crate::domain::journal::EventKind;

/// How often gathered output is handed on.
const TICK: Duration = Duration::from_millis(50);
/// Most output that waits for the journal; what comes beyond is not kept.
const MOST_WAITING: usize = 64 << 20;

/// What a builder tells, on its way to the steps' logs: whoever builds does not wait for the journal.
pub(super) struct Heard<'a> {
    pieces: mpsc::Sender<(usize, Piece)>,
    /// Bytes on their way.
    waiting: Arc<AtomicUsize>,
    group: &'a Group,
}

enum Piece {
    Began,
    Output(Vec<u8>),
    Ended { cached: bool },
}

impl Told for Heard<'_> {
    fn began(&self, line: usize) {
        if let Some((member, _)) = self.group.at(line) {
            // Nobody listens any more where it cannot be said.
            let _ = self.pieces.send((member, Piece::Began));
        }
    }

    fn ended(&self, line: usize, cached: bool) {
        if let Some((member, command)) = self.group.at(line)
            && command + 1 == self.group.text.lines[member].len()
        {
            let _ = self.pieces.send((member, Piece::Ended { cached }));
        }
    }

    fn output(&self, line: usize, bytes: &[u8]) {
        if let Some((member, _)) = self.group.at(line)
            && self.waiting.load(Ordering::Relaxed) < MOST_WAITING
        {
            self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
            let _ = self.pieces.send((member, Piece::Output(bytes.to_vec())));
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

/// A step as it is followed.
struct Stand {
    telling: Telling,
    begun: Option<Stopwatch>,
    took: Option<u64>,
}

/// Follows the steps of a build.
pub(super) struct Following<'a> {
    around: &'a StepRun<'a>,
    group: &'a Group,
    stands: Vec<Stand>,
    current: usize,
    pieces: mpsc::Receiver<(usize, Piece)>,
    waiting: Arc<AtomicUsize>,
    /// The step that took too long.
    pub(super) late: Option<usize>,
}

impl<'a> Following<'a> {
    /// Whoever builds tells the one, and the other hears it.
    pub(super) fn begin(around: &'a StepRun<'a>, group: &'a Group) -> (Heard<'a>, Self) {
        let (sender, pieces) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let heard = Heard { pieces: sender, waiting: Arc::clone(&waiting), group };
        let stands = group.members.iter().enumerate().map(|(at, member)| Stand {
            telling: Telling::new(around.events.clone(), member.step.clone(), &member.asked.secrets),
            // Its beginning was told by whoever asked for it.
            begun: (at == 0).then(Stopwatch::start),
            took: None,
        });
        let stands = stands.collect();
        (heard, Self { around, group, stands, current: 0, pieces, waiting, late: None })
    }

    /// Tells what comes until nobody tells more. A journal that takes no more stops the builder, and so does a step that
    /// takes too long.
    pub(super) fn follow(&mut self, stop: &CancellationToken) {
        loop {
            let told = match self.pieces.recv_timeout(TICK) {
                Ok((member, piece)) => self.hear(member, piece) && self.tick(),
                Err(mpsc::RecvTimeoutError::Timeout) => self.tick(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            if !told {
                stop.cancel();
            }
            let now = &self.stands[self.current];
            let over = |limit| now.took.is_none() && now.begun.is_some_and(|begun| begun.elapsed() > limit);
            if self.late.is_none() && self.around.timeout.is_some_and(over) {
                self.late = Some(self.current);
                stop.cancel();
            }
        }
    }

    fn hear(&mut self, member: usize, piece: Piece) -> bool {
        if !self.reach(member) {
            return false;
        }
        let stand = &mut self.stands[member];
        match piece {
            Piece::Began => true,
            Piece::Output(bytes) => {
                self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                stand.telling.output(Stream::Out, &bytes)
            }
            Piece::Ended { cached } => {
                stand.took = stand.begun.map(|begun| begun.millis());
                !cached || stand.telling.say("the builder had this already: nothing was run")
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
            let step = self.group.members[self.current].step.clone();
            self.stands[self.current].begun = Some(Stopwatch::start());
            if !told || self.around.events.emit(EventKind::StepStarted { step }).is_err() {
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
        self.stands.iter_mut().filter(|stand| stand.begun.is_some()).all(|stand| stand.telling.end())
    }

    /// A line of bakery's own in a step's log.
    pub(super) fn say(&mut self, member: usize, line: &str) -> bool {
        self.stands[member].telling.say(line)
    }

    /// The last lines of a step's output.
    pub(super) fn last_lines(&self, member: usize, most: usize) -> Vec<String> {
        self.stands[member].telling.last_lines(most)
    }

    /// How long a step took, and since when it has been under way.
    pub(super) fn time(&self, member: usize) -> (u64, Option<Stopwatch>) {
        let stand = &self.stands[member];
        let took = stand.took.or(stand.begun.map(|begun| begun.millis()));
        (took.unwrap_or(0), stand.begun)
    }
}
