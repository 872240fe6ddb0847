//! Reading every blob of a layout once, on two threads, and holding it against its name. Follows no manifest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::finding::{Finding, FindingKind, FsckProgress};
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::blob::digest_of;
use crate::adapters::store::layout::disk::open_regular;
use crate::adapters::store::layout::open::{BLOBS, Layout};
use crate::domain::oci::Digest;

const THREADS: usize = 2;

/// A file in the place of a blob.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    pub(super) size: u64,
    pub(super) state: BlobState,
}

/// What reading it showed.
#[derive(Clone, Debug)]
pub(super) enum BlobState {
    Good,
    Corrupt(String),
    Irregular(String),
    Unreadable(String),
}

enum Heard {
    Bytes(u64),
    Done(Digest, Blob),
}

impl Layout {
    /// Every blob on disk with its state, and files that are no blobs.
    pub(super) fn scan(
        &self,
        progress: &mut dyn FnMut(FsckProgress),
    ) -> Result<(BTreeMap<Digest, Blob>, Vec<Finding>), StoreError> {
        let mut files = self.blob_files("sha256")?;
        files.extend(self.blob_files("sha512")?);
        let sizes: u64 = files.iter().filter_map(|(_, path)| path.symlink_metadata().ok()).map(|m| m.len()).sum();
        let mut so_far =
            FsckProgress { blobs_total: files.len() as u64, bytes_total: sizes, ..FsckProgress::default() };
        let mut blobs = BTreeMap::new();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..THREADS {
                let (sender, next, files) = (sender.clone(), &next, &files);
                scope.spawn(move || {
                    while let Some((digest, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let blob = look_at(digest, path, &mut |bytes| drop(sender.send(Heard::Bytes(bytes))));
                        drop(sender.send(Heard::Done(digest.clone(), blob)));
                    }
                });
            }
            drop(sender);
            for heard in receiver {
                match heard {
                    Heard::Bytes(bytes) => so_far.bytes += bytes,
                    Heard::Done(digest, blob) => {
                        so_far.blobs += 1;
                        blobs.insert(digest, blob);
                    }
                }
                progress(so_far);
            }
        });
        Ok((blobs, self.foreign_files()?))
    }

    /// Files among the blobs whose names are no digests.
    fn foreign_files(&self) -> Result<Vec<Finding>, StoreError> {
        let mut found = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            let folder = self.path().join(BLOBS).join(algorithm);
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let name = entry.map_err(StoreError::io("list", &folder))?.file_name().to_string_lossy().into_owned();
                if format!("{algorithm}:{name}").parse::<Digest>().is_err() {
                    let what = format!("{BLOBS}/{algorithm}/{name}");
                    found.push(Finding::new(FindingKind::Foreign, what, "is no blob".into()));
                }
            }
        }
        Ok(found)
    }
}

fn look_at(digest: &Digest, path: &Path, read: &mut dyn FnMut(u64)) -> Blob {
    let size = path.symlink_metadata().map_or(0, |metadata| metadata.len());
    let mut file = match open_regular(path) {
        Ok(file) => file,
        Err(StoreError::Hostile { family, detail, .. }) => {
            return Blob { size, state: BlobState::Irregular(format!("{family}: {detail}")) };
        }
        Err(error) => return Blob { size, state: BlobState::Unreadable(error.to_string()) },
    };
    match digest_of(&mut file, digest.digester(), read) {
        Ok((found, size)) if found == *digest => Blob { size, state: BlobState::Good },
        Ok((found, size)) => Blob { size, state: BlobState::Corrupt(format!("J-03: digest is {found}")) },
        Err(error) => Blob { size, state: BlobState::Unreadable(error.to_string()) },
    }
}
