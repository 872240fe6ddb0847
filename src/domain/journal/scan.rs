//! From bytes to records: cuts a journal into lines, whatever pieces it arrives in. Holds at most one line; a damaged
//! line is reported and the next newline is the way back; bytes after the last newline are no line yet.

use super::event::Event;
use super::format::{self, Decoded, FormatError, MAX_LINE_BYTES};
use super::order::OrderError;

/// One whole line of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its bytes as they stand in the file, without the newline.
    pub line: String,
    /// What it says; `None` for a kind of a later bakery.
    pub event: Option<Event>,
}

/// A place where a journal is not what was written (H-08, H-10).
#[derive(Debug, thiserror::Error)]
#[error("journal is damaged at byte {offset}")]
pub struct Damage {
    /// Where the line begins.
    pub offset: u64,
    /// Why.
    pub source: DamageKind,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum DamageKind {
    /// It is no event.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It stands in the wrong place.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// Cuts bytes into records.
#[derive(Debug, Default)]
pub struct Scanner {
    buffer: Vec<u8>,
    /// Bytes of the buffer already given out.
    taken: usize,
    /// Bytes of the buffer known to hold no newline beyond `taken`.
    searched: usize,
    /// Where the line under way begins in the file.
    offset: u64,
    /// Inside a line that is too long: everything up to the next newline goes.
    skipping: bool,
    /// Last `seq` seen.
    seq: u64,
    /// The last line was damaged: the next may have any later `seq`.
    damaged: bool,
    /// A good line behind a gap that had to be reported first.
    behind_gap: Option<Record>,
}

impl Scanner {
    /// A scanner that begins inside a journal: up to the first newline is no line, and any `seq` may come first.
    pub fn midway() -> Self {
        Self { skipping: true, damaged: true, ..Self::default() }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Where the line under way begins: everything before it was whole lines.
    pub fn whole(&self) -> u64 {
        self.offset
    }

    /// The next whole line, if there is one.
    pub fn next_record(&mut self) -> Option<Result<Record, Damage>> {
        if let Some(record) = self.behind_gap.take() {
            return Some(Ok(record));
        }
        loop {
            let Some(found) = self.buffer[self.searched..].iter().position(|b| *b == b'\n') else {
                self.searched = self.buffer.len();
                return self.overflow();
            };
            let end = self.searched + found;
            let line = self.buffer[self.taken..end].to_vec();
            let begin = self.offset;
            self.offset += (end + 1 - self.taken) as u64;
            self.taken = end + 1;
            self.searched = end + 1;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            return Some(self.read(line).map_err(|source| {
                self.damaged = !matches!(source, DamageKind::Order(_));
                Damage { offset: begin, source }
            }));
        }
    }

    /// Drops a line under way that is longer than any line may be; reports it once.
    fn overflow(&mut self) -> Option<Result<Record, Damage>> {
        if self.buffer.len() - self.taken <= MAX_LINE_BYTES && !self.skipping {
            return None;
        }
        let begin = self.offset;
        self.offset += (self.buffer.len() - self.taken) as u64;
        self.buffer.clear();
        self.taken = 0;
        self.searched = 0;
        if std::mem::replace(&mut self.skipping, true) {
            return None;
        }
        self.damaged = true;
        Some(Err(Damage { offset: begin, source: FormatError::TooLong.into() }))
    }

    fn read(&mut self, line: Vec<u8>) -> Result<Record, DamageKind> {
        let decoded = format::decode(&line)?;
        let (found, expected) = (decoded.seq(), self.seq + 1);
        if found < expected {
            return Err(OrderError::Seq { expected, found }.into());
        }
        let event = match decoded {
            Decoded::Event(event) => Some(*event),
            Decoded::Unknown { .. } => None,
        };
        let line = String::from_utf8(line).map_err(|_| FormatError::NoChecksum)?;
        let record = Record { line, event };
        self.seq = found;
        if found > expected && !std::mem::take(&mut self.damaged) {
            self.behind_gap = Some(record);
            return Err(OrderError::Seq { expected, found }.into());
        }
        self.damaged = false;
        Ok(record)
    }
}
