//! What changes on the shelf: bakes that come and go, journals that grow, workers that end. Never polls, reads no journal.
//!
//! One inotify descriptor watches the folder of all bakes, and the folder of each bake that is asked for. A worker's end
//! is told once its lock is free: the kernel reports the close of the lock a moment before that.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

use super::error::JournalError;
use super::folder::BakeFolder;
use super::lock::wait_until_free;

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A bake came, its journal grew, or its worker ended.
    Changed(String),
    /// A bake is gone.
    Removed(String),
    /// More happened than the kernel could tell: everything is to be looked at again.
    Everything,
}

/// The shelf being watched.
#[derive(Debug)]
pub struct ShelfWatch {
    bakes: PathBuf,
    watch: AsyncFd<OwnedFd>,
    /// Bakes by the number of the watch on their folder.
    watched: HashMap<i32, BakeFolder>,
    /// Workers whose locks are about to be free.
    closing: JoinSet<String>,
}

impl ShelfWatch {
    /// Watches the bakes below `bakes`, made where absent.
    pub fn open(bakes: &Path) -> Result<Self, JournalError> {
        DirBuilder::new().recursive(true).mode(0o700).create(bakes).map_err(JournalError::io("create", bakes))?;
        let failed = |error: Errno| JournalError::Watch { path: bakes.to_owned(), source: error.into() };
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(failed)?;
        let flags = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        inotify::add_watch(&descriptor, bakes, flags | WatchFlags::ONLYDIR).map_err(failed)?;
        #[allow(deprecated, reason = "its successor is an unsafe fn; an OwnedFd keeps the promise asked for there")]
        let watch =
            AsyncFd::new(descriptor).map_err(|source| JournalError::Watch { path: bakes.to_owned(), source })?;
        Ok(Self { bakes: bakes.to_owned(), watch, watched: HashMap::new(), closing: JoinSet::new() })
    }

    /// Tells of this bake's journal and worker from now on. What is read after this misses nothing.
    pub fn add(&mut self, id: &str) -> Result<(), JournalError> {
        let Some(folder) = BakeFolder::of(&self.bakes, id) else { return Ok(()) };
        let flags = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::ONLYDIR;
        match inotify::add_watch(self.watch.get_ref(), folder.path(), flags) {
            Ok(number) => {
                self.watched.insert(number, folder);
                Ok(())
            }
            // Gone again: its removal is told as well.
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(JournalError::Watch { path: folder.path().to_owned(), source: error.into() }),
        }
    }

    /// Tells no more of this bake's journal.
    pub fn remove(&mut self, id: &str) {
        let number = self.watched.iter().find(|(_, folder)| folder.id() == id).map(|(number, _)| *number);
        if let Some(number) = number {
            self.watched.remove(&number);
            // The folder may be gone, and its watch with it.
            let _ = inotify::remove_watch(self.watch.get_ref(), number);
        }
    }

    /// Waits for what happens next. Nothing is lost when this is dropped while it waits.
    pub async fn changed(&mut self) -> Result<Vec<Notice>, JournalError> {
        loop {
            tokio::select! {
                Some(ended) = self.closing.join_next() => {
                    if let Ok(id) = ended {
                        return Ok(vec![Notice::Changed(id)]);
                    }
                }
                ready = self.watch.readable() => {
                    let failed = |source| JournalError::Watch { path: self.bakes.clone(), source };
                    // Cleared before the notices are taken: one that comes in between makes it ready again.
                    ready.map_err(failed)?.clear_ready();
                    let notices = self.take()?;
                    if !notices.is_empty() {
                        return Ok(notices);
                    }
                }
            }
        }
    }

    fn take(&mut self) -> Result<Vec<Notice>, JournalError> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(self.watch.get_ref(), &mut buffer);
        let (mut notices, mut closed) = (Vec::new(), Vec::new());
        let mut tell = |notice: Notice| {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        };
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::WOULDBLOCK) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(JournalError::Watch { path: self.bakes.clone(), source: error.into() }),
            };
            let flags = event.events();
            let name = event.file_name().and_then(|name| name.to_str().ok());
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                tell(Notice::Everything);
            } else if flags.contains(ReadFlags::IGNORED) {
                self.watched.remove(&event.wd());
            } else if let Some(folder) = self.watched.get(&event.wd()) {
                match name {
                    Some("journal.jsonl") => tell(Notice::Changed(folder.id().to_owned())),
                    Some("lock") if flags.contains(ReadFlags::CLOSE_WRITE) => closed.push(folder.clone()),
                    _ => {}
                }
            } else if let Some(folder) = name.and_then(|name| BakeFolder::of(&self.bakes, name)) {
                let id = folder.id().to_owned();
                let is_gone = flags.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM);
                tell(if is_gone { Notice::Removed(id) } else { Notice::Changed(id) });
            }
        }
        for folder in closed {
            self.closing.spawn_blocking(move || {
                // Where the lock cannot be waited for, looking at the bake will tell why.
                let _ = wait_until_free(&folder);
                folder.id().to_owned()
            });
        }
        Ok(notices)
    }
}
