//! Finding and making a layout: the version file, the folders, the empty index. Reads no blob.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::adapters::store::StoreError;
use crate::domain::oci::{Digest, parse_strict};

use super::disk::{PRIVATE, Temporary, check_folder, create_folder, read_small, sweep, sync_folder};
use super::lock::{Hold, lock_index};
use super::referrer::About;

const MARKER: &str = "oci-layout";
pub(super) const INDEX: &str = "index.json";
pub(super) const BLOBS: &str = "blobs";
const EMPTY_INDEX: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// An OCI image layout directory. Cheap to clone; every clone is the same layout.
#[derive(Clone, Debug)]
pub struct Layout(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Taken by the first thing put through the port.
    hold: Mutex<Option<Hold>>,
    /// What manifests are about, by digest.
    about: Mutex<HashMap<Digest, Option<About>>>,
}

impl Layout {
    /// An existing layout. Writes nothing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        check_marker(path)?;
        let blobs = path.join(BLOBS);
        if blobs.symlink_metadata().is_ok() {
            check_folder(&blobs)?;
            for algorithm in ["sha256", "sha512"] {
                let folder = blobs.join(algorithm);
                if folder.symlink_metadata().is_ok() {
                    check_folder(&folder)?;
                }
            }
        }
        Ok(Self(Arc::new(Inner { path: path.to_owned(), hold: Mutex::default(), about: Mutex::default() })))
    }

    /// An existing layout, or a new one where there is nothing yet. Sweeps what crashed writers left behind.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        if path.join(MARKER).symlink_metadata().is_err() {
            create(path)?;
        }
        let layout = Self::open(path)?;
        for folder in [path.join(BLOBS), path.join(BLOBS).join("sha256")] {
            create_folder(&folder)?;
        }
        // What cannot be swept now is swept by the next gc.
        let _ = sweep(path, true);
        Ok(layout)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What to call it in messages.
    pub(super) fn label(&self) -> String {
        format!("oci:{}", self.0.path.display())
    }

    /// Holds the layout until the last clone is dropped.
    pub(super) fn keep_hold(&self) -> Result<(), StoreError> {
        let mut held = self.0.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Some(self.hold()?);
        }
        Ok(())
    }

    pub(super) fn known_about(&self, digest: &Digest) -> Option<Option<About>> {
        self.0.about.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    pub(super) fn remember_about(&self, digest: &Digest, about: Option<About>) {
        self.0.about.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), about);
    }
}

fn check_marker(path: &Path) -> Result<(), StoreError> {
    let marker = path.join(MARKER);
    if matches!(marker.symlink_metadata(), Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
        let what = "the image layout (no oci-layout file)".to_owned();
        return Err(StoreError::NotFound { store: format!("oci:{}", path.display()), what });
    }
    let bytes = read_small(&marker, 4096)?;
    let refuse = |detail: String| StoreError::Hostile { store: marker.display().to_string(), family: "J-13", detail };
    let value = parse_strict(&bytes).map_err(|error| refuse(error.to_string()))?;
    match value.get("imageLayoutVersion").and_then(|version| version.as_str()) {
        Some("1.0.0") => Ok(()),
        Some(other) => Err(refuse(format!("unknown layout version {:?}", other.chars().take(40).collect::<String>()))),
        None => Err(refuse("no imageLayoutVersion".into())),
    }
}

/// Folders, index, and last the version file that makes it a layout; under the index lock, so that two creators agree.
fn create(path: &Path) -> Result<(), StoreError> {
    create_durably(path)?;
    refuse_foreign(path)?;
    create_folder(&path.join(PRIVATE))?;
    let _lock = lock_index(path)?;
    create_folder(&path.join(BLOBS))?;
    create_folder(&path.join(BLOBS).join("sha256"))?;
    for (name, bytes) in [(INDEX, EMPTY_INDEX), (MARKER, VERSION)] {
        if path.join(name).symlink_metadata().is_err() {
            replace(path, name, bytes)?;
        }
    }
    Ok(())
}

/// Missing folders above, each synced.
fn create_durably(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_durably(above)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists || !path.is_dir() => {
            Err(StoreError::io("create", path)(error))
        }
        _ => path.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), sync_folder),
    }
}

/// A folder with other things in it does not become a layout.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(path).map_err(StoreError::io("list", path))? {
        let name = entry.map_err(StoreError::io("list", path))?.file_name();
        if ![PRIVATE, BLOBS, INDEX, MARKER].iter().any(|known| name == *known) {
            let detail = format!("the folder is no image layout, and holds {name:?}; choose an empty or new folder");
            return Err(StoreError::Hostile { store: path.display().to_string(), family: "J-13", detail });
        }
    }
    Ok(())
}

/// Puts a whole new file in the place of `root/name`, durably.
pub(super) fn replace(root: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let mut temporary = Temporary::create(root)?;
    temporary.file.write_all(bytes).map_err(StoreError::io("write", &temporary.path))?;
    temporary.sync(0o644)?;
    temporary.persist(&root.join(name))?;
    sync_folder(root)
}
