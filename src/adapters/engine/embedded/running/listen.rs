//! What is heard while a step runs: its output, gathered into bearable pieces, and the changes it makes.

use std::time::Duration;

use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::events::Events;
use crate::adapters::sandbox::{Listener, Stream};
use crate::adapters::secrets::Secret;
use crate::domain::journal::{EventKind, SeenChange};
use crate::domain::mask::Masker;
use crate::domain::plan::StepId;
use crate::domain::recipe::Installer;

/// Output is handed on at this pace, or when this much has come together.
const PACE: Duration = Duration::from_millis(50);
const PIECE: usize = 32 << 10;
/// Most output of one step that is kept.
const MOST_OUTPUT: u64 = 64 << 20;
/// Most changes of one step that are told singly.
const MOST_CHANGES: usize = 20_000;
/// Most of those beyond that are told all the same, since a check may ask for them.
const MOST_NOTABLE: usize = 500;
/// Last words kept for the failure's message.
const TAIL: usize = 2048;

/// Tells a step's story.
pub(in crate::adapters::engine) struct Telling {
    events: Events,
    step: StepId,
    gathered: Vec<u8>,
    last: Stopwatch,
    written: u64,
    changes: usize,
    notable: usize,
    said_more: bool,
    tail: Vec<u8>,
    /// One a stream: what begins in one does not go on in the other.
    maskers: [Masker; 2],
    installer: Option<Installer>,
}

impl Telling {
    /// For a step that knows `secrets`: none of them gets out.
    pub(in crate::adapters::engine) fn new(events: Events, step: StepId, secrets: &[Secret]) -> Self {
        let values: Vec<&[u8]> = secrets.iter().map(Secret::value).collect();
        Self {
            events,
            step,
            gathered: Vec::new(),
            last: Stopwatch::start(),
            written: 0,
            changes: 0,
            notable: 0,
            said_more: false,
            tail: Vec::new(),
            maskers: [Masker::new(&values), Masker::new(&values)],
            installer: None,
        }
    }

    /// What this installer leaves for itself is in no layer: it is not told either.
    pub(super) fn without_traces_of(&mut self, installer: Installer) {
        self.installer = Some(installer);
    }

    /// Ends the step's output; says how often a secret was in it.
    pub(in crate::adapters::engine) fn end(&mut self) -> bool {
        let mut rest = Vec::new();
        self.maskers.iter_mut().for_each(|masker| masker.finish(&mut rest));
        if !self.take(&rest) || !self.flush() {
            return false;
        }
        match self.maskers.iter().map(Masker::masked).sum::<u64>() {
            0 => true,
            1 => self.say("a secret was in this output, and is masked (K-02)"),
            times => self.say(&format!("secrets were in this output {times} times, and are masked (K-02)")),
        }
    }

    /// A line of bakery's own in the step's log.
    pub(in crate::adapters::engine) fn say(&mut self, line: &str) -> bool {
        self.flush() && self.events.output(&self.step, format!("bakery: {line}\n").into_bytes()).is_ok()
    }

    /// Hands on what has been gathered.
    pub(in crate::adapters::engine) fn flush(&mut self) -> bool {
        self.last = Stopwatch::start();
        let piece = std::mem::take(&mut self.gathered);
        piece.is_empty() || self.events.output(&self.step, piece).is_ok()
    }

    /// Takes output that may be shown.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
        let before = self.written;
        self.written += bytes.len() as u64;
        if before > MOST_OUTPUT {
            return true;
        }
        self.gathered.extend_from_slice(bytes);
        if self.written > MOST_OUTPUT {
            return self.say("more than 64 MiB of output: the rest is not kept");
        }
        self.gathered.len() < PIECE || self.flush()
    }

    /// The last lines of output, for who asks why it failed.
    pub(in crate::adapters::engine) fn last_lines(&self, most: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.tail);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(most)..].iter().map(|line| crate::domain::text::escape(line)).collect()
    }
}

impl Listener for Telling {
    fn output(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        let mut masked = Vec::with_capacity(bytes.len());
        self.maskers[usize::from(stream == Stream::Err)].feed(bytes, &mut masked);
        self.take(&masked)
    }

    fn changed(&mut self, mut changes: Vec<SeenChange>) -> bool {
        if let Some(installer) = self.installer {
            changes.retain(|change| !installer.discards(change.path.as_bytes()));
        }
        let room = MOST_CHANGES.saturating_sub(self.changes);
        let more = changes.len() > room;
        let mut notable = changes.split_off(room.min(changes.len()));
        notable.retain(is_notable);
        notable.truncate(MOST_NOTABLE.saturating_sub(self.notable));
        self.notable += notable.len();
        self.changes += changes.len();
        changes.append(&mut notable);
        let step = self.step.clone();
        let told = changes.is_empty() || self.events.emit(EventKind::LayerChanged { step, changes }).is_ok();
        if !more || self.said_more {
            return told;
        }
        self.said_more = true;
        told && self.say("more than 20,000 changes: the others are not shown until the layer is sealed, which has all")
    }

    fn tick(&mut self) -> bool {
        self.gathered.is_empty() || self.last.elapsed() < PACE || self.flush()
    }
}

/// Whether a check may ask for a change: a secret, bits that lend an owner's rights, a device.
fn is_notable(change: &SeenChange) -> bool {
    !change.secrets.is_empty() || change.mode & 0o6000 != 0 || matches!(change.mode & 0o170_000, 0o020_000 | 0o060_000)
}

/// Most bytes of each stream that are kept.
const MOST_CAPTURED: usize = 1 << 20;

/// Both streams of something short, kept.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
}

impl Listener for Captured {
    fn output(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        let kept = if stream == Stream::Out { &mut self.out } else { &mut self.err };
        let room = MOST_CAPTURED.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
        true
    }

    fn changed(&mut self, _changes: Vec<SeenChange>) -> bool {
        true
    }

    fn tick(&mut self) -> bool {
        true
    }
}
