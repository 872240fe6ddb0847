//! The sandbox of one platform's steps: begun when the first of them needs it, gone with the bake.

use std::io;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::ground::AGAIN;
use super::step::RunError;
use crate::adapters::host::IdMode;
use crate::adapters::sandbox::{Sandbox, SandboxError, folder_name};
use crate::adapters::snapshot::{Shelf, step_cache};
use crate::domain::oci::Digest;
use crate::domain::recipe::ImagePath;

/// A sandbox with its shelf.
pub(in crate::adapters::engine) struct Runner {
    pub(super) sandbox: Sandbox,
    pub(super) shelf: Shelf,
    pub(super) cache: PathBuf,
    pub(super) ids: IdMode,
}

impl Runner {
    /// Starts the sandbox and clears away what bakes that are no more have left.
    pub(in crate::adapters::engine) fn start(
        cache: &Path,
        ids: IdMode,
        cancel: &CancellationToken,
    ) -> Result<Self, RunError> {
        let shelf = open_shelf(cache, ids, cancel)?;
        let mut sandbox = Sandbox::start(ids, cancel)?;
        for (leftover, _held) in shelf.leftovers() {
            // Whoever comes next tries again.
            let _ = sandbox.remove(&leftover);
        }
        Ok(Self { sandbox, shelf, cache: cache.to_owned(), ids })
    }

    /// The one there is; begun where there is none.
    pub(in crate::adapters::engine) fn begun<'r>(
        runner: &'r mut Option<Self>,
        (cache, ids): (&Path, IdMode),
        cancel: &CancellationToken,
    ) -> Result<&'r mut Self, RunError> {
        match runner.take() {
            Some(begun) => Ok(runner.insert(begun)),
            None => Ok(runner.insert(Self::start(cache, ids, cancel)?)),
        }
    }

    /// The folder that keeps `place` of the image between bakes of `owner`; made where it is not there.
    pub(super) fn step_cache(&self, owner: &str, place: &ImagePath) -> Result<(String, PathBuf), RunError> {
        let parts: Vec<&str> = place.parts().collect();
        let place = parts.join("/");
        let name = Digest::of(format!("{owner}\n{place}").as_bytes());
        // Files of one kind of ids mean nothing to another.
        let folder = step_cache(&self.cache, &folder_name(self.ids), name.encoded());
        Ok((place, folder.map_err(shelf_error(&self.cache))?))
    }
}

/// The shelf, once nobody removes anything from it any more.
fn open_shelf(cache: &Path, ids: IdMode, cancel: &CancellationToken) -> Result<Shelf, RunError> {
    loop {
        match Shelf::open(cache, &folder_name(ids)) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            opened => return opened.map_err(shelf_error(cache)),
        }
        if cancel.is_cancelled() {
            return Err(SandboxError::Cancelled.into());
        }
        std::thread::sleep(AGAIN);
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if self.sandbox.remove(self.shelf.session()).is_ok() {
            return;
        }
        // A keeper that was cancelled or killed removes nothing; where there is no other one, the next bake does it.
        if let Ok(fresh) = Sandbox::start(self.ids, &CancellationToken::new()) {
            self.sandbox = fresh;
            let _ = self.sandbox.remove(self.shelf.session());
        }
    }
}

pub(super) fn shelf_error(folder: &Path) -> impl FnOnce(io::Error) -> RunError {
    let folder = folder.to_owned();
    move |source| RunError::Shelf { folder, source }
}
