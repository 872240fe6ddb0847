//! Manifests and configs read before, by digest, so that a pinned base is not asked for again. Verified when read.

use std::path::{Path, PathBuf};

use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::{Digest, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES};

/// Small documents below the cache folder.
#[derive(Clone, Debug)]
pub struct Documents {
    folder: PathBuf,
}

impl Documents {
    /// Below the cache folder; nothing is made until something is kept.
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join("documents") }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}-{}", digest.algorithm().as_str(), digest.encoded()))
    }

    /// The document of a digest, if it is there and undamaged.
    pub fn read(&self, digest: &Digest) -> Option<Vec<u8>> {
        let limit = usize::try_from(MAX_CONFIG_BYTES.max(MAX_MANIFEST_BYTES)).unwrap_or(usize::MAX - 1);
        let bytes = read_bounded(&self.path(digest), limit).ok()??;
        let mut digester = digest.digester();
        digester.update(&bytes);
        (digester.finish() == *digest).then_some(bytes)
    }

    /// Keeps a verified document; one that cannot be written is only read again later.
    pub fn keep(&self, digest: &Digest, bytes: &[u8]) {
        let _ = write_whole(&self.path(digest), bytes, Durability::Cache);
    }
}
