//! Documents kept by digest: manifests and configs of pinned bases, so that a locked recipe asks no store twice and bakes
//! offline. Every read is checked against the digest; what does not match counts as absent (S-13).

use std::path::{Path, PathBuf};

use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::{Digest, MAX_MANIFEST_BYTES};

/// Small documents in `CACHE/documents`.
#[derive(Clone, Debug)]
pub struct KeptDocuments {
    folder: PathBuf,
}

impl KeptDocuments {
    /// Below the cache folder; nothing is made until something is kept.
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join("documents") }
    }

    /// The document, if it is here and whole.
    pub fn read(&self, digest: &Digest) -> Option<Vec<u8>> {
        let limit = usize::try_from(MAX_MANIFEST_BYTES).unwrap_or(usize::MAX);
        let bytes = read_bounded(&self.path(digest), limit).ok()??;
        let mut digester = digest.digester();
        digester.update(&bytes);
        (digester.finish() == *digest).then_some(bytes)
    }

    /// Keeps a document; that it cannot be kept only costs asking again.
    pub fn keep(&self, digest: &Digest, bytes: &[u8]) {
        let path = self.path(digest);
        if !path.exists() {
            let _ = write_whole(&path, bytes, Durability::Cache);
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.algorithm().as_str()).join(digest.encoded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_what_does_not_match_its_digest_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptDocuments::new(folder.path());
        let digest = Digest::of(b"document");
        assert_eq!(kept.read(&digest), None);
        kept.keep(&digest, b"document");
        assert_eq!(kept.read(&digest).unwrap(), b"document");
        std::fs::write(kept.path(&digest), b"look-alike").unwrap();
        assert_eq!(kept.read(&digest), None);
    }
}
