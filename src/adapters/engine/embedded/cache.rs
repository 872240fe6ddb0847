//! The step cache and the memory of recipes: small files below the cache folder, whole or absent. A file that cannot be
//! read is no entry; losing one costs time, never correctness.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::running::{RunError, wait_for};
use super::steps::StepError;
use crate::adapters::file_lock::FileLock;
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::journal::LayerBlob;
use crate::domain::oci::Digest;
use crate::domain::plan::{CacheKey, CacheView, CachedResult, Memory};
use crate::domain::recipe::Installed;

/// Largest entry read.
const MAX_ENTRY: usize = 64 << 10;
/// Largest memory read: it lists every input file.
const MAX_MEMORY: usize = 256 << 20;

/// What a step gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResult {
    /// Under which key.
    pub key: CacheKey,
    /// The layer; `None` where the step changed nothing.
    pub layer: Option<LayerBlob>,
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted.
    pub deleted: u64,
    /// Packages it installed, of those it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Installed>,
}

/// Results of steps, by key: `steps/HEX.json` below the cache folder.
#[derive(Clone, Debug)]
pub struct StepCache {
    folder: PathBuf,
}

impl StepCache {
    /// Below the cache folder; nothing is made until something is stored.
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join("steps") }
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(format!("{}.json", key.0.encoded()))
    }

    /// The result under a key; a hit only when `present` finds its layer.
    pub fn result(&self, key: &CacheKey, present: &dyn Fn(&LayerBlob) -> bool) -> Option<StoredResult> {
        let stored: StoredResult = read_json(&self.path(key), MAX_ENTRY)?;
        (stored.key == *key && stored.layer.as_ref().is_none_or(present)).then_some(stored)
    }

    /// Stores a result; the layer is in the store already.
    pub fn store(&self, result: &StoredResult) -> io::Result<()> {
        write_whole(&self.path(&result.key), &serde_json::to_vec(result)?, Durability::Cache)
    }

    /// The right to make a result; waits while another bake makes it.
    pub(super) fn lock(&self, key: &CacheKey, cancel: &CancellationToken) -> Result<FileLock, StepError> {
        let path = self.folder.with_file_name("locks").join(key.0.encoded());
        wait_for(cancel, || {
            FileLock::try_exclusive(&path).map_err(|source| RunError::Shelf { folder: self.folder.clone(), source })
        })
    }

    /// As a plan looks into it.
    pub fn view<'a>(&'a self, present: &'a dyn Fn(&LayerBlob) -> bool) -> StepCacheView<'a> {
        StepCacheView { cache: self, present }
    }
}

/// The cache together with the store its layers must be in.
pub struct StepCacheView<'a> {
    cache: &'a StepCache,
    present: &'a dyn Fn(&LayerBlob) -> bool,
}

impl CacheView for StepCacheView<'_> {
    fn result(&self, key: &CacheKey) -> Option<CachedResult> {
        let stored = self.cache.result(key, self.present)?;
        Some(CachedResult { diff_id: stored.layer.map(|layer| layer.diff_id) })
    }
}

fn memory_path(cache: &Path, reference: &str, recipe: &Path) -> PathBuf {
    let mut name = reference.as_bytes().to_vec();
    name.push(b'\n');
    name.extend_from_slice(recipe.as_os_str().as_encoded_bytes());
    cache.join("recipes").join(format!("{}.json", Digest::of(&name).encoded()))
}

/// What the last bake of a recipe was made of; `recipe` is its absolute path.
pub fn read_memory(cache: &Path, reference: &str, recipe: &Path) -> Option<Memory> {
    read_json(&memory_path(cache, reference, recipe), MAX_MEMORY)
}

/// Remembers what a bake was made of.
pub fn write_memory(cache: &Path, reference: &str, recipe: &Path, memory: &Memory) -> io::Result<()> {
    write_whole(&memory_path(cache, reference, recipe), &serde_json::to_vec(memory)?, Durability::Cache)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path, limit: usize) -> Option<T> {
    let bytes = read_bounded(path, limit).ok()??;
    if bytes.len() > limit {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::{Descriptor, DiffId};

    #[test]
    fn a_hit_needs_its_layer_and_its_own_key() {
        let folder = tempfile::tempdir().unwrap();
        let cache = StepCache::new(folder.path());
        let key = CacheKey(Digest::of(b"key"));
        let layer = LayerBlob {
            descriptor: Descriptor::of("x", b"layer"),
            diff_id: DiffId(Digest::of(b"tar")),
            uncompressed: 3,
        };
        let result = StoredResult {
            key: key.clone(),
            layer: Some(layer),
            added: 1,
            modified: 2,
            deleted: 3,
            packages: Vec::new(),
        };
        assert_eq!(cache.result(&key, &|_| true), None);
        cache.store(&result).unwrap();
        assert_eq!(cache.result(&key, &|_| true), Some(result));
        assert_eq!(cache.result(&key, &|_| false), None, "its layer was collected");

        let other = CacheKey(Digest::of(b"other"));
        std::fs::copy(cache.path(&key), cache.path(&other)).unwrap();
        assert_eq!(cache.result(&other, &|_| true), None, "an entry under another name");
        for damage in ["", "{", "null", "{\"key\":\"x\"}"] {
            std::fs::write(cache.path(&key), damage).unwrap();
            assert_eq!(cache.result(&key, &|_| true), None, "{damage}");
        }
    }

    #[test]
    fn memories_are_kept_by_reference_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        write_memory(folder.path(), "a/b:1", Path::new("/w/r.yaml"), &memory).unwrap();
        assert_eq!(read_memory(folder.path(), "a/b:1", Path::new("/w/r.yaml")), Some(memory));
        assert_eq!(read_memory(folder.path(), "a/b:2", Path::new("/w/r.yaml")), None);
    }
}
