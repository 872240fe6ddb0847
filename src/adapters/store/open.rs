//! Opening stores from settings: the one place that knows which implementation serves which place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::layout::Layout;
use super::registry::{Patience, RegistryOptions, RegistryStore};
use super::{Store, StoreError};
use crate::adapters::settings::StorePlace;
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{Registry, Repository};

/// How much of a daemon there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every image with a name.
    All,
    /// Those of repositories somebody has had an image of.
    Known,
}

/// Stores that are open for as long as one thing is done: a registry's connections and what it lets us do are had once, and what
/// the manifests of a layout are about is read once. Clones share them. A new one keeps nothing.
#[derive(Clone, Default)]
pub struct OpenStores(Option<Arc<Mutex<Kept>>>);

#[derive(Default)]
struct Kept {
    /// By host, path and whether plain HTTP is spoken.
    registries: HashMap<(Registry, Option<Repository>, bool), Arc<dyn Store>>,
    layouts: HashMap<PathBuf, Arc<dyn Store>>,
    daemons: HashMap<(EngineAddress, PathBuf), Arc<dyn Store>>,
    /// Those that were made where they were not there yet.
    locals: HashMap<PathBuf, Arc<Layout>>,
}

impl OpenStores {
    /// One that keeps what is opened from now on; what keeps already goes on to.
    #[must_use]
    pub fn keeping(&self) -> Self {
        Self(Some(self.0.clone().unwrap_or_default()))
    }

    /// Opens a store of the workspace, as [`open`].
    pub fn open(&self, place: &StorePlace) -> Result<Arc<dyn Store>, StoreError> {
        match place {
            StorePlace::Registry { host, prefix, plain_http } => self.registry(host, prefix.as_ref(), *plain_http),
            StorePlace::Layout(folder) => self.layout(folder),
            StorePlace::Daemon { at, kept } => self.daemon(at, kept),
        }
    }

    fn daemon(&self, at: &EngineAddress, kept: &Path) -> Result<Arc<dyn Store>, StoreError> {
        let Some(open) = &self.0 else { return open_daemon(at, kept, Reach::All) };
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.daemons.entry((at.clone(), kept.to_owned())) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(open_daemon(at, kept, Reach::All)?))),
        }
    }

    fn layout(&self, folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
        let Some(kept) = &self.0 else { return open_layout(folder) };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.layouts.entry(folder.to_owned()) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(open_layout(folder)?))),
        }
    }

    /// Opens the local store's layout, as [`open_local`].
    pub fn local(&self, folder: &Path) -> Result<Arc<Layout>, StoreError> {
        let Some(kept) = &self.0 else { return open_local(folder) };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.locals.entry(folder.to_owned()) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(open_local(folder)?))),
        }
    }

    /// Opens a registry, as [`open_registry`].
    pub fn registry(
        &self,
        host: &Registry,
        prefix: Option<&Repository>,
        plain_http: bool,
    ) -> Result<Arc<dyn Store>, StoreError> {
        let open = || open_registry(host, prefix, plain_http);
        let Some(kept) = &self.0 else { return open() };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.registries.entry((host.clone(), prefix.cloned(), plain_http)) {
            Entry::Occupied(known) => Ok(Arc::clone(known.get())),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(open()?))),
        }
    }
}

impl fmt::Debug for OpenStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenStores").finish_non_exhaustive()
    }
}

/// Opens a store of the workspace. A registry's repositories are named without its prefix.
pub fn open(place: &StorePlace) -> Result<Arc<dyn Store>, StoreError> {
    match place {
        StorePlace::Registry { host, prefix, plain_http } => open_registry(host, prefix.as_ref(), *plain_http),
        StorePlace::Layout(folder) => open_layout(folder),
        StorePlace::Daemon { at, kept } => open_daemon(at, kept, Reach::All),
    }
}

/// Opens a daemon's images, those of repositories alone that somebody has had an image of.
pub fn open_known(at: &EngineAddress, kept: &Path) -> Result<Arc<dyn Store>, StoreError> {
    open_daemon(at, kept, Reach::Known)
}

#[cfg(feature = "engines")]
fn open_daemon(at: &EngineAddress, kept: &Path, reach: Reach) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(super::daemon::DaemonStore::new(at, kept, reach)?))
}

#[cfg(not(feature = "engines"))]
fn open_daemon(at: &EngineAddress, _kept: &Path, _reach: Reach) -> Result<Arc<dyn Store>, StoreError> {
    let reason = "daemons are not in this build".to_owned();
    Err(StoreError::Refused { store: at.to_string(), action: "to be read".into(), reason })
}

/// Opens a registry; `plain_http` is only needed for hosts other than this machine.
pub fn open_registry(
    host: &Registry,
    prefix: Option<&Repository>,
    plain_http: bool,
) -> Result<Arc<dyn Store>, StoreError> {
    let options = RegistryOptions { prefix: prefix.cloned(), plain_http, ..RegistryOptions::new(host.clone()) };
    Ok(Arc::new(RegistryStore::open(options)?))
}

/// Opens a store that is asked over and over: a registry that does not want to answer is not asked a second time for the same.
pub fn open_politely(place: &StorePlace) -> Result<Arc<dyn Store>, StoreError> {
    let StorePlace::Registry { host, prefix, plain_http } = place else { return open(place) };
    let options =
        RegistryOptions { prefix: prefix.clone(), plain_http: *plain_http, ..RegistryOptions::new(host.clone()) };
    let patience = Patience { attempts: 1, ..options.patience };
    Ok(Arc::new(RegistryStore::open(RegistryOptions { patience, ..options })?))
}

/// Whether a layout has been made there.
pub fn is_layout(folder: &Path) -> bool {
    folder.join("oci-layout").is_file()
}

/// Opens a layout that must be there.
pub fn open_layout(folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Layout::open(folder)?))
}

/// Opens the local store's layout, making it where it is not there yet.
pub fn open_local(folder: &Path) -> Result<Arc<Layout>, StoreError> {
    Ok(Arc::new(Layout::open_or_create(folder)?))
}
