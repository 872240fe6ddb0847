//! The base, made present: its blobs in the target layout, each layer read once, proven and indexed. Every layer is
//! held against the config's diffID before anything is built upon it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use super::events::{Events, Progress, on_thread};
use super::steps::StepError;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::{BakeJob, BaseImage, EngineError, Sink};
use crate::adapters::index::{self, IndexError};
use crate::adapters::store::layout::{BlobWriter, Layout};
use crate::adapters::store::{StoreError, unwrap_io};
use crate::domain::journal::EventKind;
use crate::domain::oci::{Compression, Descriptor, DiffId};
use crate::domain::plan::StepId;

/// Layers fetched at once.
const AT_ONCE: usize = 4;
/// Bytes handed from the network to the disk at once.
const PIECE: usize = 128 << 10;

/// A layer that can be built upon.
#[derive(Clone, Debug)]
pub(in crate::adapters::engine) struct Ground {
    pub(in crate::adapters::engine) blob: Descriptor,
    pub(in crate::adapters::engine) diff_id: DiffId,
}

/// The base's layers, bottom first.
pub(super) fn layers_of(base: &BaseImage) -> Result<Vec<Ground>, EngineError> {
    let (blobs, ids) = (&base.manifest.layers, &base.config.rootfs.diff_ids);
    let refuse = |detail: String| StoreError::Hostile { store: base.store.name(), family: "J-01", detail };
    if blobs.len() != ids.len() {
        let detail = format!("{}: {} layers, and its config lists {}", base.digest, blobs.len(), ids.len());
        return Err(refuse(detail).into());
    }
    if let Some(other) = blobs.iter().find(|blob| Compression::of_media_type(&blob.media_type).is_none()) {
        let detail = format!("{}: {:?} is no layer bakery reads", base.digest, other.media_type);
        return Err(refuse(detail).into());
    }
    let grounds = blobs.iter().zip(ids).map(|(blob, id)| Ground { blob: blob.clone(), diff_id: id.clone() });
    Ok(grounds.collect())
}

/// Fetches and indexes what is missing, telling it as `step`.
pub(super) async fn bring(
    job: &BakeJob,
    base: &BaseImage,
    step: &StepId,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<(), EngineError> {
    let watch = Stopwatch::start();
    sink.emit(EventKind::StepStarted { step: step.clone() })?;
    let brought = match fetch(job, base, step, sink, cancel).await {
        Ok(()) => index_missing(job, base, step, sink, cancel).await,
        Err(error) => Err(error),
    };
    match brought {
        Ok(()) => {
            sink.emit(EventKind::StepFinished { step: step.clone(), millis: watch.millis() })?;
            Ok(())
        }
        Err(StepFault::Engine(error)) => Err(error),
        Err(StepFault::Step(error)) => Err(super::engine::failed(sink, step, "base", error, watch.millis())),
    }
}

/// What ends the bake as it is, and what is told as a failure of the step.
enum StepFault {
    Engine(EngineError),
    Step(StepError),
}

impl From<StepError> for StepFault {
    fn from(error: StepError) -> Self {
        if error.is_cancel() { Self::Engine(EngineError::Cancelled) } else { Self::Step(error) }
    }
}

impl From<StoreError> for StepFault {
    fn from(error: StoreError) -> Self {
        Self::Step(error.into())
    }
}

impl From<EngineError> for StepFault {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

async fn fetch(
    job: &BakeJob,
    base: &BaseImage,
    step: &StepId,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<(), StepFault> {
    let missing = missing_of(&job.target, base);
    if missing.is_empty() {
        return Ok(());
    }
    let total = Some(missing.iter().map(|layer| layer.size).sum());
    let done = Arc::new(AtomicU64::new(0));
    let mut running = stream::iter(missing)
        .map(|layer| fetch_one(&job.target, base, layer, Arc::clone(&done)))
        .buffer_unordered(AT_ONCE);
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let mut told = 0;
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(EngineError::Cancelled.into()),
            fetched = running.next() => match fetched {
                Some(fetched) => fetched?,
                None => return Ok(()),
            },
            _ = pace.tick() => {
                let done = done.load(Ordering::Relaxed);
                if done > told {
                    told = done;
                    sink.emit(EventKind::StepProgressed { step: step.clone(), done, total }).map_err(EngineError::from)?;
                }
            }
        }
    }
}

/// The layers of a base that a layout lacks, each once.
fn missing_of(target: &Layout, base: &BaseImage) -> Vec<Descriptor> {
    let mut missing: Vec<Descriptor> = Vec::new();
    for layer in &base.manifest.layers {
        if !target.has(layer) && !missing.iter().any(|other| other.digest == layer.digest) {
            missing.push(layer.clone());
        }
    }
    missing
}

/// Fetches what a layout lacks of a base's layers, telling nobody.
pub(super) async fn fetch_missing(target: &Layout, base: &BaseImage) -> Result<(), StoreError> {
    let fetching = missing_of(target, base).into_iter().map(|layer| fetch_one(target, base, layer, Arc::default()));
    stream::iter(fetching).buffer_unordered(AT_ONCE).try_collect().await
}

async fn fetch_one(
    target: &Layout,
    base: &BaseImage,
    layer: Descriptor,
    done: Arc<AtomicU64>,
) -> Result<(), StoreError> {
    let target = target.clone();
    if let Some(from) = base.layout.clone() {
        let size = layer.size;
        blocking(move || target.link_blob(&from, &layer)).await?;
        done.fetch_add(size, Ordering::Relaxed);
        return Ok(());
    }
    let mut source = base.store.open_blob(&base.repository, &layer).await?;
    let (pieces, taken) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let algorithm = layer.digest.algorithm();
    let writing = blocking(move || write_pieces(target.begin_blob_as(algorithm)?, taken));
    let reading = async {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let count = (&mut source).take(PIECE as u64).read_to_end(&mut piece).await.map_err(unwrap_io)?;
            if count == 0 {
                drop(pieces);
                return Ok::<(), StoreError>(());
            }
            done.fetch_add(count as u64, Ordering::Relaxed);
            if pieces.send(piece).await.is_err() {
                // The writer has failed, and says why.
                return Ok(());
            }
        }
    };
    let (read, written) = tokio::join!(reading, writing);
    let () = read?;
    let writer = written?;
    blocking(move || writer.commit_expected(&layer)).await.map(drop)
}

