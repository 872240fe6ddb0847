//! Reads a journal from its beginning, streaming. Damaged lines are told and passed over; a torn last line is dropped.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::folder::{BakeFolder, open_for_reading};
use crate::domain::journal::{Damage, Event, Record, Scanner};

const CHUNK: usize = 64 * 1024;

/// How much of each end of a large journal is read for a row of the shelf.
const END_BYTES: u64 = 256 * 1024;

/// A journal being read. At its end it may be asked again later.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    scanner: Scanner,
    chunk: Vec<u8>,
}

impl Reader {
    /// Opens a bake's journal.
    pub fn open(folder: &BakeFolder) -> Result<Self, JournalError> {
        Self::open_file(&folder.journal())
    }

    /// Opens a journal by its path.
    pub fn open_file(path: &Path) -> Result<Self, JournalError> {
        let path = path.to_owned();
        let file = open_for_reading(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self { file, path, scanner: Scanner::default(), chunk: vec![0; CHUNK] })
    }

    /// The next whole line; `None` where the file ends for now.
    pub fn next_record(&mut self) -> Result<Option<Result<Record, Damage>>, JournalError> {
        loop {
            if let Some(record) = self.scanner.next_record() {
                return Ok(Some(record));
            }
            let length = self.file.read(&mut self.chunk).map_err(JournalError::io("read", &self.path))?;
            if length == 0 {
                return Ok(None);
            }
            self.scanner.feed(&self.chunk[..length]);
        }
    }
}

/// The events at both ends of a journal, enough to say what was baked and how it ended; all of them where it is short.
pub fn read_ends(folder: &BakeFolder) -> Result<Vec<Event>, JournalError> {
    let path = folder.journal();
    let failed = |error| JournalError::io("read", &path)(error);
    let mut file = open_for_reading(&path).map_err(JournalError::io("open", &path))?;
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    let mut events = Vec::new();
    let mut fold = |mut scanner: Scanner, bytes: &[u8]| {
        scanner.feed(bytes);
        while let Some(record) = scanner.next_record() {
            events.extend(record.ok().and_then(|record| record.event));
        }
    };
    (&mut file).take(END_BYTES * 2).read_to_end(&mut bytes).map_err(failed)?;
    fold(Scanner::default(), &bytes);
    if length > END_BYTES * 2 {
        bytes.clear();
        file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES).max(END_BYTES * 2))).map_err(failed)?;
        file.take(END_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        fold(Scanner::midway(), &bytes);
    }
    Ok(events)
}
