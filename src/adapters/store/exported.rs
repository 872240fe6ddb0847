//! Freeing what is kept of daemons' images. Asks no daemon: what is needed again is exported again.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::layout::{Freed, Layout};

/// Frees what is kept of daemons' images below a cache folder: what belongs to none; and all of it, where it takes more than
/// `bound`, for which of it is needed again nobody knows. Gives the sum.
pub fn free_exports(cache: &Path, bound: Option<u64>, dry_run: bool) -> Freed {
    let folders: Vec<PathBuf> =
        std::fs::read_dir(cache.join("daemon")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let bytes = || folders.iter().map(|folder| whole(folder).bytes).fold(0, u64::saturating_add);
    let all = bound.is_some_and(|bound| bytes() > bound);
    let mut sum = Freed::default();
    for folder in &folders {
        // What is in use stays, and goes another time.
        if let Ok(freed) = free(folder, all, dry_run) {
            sum.blobs += freed.blobs;
            sum.bytes += freed.bytes;
            sum.temporaries += freed.temporaries;
            sum.kept += freed.kept;
        }
    }
    sum
}

fn free(folder: &Path, all: bool, dry_run: bool) -> Result<Freed, StoreError> {
    let layout = Layout::open(folder)?;
    if all && dry_run {
        return Ok(whole(folder));
    }
    if all {
        for (repository, tag, _) in layout.named()? {
            layout.untag(&format!("{repository}:{tag}"))?;
        }
    }
    layout.gc(&BTreeSet::new(), dry_run)
}

/// All there is.
fn whole(folder: &Path) -> Freed {
    let mut sum = Freed::default();
    for blob in std::fs::read_dir(folder.join("blobs/sha256")).into_iter().flatten().flatten() {
        if let Ok(metadata) = blob.metadata() {
            sum.blobs += 1;
            sum.bytes += if metadata.nlink() == 1 { metadata.len() } else { 0 };
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::{ImageManifest, media_type};

    #[test]
    fn all_goes_beyond_the_bound_and_only_what_has_no_name_within() {
        let cache = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(&cache.path().join("daemon/one")).unwrap();
        let config = layout.put_bytes(media_type::CONFIG, b"{}").unwrap();
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config,
            layers: Vec::new(),
            subject: None,
            annotations: std::collections::BTreeMap::new(),
        };
        let bytes = serde_json::to_vec(&manifest).unwrap();
        layout.tag("os:1", &layout.put_bytes(media_type::MANIFEST, &bytes).unwrap()).unwrap();
        layout.put_bytes("", b"what a broken export left").unwrap();
        let count = |bound, dry_run| {
            let freed = free_exports(cache.path(), bound, dry_run);
            (freed.blobs, freed.kept)
        };
        assert_eq!(count(None, true), (1, 2));
        assert_eq!(count(Some(1 << 20), false), (1, 2));
        assert_eq!(count(Some(10), true), (2, 0));
        assert_eq!(layout.named().unwrap().len(), 1);
        assert_eq!(count(Some(0), false), (2, 0));
        assert!(layout.named().unwrap().is_empty());
        assert_eq!(count(Some(0), false), (0, 0));
    }
}
