//! Freeing what is kept of daemons' images. Asks no daemon: what is needed again is exported again.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::StoreError;
use super::layout::{Freed, Layout};

/// Frees what is kept of daemons' images below a cache folder: with `all` everything, else what belongs to none. Gives the sum.
pub fn free_exports(cache: &Path, all: bool, dry_run: bool) -> Freed {
    let mut sum = Freed::default();
    for folder in std::fs::read_dir(cache.join("daemon")).into_iter().flatten().flatten() {
        // What is in use stays, and goes another time.
        if let Ok(freed) = free(&folder.path(), all, dry_run) {
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
    if !all {
        return layout.gc(&BTreeSet::new(), dry_run);
    }
    if dry_run {
        return Ok(whole(folder));
    }
    for (repository, tag, _) in layout.named()? {
        layout.untag(&format!("{repository}:{tag}"))?;
    }
    layout.gc(&BTreeSet::new(), false)
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
