//! Layers as snapshots: each extracted once for the chain it stands on, proven while it is, shared by all bakes.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::runner::{Runner, shelf_error};
use super::step::RunError;
use crate::adapters::engine::embedded::base::{Ground, index_of};
use crate::adapters::engine::embedded::events::Progress;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::file_lock::FileLock;
use crate::adapters::index::{Digested, IndexError, decode};
use crate::adapters::sandbox::UnpackRequest;
use crate::adapters::store::layout::Layout;
use crate::domain::oci::{ChainId, Compression};

/// How often a lock that another bake holds is asked for.
pub(super) const AGAIN: Duration = Duration::from_millis(20);

impl Runner {
    /// Whether something of a stack has to be extracted yet.
    pub(super) fn lacks(&self, layers: &[Ground]) -> bool {
        let mut chain: Option<ChainId> = None;
        layers.iter().any(|layer| {
            let this = ChainId::extend(chain.as_ref(), &layer.diff_id);
            let found = self.shelf.find(&this);
            chain = Some(this);
            found.is_none()
        })
    }

    /// The snapshots of a stack, the topmost first; what is missing is extracted, which `progress` hears of.
    pub(super) fn lowers(
        &mut self,
        layers: &[Ground],
        around: (&Layout, &CancellationToken),
        mut progress: Option<&mut Progress>,
    ) -> Result<Vec<PathBuf>, StepError> {
        let mut lowers: Vec<PathBuf> = Vec::with_capacity(layers.len());
        let mut chain: Option<ChainId> = None;
        for layer in layers {
            let this = ChainId::extend(chain.as_ref(), &layer.diff_id);
            let found = match self.shelf.find(&this) {
                Some(found) => found,
                None => self.extract((&this, layer), &lowers, around, progress.as_deref_mut())?,
            };
            lowers.insert(0, found);
            chain = Some(this);
        }
        Ok(lowers)
    }

    fn extract(
        &mut self,
        (chain, layer): (&ChainId, &Ground),
        lowers: &[PathBuf],
        (target, cancel): (&Layout, &CancellationToken),
        progress: Option<&mut Progress>,
    ) -> Result<PathBuf, StepError> {
        let failed = || shelf_error(&self.cache);
        let _alone = wait_for(cancel, || self.shelf.try_lock(chain).map_err(failed()))?;
        if let Some(found) = self.shelf.find(chain) {
            return Ok(found);
        }
        if let Some(stale) = self.shelf.stale(chain) {
            self.sandbox.remove(&stale).map_err(RunError::from)?;
        }
        let marks = index_of(target, &self.cache, layer, cancel)?.contents;
        let blob = || layer.blob.digest.to_string();
        let file = target.open_blob_file(&layer.blob)?;
        let compression = Compression::of_media_type(&layer.blob.media_type);
        let plain = decode(file, compression).map_err(|source| IndexError::Decode { blob: blob(), source })?;
        let (plain, seen) = Digested::new(plain, layer.diff_id.0.digester());
        let scratch = self.shelf.scratch().map_err(shelf_error(&self.cache))?;
        let request = UnpackRequest {
            lowers: lowers.to_vec(),
            into: scratch.upper(),
            work: scratch.work(),
            whiteouts: marks.whiteouts.iter().map(|path| path.to_vec()).collect(),
            opaques: marks.opaques.iter().map(|path| path.to_vec()).collect(),
        };
        self.sandbox.unpack(request, Heard { from: plain, progress }).map_err(RunError::from)?;
        let bytes = seen.bytes();
        let found = seen.digest().map(|digest| digest.to_string()).unwrap_or_default();
        if found != layer.diff_id.to_string() {
            return Err(IndexError::DiffId { blob: blob(), found, expected: layer.diff_id.clone() }.into());
        }
        Ok(self.shelf.keep(chain, &scratch, bytes).map_err(shelf_error(&self.cache))?)
    }
}

/// A reader whose progress is told.
struct Heard<'a, R> {
    from: R,
    progress: Option<&'a mut Progress>,
}

impl<R: Read> Read for Heard<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        if let Some(progress) = &mut self.progress {
            // A sink that has failed ends the bake by itself.
            let _ = progress.add(count as u64);
        }
        Ok(count)
    }
}

/// A lock, once nobody else holds it.
pub(in crate::adapters::engine) fn wait_for(
    cancel: &CancellationToken,
    mut ask: impl FnMut() -> Result<Option<FileLock>, RunError>,
) -> Result<FileLock, StepError> {
    loop {
        if cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        if let Some(lock) = ask()? {
            return Ok(lock);
        }
        std::thread::sleep(AGAIN);
    }
}
