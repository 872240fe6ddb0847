//! Opening stores from settings: the one place that knows which implementation serves which place.

use std::path::Path;
use std::sync::Arc;

use super::layout::Layout;
use super::registry::{Patience, RegistryOptions, RegistryStore};
use super::{Store, StoreError};
use crate::adapters::settings::StorePlace;
use crate::domain::oci::{Registry, Repository};

/// Opens a store of the workspace. A registry's repositories are named without its prefix.
pub fn open(place: &StorePlace) -> Result<Arc<dyn Store>, StoreError> {
    match place {
        StorePlace::Registry { host, prefix, plain_http } => open_registry(host, prefix.as_ref(), *plain_http),
        StorePlace::Layout(folder) => open_layout(folder),
    }
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
