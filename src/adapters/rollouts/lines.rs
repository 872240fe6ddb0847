//! Reads a roll-out's journal from its beginning, as it grows. Damaged lines are told and passed over; what follows the last
//! newline is no line yet.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::adapters::journal::{BakeFolder, JournalError, open_for_reading};
use crate::domain::journal::{Damage, DamageKind, FormatError, MAX_LINE_BYTES, OrderError};
use crate::domain::rollout::{Event, decode};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// One whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes as they stand in the file, without the newline.
    pub text: String,
    /// What it says; `None` for a kind of a later bakery.
    pub event: Option<Event>,
}

/// A journal being read. At its end it may be asked again later.
#[derive(Debug)]
pub struct Lines {
    file: File,
    path: PathBuf,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file: everything before it was whole lines.
    whole: u64,
    seq: u64,
    /// The last line was damaged: the next may have any later place.
    damaged: bool,
    /// Inside a line that is too long.
    skipping: bool,
}

impl Lines {
    /// Opens a roll-out's journal.
    pub fn open(folder: &BakeFolder) -> Result<Self, JournalError> {
        let path = folder.journal();
        let file = open_for_reading(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self::of(file, path))
    }

    pub(super) fn of(file: File, path: PathBuf) -> Self {
        Self { file, path, buffer: Vec::new(), whole: 0, seq: 0, damaged: false, skipping: false }
    }

    /// How many bytes were whole lines.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    /// The place of the last whole line.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// The next whole line; `None` where the file ends for now.
    pub fn next_line(&mut self) -> Result<Option<Result<Line, Damage>>, JournalError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                let begin = self.whole;
                self.whole += line.len() as u64 + 1;
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                return Ok(Some(self.read(line).map_err(|source| {
                    self.damaged = true;
                    Damage { offset: begin, source }
                })));
            }
            if self.buffer.len() > MAX_LINE_BYTES {
                let begin = self.whole;
                self.whole += self.buffer.len() as u64;
                self.buffer.clear();
                self.damaged = true;
                if !std::mem::replace(&mut self.skipping, true) {
                    return Ok(Some(Err(Damage { offset: begin, source: FormatError::TooLong.into() })));
                }
            }
            let mut chunk = [0; CHUNK];
            match self.file.read(&mut chunk).map_err(JournalError::io("read", &self.path))? {
                0 => return Ok(None),
                length => self.buffer.extend_from_slice(&chunk[..length]),
            }
        }
    }

    fn read(&mut self, line: Vec<u8>) -> Result<Line, DamageKind> {
        let (found, event) = decode(&line)?;
        let expected = self.seq + 1;
        if found < expected || (found > expected && !self.damaged) {
            return Err(OrderError::Seq { expected, found }.into());
        }
        (self.seq, self.damaged) = (found, false);
        let text = String::from_utf8(line).map_err(|_| FormatError::NoChecksum)?;
        Ok(Line { text, event })
    }
}
