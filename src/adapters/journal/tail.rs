//! Follows a journal while it is written: from its first line to `bake.finished`, or to the worker's end. Never polls.
//!
//! One inotify descriptor watches the journal and the lock. Watches are set before anything is read or asked, and every
//! wake-up reads to the end again, so none is lost. The worker alone opens its lock for writing: the kernel reports its
//! close a moment before it frees the lock, so the rest of that moment is spent waiting for the lock itself.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

use super::error::JournalError;
use super::folder::BakeFolder;
use super::lock::{is_held, wait_until_free};
use super::reader::Reader;
use crate::domain::journal::{Damage, EventKind, Record};

/// How a followed journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With `bake.finished`.
    Finished,
    /// Without: the worker is gone.
    Lost,
}

/// A journal being followed. `next_record` may be dropped at any await without losing anything.
#[derive(Debug)]
pub struct Tail {
    folder: BakeFolder,
    reader: Reader,
    watch: AsyncFd<OwnedFd>,
    lock_watch: Option<i32>,
    asked: bool,
    gone: bool,
    closing: Option<JoinHandle<Result<(), JournalError>>>,
    ending: Option<Ending>,
}

impl Tail {
    /// Begins at the journal's first line.
    pub fn open(folder: &BakeFolder) -> Result<Self, JournalError> {
        let path = folder.journal();
        let failed = |error: Errno| JournalError::Watch { path: folder.journal(), source: error.into() };
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(failed)?;
        inotify::add_watch(&descriptor, &path, WatchFlags::MODIFY | WatchFlags::DONT_FOLLOW).map_err(failed)?;
        let lock_watch = match inotify::add_watch(&descriptor, folder.lock(), WatchFlags::CLOSE_WRITE) {
            Ok(watch) => Some(watch),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(failed(error)),
        };
        #[allow(deprecated, reason = "its successor is an unsafe fn; an OwnedFd keeps the promise asked for there")]
        let watch = AsyncFd::new(descriptor).map_err(|source| JournalError::Watch { path, source })?;
        Ok(Self {
            folder: folder.clone(),
            reader: Reader::open(folder)?,
            watch,
            lock_watch,
            asked: false,
            gone: false,
            closing: None,
            ending: None,
        })
    }

    /// How it ended, once `next_record` has given `None`.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The next line, waiting for it; `None` at the end.
    pub async fn next_record(&mut self) -> Result<Option<Result<Record, Damage>>, JournalError> {
        loop {
            if self.ending.is_some() {
                return Ok(None);
            }
            if let Some(record) = self.reader.next_record()? {
                let event = record.as_ref().ok().and_then(|record| record.event.as_ref());
                if event.is_some_and(|event| matches!(event.kind, EventKind::BakeFinished { .. })) {
                    self.ending = Some(Ending::Finished);
                }
                return Ok(Some(record));
            }
            if self.gone {
                self.ending = Some(Ending::Lost);
            } else {
                self.wait().await?;
            }
        }
    }

    /// Waits until there may be more to read, or the worker is gone.
    async fn wait(&mut self) -> Result<(), JournalError> {
        if !std::mem::replace(&mut self.asked, true) && !is_held(&self.folder)? {
            self.gone = true;
            return Ok(());
        }
        let Some(closing) = &mut self.closing else { return self.wait_for_change().await };
        tokio::select! {
            freed = closing => {
                self.closing = None;
                self.gone = true;
                freed.unwrap_or(Ok(()))
            }
            ready = self.watch.readable() => {
                ready.map_err(|source| watch_failed(&self.folder, source))?.clear_ready();
                self.take_notices()
            }
        }
    }

    async fn wait_for_change(&mut self) -> Result<(), JournalError> {
        let mut ready = self.watch.readable().await.map_err(|source| watch_failed(&self.folder, source))?;
        // Cleared before the notices are taken: one that comes in between makes it ready again.
        ready.clear_ready();
        self.take_notices()
    }

    fn take_notices(&mut self) -> Result<(), JournalError> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut notices = inotify::Reader::new(self.watch.get_ref(), &mut buffer);
        let mut closed = false;
        loop {
            match notices.next() {
                Ok(notice) => {
                    let overflow = notice.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    closed |= overflow || Some(notice.wd()) == self.lock_watch;
                }
                Err(Errno::WOULDBLOCK) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(watch_failed(&self.folder, error.into())),
            }
        }
        if closed && self.closing.is_none() {
            let folder = self.folder.clone();
            self.closing = Some(tokio::task::spawn_blocking(move || wait_until_free(&folder)));
        }
        Ok(())
    }
}

fn watch_failed(folder: &BakeFolder, source: std::io::Error) -> JournalError {
    JournalError::Watch { path: folder.journal(), source }
}
