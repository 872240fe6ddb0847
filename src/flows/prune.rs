//! Looking after the local store: free what nothing refers to, check every digest. Prints nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

pub use crate::adapters::store::layout::{Finding, Freed, FsckFindings, FsckProgress};

use super::Context;
use crate::adapters::sandbox::{Sandbox, ids_of_kind};
use crate::adapters::settings::StorePlace;
use crate::adapters::snapshot::{Closed, Kept, kinds, surplus};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{StoreError, cached_layers, free_exports, remove_cached_steps};
use crate::report::{Kind, Report};

/// What a gc did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// The local store's folder.
    pub store: PathBuf,
    /// Whether this was only a count.
    pub dry_run: bool,
    /// Whether the step cache was forgotten, too.
    pub cache_removed: bool,
    /// Snapshots of layers and folders kept between bakes.
    pub snapshots: Snapshots,
    /// What was kept of daemons' images.
    pub exports: Freed,
    /// The counts.
    #[serde(flatten)]
    pub freed: Freed,
}

/// What became of snapshots and of folders kept between bakes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Snapshots {
    /// How many went.
    pub removed: u64,
    /// About how many bytes they took.
    pub bytes: u64,
    /// About how many bytes stay.
    pub kept_bytes: u64,
    /// Kinds of ids left alone: a bake uses them, or they are another user's.
    pub left: u64,
}

/// How much to free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freeing {
    /// The step cache with all snapshots, too.
    pub all: bool,
    /// Only count.
    pub dry_run: bool,
    /// Most bytes of snapshots and kept folders that stay; the user's setting where absent.
    pub max_size: Option<u64>,
}

/// What a fsck found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The local store's folder.
    pub store: PathBuf,
    /// Whether nothing is broken (any more).
    pub sound: bool,
    /// What was found.
    #[serde(flatten)]
    pub found: FsckFindings,
}

/// Frees what neither an image nor (unless `all`) the step cache needs, and snapshots beyond the bound.
pub async fn gc(context: &Context, freeing: Freeing) -> Result<Pruned, Report> {
    let store = local_layout(context)?;
    let cache = context.paths.cache.clone();
    let Freeing { all, dry_run, max_size } = freeing;
    let bound = if all { Some(0) } else { max_size.or(context.settings.cache.max_size) };
    blocking(move || {
        let keep = if all { BTreeSet::new() } else { cached_layers(&cache) };
        let freed = match open(&store)? {
            Some(layout) => layout.gc(&keep, dry_run)?,
            None => Freed::default(),
        };
        // A store that is in use refuses; then nothing at all is freed.
        let snapshots = free_snapshots(&cache, bound, dry_run);
        let exports = free_exports(&cache, bound, dry_run);
        let cache_removed = all && !dry_run && remove_cached_steps(&cache)?;
        Ok(Pruned { store, dry_run, cache_removed, snapshots, exports, freed })
    })
    .await
}

/// Keeps snapshots and kept folders within the user's bound, where there is one and as far as no bake uses them.
pub(super) async fn keep_within_bound(context: &Context) {
    let Some(bound) = context.settings.cache.max_size else { return };
    let cache = context.paths.cache.clone();
    // What cannot be removed now is removed after another bake, or by `gc`.
    let free = move || {
        free_exports(&cache, Some(bound), false);
        free_snapshots(&cache, Some(bound), false);
    };
    let _ = tokio::task::spawn_blocking(free).await;
}

/// Frees snapshots of every kind of ids this user may remove.
pub(super) fn free_snapshots(cache: &Path, bound: Option<u64>, dry_run: bool) -> Snapshots {
    let mut done = Snapshots::default();
    let mut closed = Vec::new();
    for kind in kinds(cache) {
        match (ids_of_kind(&kind), Closed::look(cache, &kind)) {
            (Some(ids), Ok(Some(found))) => closed.push((ids, found)),
            _ => done.left += 1,
        }
    }
    let all: Vec<Kept> = closed.iter().flat_map(|(_, found)| found.kept().to_vec()).collect();
    let before: u64 = all.iter().map(|one| one.bytes).sum();
    let doomed = surplus(all, bound);
    for (ids, found) in &closed {
        let mine: Vec<&Kept> = doomed.iter().filter(|one| found.kept().contains(one)).collect();
        // Without anything to remove nothing is started.
        let mut sandbox = None;
        for one in mine {
            if !dry_run {
                if sandbox.is_none() {
                    sandbox = Sandbox::start(*ids, &CancellationToken::new()).ok();
                }
                if sandbox.as_mut().is_none_or(|sandbox| sandbox.remove(&one.folder).is_err()) {
                    continue;
                }
            }
            done.removed += 1;
            done.bytes += one.bytes;
        }
    }
    done.kept_bytes = before - done.bytes;
    done
}

/// Reads every blob of the local store; with `repair`, mends what can be mended.
pub async fn fsck(
    context: &Context,
    repair: bool,
    mut progress: impl FnMut(FsckProgress) + Send + 'static,
) -> Result<Checked, Report> {
    let store = local_layout(context)?;
    blocking(move || {
        let found = match open(&store)? {
            Some(layout) => layout.fsck(repair, &mut progress)?,
            None => FsckFindings::default(),
        };
        Ok(Checked { store, sound: found.is_sound(), found })
    })
    .await
}

fn local_layout(context: &Context) -> Result<PathBuf, Report> {
    match context.workspace.stores.get("local").map(|store| &store.place) {
        Some(StorePlace::Layout(path)) => Ok(path.clone()),
        Some(StorePlace::Registry { host, .. }) => {
            Err(Report::message(Kind::Usage, format!("the local store is the registry {host}, not an image layout"))
                .help("registries free and check their content themselves"))
        }
        Some(StorePlace::Daemon { .. }) | None => Err(Report::message(Kind::Usage, "the workspace has no local store")),
    }
}

/// The layout, or nothing where none has been made yet.
fn open(path: &Path) -> Result<Option<Layout>, StoreError> {
    match Layout::open(path) {
        Ok(layout) => Ok(Some(layout)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Report> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Report::from),
        Err(error) => Err(Report::new(Kind::Failed, &error)),
    }
}
