//! Notices that bakes begin, move, end or go: by the kernel's word, never by polling. Reads no journal.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

use super::error::JournalError;
use super::folder::BakeFolder;

/// A watch on a folder of bakes and on those of its bakes that are not over.
#[derive(Debug)]
pub struct ShelfWatch {
    bakes: PathBuf,
    watch: AsyncFd<OwnedFd>,
}

impl ShelfWatch {
    /// Begins; the folder is made where it is not there yet.
    pub fn begin(bakes: &Path) -> Result<Self, JournalError> {
        let failed = |source: std::io::Error| JournalError::Watch { path: bakes.to_owned(), source };
        std::fs::create_dir_all(bakes).map_err(failed)?;
        let refused = |error: Errno| failed(error.into());
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(refused)?;
        let wanted = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_TO | WatchFlags::MOVED_FROM;
        inotify::add_watch(&descriptor, bakes, wanted).map_err(refused)?;
        #[allow(deprecated, reason = "its successor is an unsafe fn; an OwnedFd keeps the promise asked for there")]
        let watch = AsyncFd::new(descriptor).map_err(failed)?;
        Ok(Self { bakes: bakes.to_owned(), watch })
    }

    /// Watches one bake too: its journal growing, its worker letting go. A second time changes nothing.
    pub fn add(&self, folder: &BakeFolder) -> Result<(), JournalError> {
        // A worker that dies lets go of its files: the kernel says so as it closes them.
        let wanted = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE;
        match inotify::add_watch(self.watch.get_ref(), folder.path(), wanted) {
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(JournalError::Watch { path: folder.path().to_owned(), source: error.into() }),
        }
    }

    /// Waits until something changed. May be dropped at any await.
    pub async fn changed(&mut self) -> Result<(), JournalError> {
        let failed = |source: std::io::Error| JournalError::Watch { path: self.bakes.clone(), source };
        // Cleared before the notices are taken: one that comes in between makes it ready again.
        self.watch.readable().await.map_err(failed)?.clear_ready();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut notices = inotify::Reader::new(self.watch.get_ref(), &mut buffer);
        loop {
            match notices.next() {
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(error) => return Err(failed(error.into())),
            }
        }
    }
}
