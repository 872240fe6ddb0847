//! A layout of links to another's content, to try things in: what is put there is gone with it. Copies no byte of a blob.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::adapters::store::StoreError;
use crate::adapters::store::layout::Layout;

/// Folders of that name inside a layout's own folder are ours.
const PREFIX: &str = "shadow-";
/// Older than any look takes: left behind by a crash.
const FORGOTTEN: Duration = Duration::from_secs(6 * 3600);

/// The layout of links, for as long as this lives.
#[derive(Debug)]
pub struct Shadow {
    folder: TempDir,
}

impl Shadow {
    /// Of everything a layout holds now.
    pub fn of(layout: &Layout) -> Result<Self, StoreError> {
        let _hold = layout.hold()?;
        let own = layout.path().join(".bakery");
        sweep(&own);
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&own);
        let shadow = Self { folder: made.map_err(StoreError::io("create", &own))? };
        Layout::open_or_create(shadow.path())?;
        // The index first: what it names was there before it.
        let index = layout.path().join("index.json");
        let copied = std::fs::copy(&index, shadow.path().join("index.json"));
        copied.map_err(StoreError::io("copy", &index))?;
        for algorithm in ["sha256", "sha512"] {
            link_all(&layout.path().join("blobs").join(algorithm), &shadow.path().join("blobs").join(algorithm))?;
        }
        Ok(shadow)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn link_all(from: &Path, to: &Path) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("list", from)(error)),
    };
    std::fs::create_dir_all(to).map_err(StoreError::io("create", to))?;
    for entry in entries {
        let entry = entry.map_err(StoreError::io("list", from))?;
        let target = to.join(entry.file_name());
        std::fs::hard_link(entry.path(), &target).map_err(StoreError::io("link", entry.path()))?;
    }
    Ok(())
}

/// Removes what a crash left; that it cannot be removed is no reason not to look.
fn sweep(own: &Path) {
    let entries = std::fs::read_dir(own).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let made = entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or_else(|_| SystemTime::now());
        if made.elapsed().is_ok_and(|age| age > FORGOTTEN) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_it_never_reaches_the_layout() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(&folder.path().join("store")).unwrap();
        let kept = layout.put_bytes("text/plain", b"kept").unwrap();
        let shadow = Shadow::of(&layout).unwrap();
        let tried = Layout::open(shadow.path()).unwrap();
        assert!(tried.has(&kept));
        let new = tried.put_bytes("text/plain", b"new").unwrap();
        assert!(tried.has(&new) && !layout.has(&new));
        let path = shadow.path().to_owned();
        drop(shadow);
        assert!(!path.exists() && layout.has(&kept));
    }
}
