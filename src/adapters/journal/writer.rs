//! The single writer of a bake's journal. What it took is in the file; what must outlast a power cut is synced; after
//! one failure it takes nothing more (H-02, H-03).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::error::JournalError;
use super::folder::{BakeFolder, open_for_appending, sync_folder};
use super::logs::Logs;
use crate::adapters::clock;
use crate::adapters::engine::{Sink, SinkError};
use crate::domain::journal::{Event, EventKind, Order, Scanner, encode};
use crate::domain::plan::StepId;

/// Bytes kept free for the last event, so that a bake on a full disk can say so.
const LAST_EVENT_BYTES: u64 = 16 * 1024;

/// Bytes asked of the file system at once.
const RESERVE_BYTES: u64 = 64 * 1024;

/// Appends events; gives them `seq` and time.
#[derive(Debug)]
pub struct JournalWriter {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    path: PathBuf,
    order: Order,
    logs: Logs,
    /// Bytes of whole lines.
    length: u64,
    /// Bytes the file system has promised to take.
    reserved: u64,
    broken: bool,
}

impl JournalWriter {
    /// Opens the journal, made where absent; cuts off a torn last line. The caller holds the bake's lock.
    pub fn open(folder: &BakeFolder) -> Result<Self, JournalError> {
        let path = folder.journal();
        let mut file = open_for_appending(&path).map_err(JournalError::io("open", &path))?;
        let (order, length) = read_back(&mut file, &path)?;
        file.set_len(length).map_err(JournalError::io("cut", &path))?;
        file.sync_all().map_err(JournalError::io("sync", &path))?;
        sync_folder(folder.path())?;
        let logs = Logs::new(folder.logs());
        Ok(Self { state: Mutex::new(State { file, path, order, logs, length, reserved: 0, broken: false }) })
    }

    /// Whether nothing has been written yet.
    pub fn is_fresh(&self) -> bool {
        self.with(|state| state.order.next_seq() == 1)
    }

    /// Whether `bake.finished` has been written.
    pub fn is_finished(&self) -> bool {
        self.with(|state| state.order.is_finished())
    }

    /// Appends one event.
    pub fn append(&self, kind: EventKind) -> Result<(), JournalError> {
        self.with(|state| state.append(kind))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // A panic elsewhere does not make whole lines wrong.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for JournalWriter {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        self.append(kind).map_err(|error| SinkError(Box::new(error)))
    }

    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = self.with(|state| {
            let offset = state.logs.append(step, bytes)?;
            state.append(EventKind::StepOutput { step: step.clone(), offset, length: bytes.len() as u64 })
        });
        written.map_err(|error| SinkError(Box::new(error)))
    }
}

impl State {
    fn append(&mut self, kind: EventKind) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let event = Event { seq: self.order.next_seq(), at: clock::now_rfc3339(), kind };
        let mut line = encode(&event)?;
        line.push('\n');
        let is_last = matches!(event.kind, EventKind::BakeFinished { .. });
        if !is_last {
            self.reserve(line.len() as u64)?;
        }
        self.order.accept(&event)?;
        // One write a line: readers see whole lines, and a crash tears at most the last.
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.broken = true;
            // A disk that is full gives back what the torn line took; where it does not, readers drop the line.
            let _ = self.file.set_len(self.length);
            return Err(JournalError::io("append to", &self.path)(error));
        }
        self.length += line.len() as u64;
        if let EventKind::StepCached { step, .. }
        | EventKind::StepFinished { step, .. }
        | EventKind::StepFailed { step, .. } = &event.kind
        {
            self.logs.close(step).inspect_err(|_| self.broken = true)?;
        }
        if is_last {
            // What was reserved and not needed goes back; that it does not is no harm.
            let _ = self.file.set_len(self.length);
        }
        if must_last(&event.kind) {
            self.file.sync_data().map_err(|error| {
                self.broken = true;
                JournalError::io("sync", &self.path)(error)
            })?;
        }
        Ok(())
    }
}

impl State {
    /// Makes sure that a line fits, and the last event after it (H-03). File systems that promise nothing are trusted.
    fn reserve(&mut self, line: u64) -> Result<(), JournalError> {
        if self.length + line + LAST_EVENT_BYTES <= self.reserved {
            return Ok(());
        }
        let wanted = line + LAST_EVENT_BYTES + RESERVE_BYTES;
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.length, wanted) {
            Ok(()) => self.reserved = self.length + wanted,
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                return Err(JournalError::io("append to", &self.path)(error));
            }
            Err(_) => self.reserved = u64::MAX,
        }
        Ok(())
    }
}

/// Facts that others act on, and ends.
fn must_last(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::BakeStarted(_)
            | EventKind::StepCached { .. }
            | EventKind::StepFinished { .. }
            | EventKind::StepFailed { .. }
            | EventKind::ImageCommitted { .. }
            | EventKind::ImageSigned { .. }
            | EventKind::ImagePublished { .. }
            | EventKind::BakeFinished { .. }
    )
}

/// Where a journal stands, and how many of its bytes are whole lines.
fn read_back(file: &mut File, path: &std::path::Path) -> Result<(Order, u64), JournalError> {
    file.seek(SeekFrom::Start(0)).map_err(JournalError::io("read", path))?;
    let (mut order, mut scanner) = (Order::default(), Scanner::default());
    let mut chunk = vec![0; 64 * 1024];
    loop {
        while let Some(record) = scanner.next_record() {
            let record = record.map_err(|source| JournalError::Damaged { path: path.to_owned(), source })?;
            if let Some(event) = &record.event {
                order.accept(event)?;
            }
        }
        match file.read(&mut chunk).map_err(JournalError::io("read", path))? {
            0 => return Ok((order, scanner.whole())),
            length => scanner.feed(&chunk[..length]),
        }
    }
}
