//! Looking after the local store: free what nothing refers to, check every digest. Prints nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use crate::adapters::store::layout::{Finding, Freed, FsckFindings, FsckProgress};

use super::Context;
use crate::adapters::settings::StorePlace;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{StoreError, cached_layers, remove_cached_steps};
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
    /// The counts.
    #[serde(flatten)]
    pub freed: Freed,
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

/// Frees what neither an image nor (unless `all`) the step cache needs.
pub async fn gc(context: &Context, all: bool, dry_run: bool) -> Result<Pruned, Report> {
    let store = local_layout(context)?;
    let cache = context.paths.cache.clone();
    blocking(move || {
        let keep = if all { BTreeSet::new() } else { cached_layers(&cache) };
        let freed = match open(&store)? {
            Some(layout) => layout.gc(&keep, dry_run)?,
            None => Freed::default(),
        };
        let cache_removed = all && !dry_run && remove_cached_steps(&cache)?;
        Ok(Pruned { store, dry_run, cache_removed, freed })
    })
    .await
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
        None => Err(Report::message(Kind::Usage, "the workspace has no local store")),
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