fn write_pieces(
    mut writer: BlobWriter,
    mut pieces: tokio::sync::mpsc::Receiver<Vec<u8>>,
) -> Result<BlobWriter, StoreError> {
    use std::io::Write as _;
    while let Some(piece) = pieces.blocking_recv() {
        writer.write_all(&piece).map_err(StoreError::io("write", "blob"))?;
    }
    Ok(writer)
}

/// Runs what waits for the disk away from the executor.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Io { action: "write", path: "blob".into(), source: error.into() }),
    }
}

async fn index_missing(
    job: &BakeJob,
    base: &BaseImage,
    step: &StepId,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<(), StepFault> {
    let cache = job.cache.clone();
    let missing: Vec<Ground> = layers_of(base)?
        .into_iter()
        .filter(|layer| !index::is_there(&index::path_of(&cache, &layer.blob, &layer.diff_id)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let scanning = Scanning {
        target: Layout::clone(&job.target),
        cache,
        threads: job.packing.threads,
        step: step.clone(),
        cancel: cancel.clone(),
    };
    Ok(on_thread(sink, cancel, move |events| scanning.all(&missing, events)).await??)
}

struct Scanning {
    target: Layout,
    cache: PathBuf,
    threads: usize,
    step: StepId,
    cancel: CancellationToken,
}

impl Scanning {
    /// Indexes layers, several at once.
    fn all(&self, layers: &[Ground], events: Events) -> Result<(), StepError> {
        let total = layers.iter().map(|layer| layer.blob.size).sum();
        let progress = Mutex::new(Progress::new(events, self.step.clone(), Some(total)));
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), StepError> {
            while let Some(layer) = layers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut before = 0;
                let mut read = |done: u64| {
                    if let Ok(mut progress) = progress.lock() {
                        // A sink that has failed ends the bake by itself.
                        let _ = progress.add(done - before);
                    }
                    before = done;
                };
                let file = self.target.open_blob_file(&layer.blob)?;
                let path = index::path_of(&self.cache, &layer.blob, &layer.diff_id);
                index::scan_to(&path, file, (&layer.blob, &layer.diff_id), &self.cancel, &mut read)?;
            }
            Ok(())
        };
        let threads = self.threads.clamp(1, 8).min(layers.len());
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let first = work();
            let rest = others.into_iter().map(|thread| thread.join().unwrap_or(Err(StepError::Cancelled)));
            rest.fold(first, |all, one| all.and(one))
        })
    }
}

/// The index of a layer that is in the layout: remembered, else read from the blob.
pub(in crate::adapters::engine) fn index_of(
    target: &Layout,
    cache: &Path,
    layer: &Ground,
    cancel: &CancellationToken,
) -> Result<index::LayerIndex, StepError> {
    let path = index::path_of(cache, &layer.blob, &layer.diff_id);
    if let Some(index) = index::read(&path) {
        return Ok(index);
    }
    if cancel.is_cancelled() {
        return Err(IndexError::Cancelled.into());
    }
    let file = target.open_blob_file(&layer.blob)?;
    let found = index::scan(file, &layer.blob, &layer.diff_id, cancel, &mut |_| ())?;
    index::write(&path, &found);
    Ok(found)
}
