//! Which blobs the step cache counts on. Reads only what an entry of the cache says about its layer.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::domain::oci::Digest;

/// Largest cache entry read.
const MAX_ENTRY_BYTES: u64 = 1 << 20;
/// Deepest folder below `steps` looked into.
const MAX_DEPTH: usize = 8;

/// Digests of the layers that the entries below `cache/steps` name. An entry that cannot be read counts for nothing: it
/// only makes a later bake run a step again.
pub fn cached_layers(cache: &Path) -> BTreeSet<Digest> {
    let mut found = BTreeSet::new();
    let mut folders = vec![(steps(cache), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() {
                found.extend(layer_of(&entry.path()));
            }
        }
    }
    found
}

fn layer_of(path: &Path) -> Option<Digest> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_ENTRY_BYTES).read_to_end(&mut bytes).ok()?;
    let entry: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    entry.get("layer")?.get("descriptor")?.get("digest")?.as_str()?.parse().ok()
}

/// Forgets every cached step; gives whether there were any.
pub fn remove_cached_steps(cache: &Path) -> Result<bool, StoreError> {
    match std::fs::remove_dir_all(steps(cache)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("remove", steps(cache))(error)),
    }
}

fn steps(cache: &Path) -> PathBuf {
    cache.join("steps")
}
