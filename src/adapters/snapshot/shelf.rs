//! Where snapshots stand: one folder a chain of layers, shared by all bakes of this kind of ids; scratch space of each bake
//! beside them. A snapshot is whole or absent. Makes no mounts, removes nothing that mapped ids own.
//!
//! `layers/CHAIN/{fs,boot}`, `sessions/ID/{lock,N/…}`. Snapshots are not synced: after the machine has been started anew
//! they count as absent, and are made again from the blobs, which are. Until then what is in them is trusted: nobody but the
//! user who owns them writes there; `gc --all` forgets them.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::file_lock::FileLock;
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::ChainId;

/// The shelf, open for one bake.
pub struct Shelf {
    folder: PathBuf,
    session: PathBuf,
    boot: String,
    next: Cell<u32>,
    _session: FileLock,
    _in_use: FileLock,
}

/// What the next layer's snapshot is made in.
#[derive(Clone, Debug)]
pub struct Scratch {
    folder: PathBuf,
    upper: PathBuf,
}

impl Scratch {
    /// What will be the snapshot.
    pub fn upper(&self) -> PathBuf {
        self.upper.clone()
    }

    /// What overlayfs needs beside it.
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where a root is put together.
    pub fn merged(&self) -> PathBuf {
        self.folder.join("merged")
    }

    /// Where mount points are made.
    pub fn stub(&self) -> PathBuf {
        self.folder.join("stub")
    }

    /// All of it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Shelf {
    /// The shelf for one kind of ids below the cache folder.
    pub fn open(cache: &Path, kind: &str) -> io::Result<Self> {
        let folder = cache.join("snapshots").join(kind);
        let busy = || io::Error::new(io::ErrorKind::ResourceBusy, "snapshots are being removed");
        let in_use = FileLock::try_shared(&folder.join("in-use"))?.ok_or_else(busy)?;
        let session = folder.join("sessions").join(ulid::Ulid::generate().to_string());
        let lock = match FileLock::try_exclusive(&session.join("lock")) {
            Ok(Some(lock)) if session.join("lock").exists() => lock,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Another bake took it for a leftover before it was locked.
            _ => return Err(busy()),
        };
        std::fs::create_dir_all(folder.join("layers"))?;
        close_to_others(&folder)?;
        Ok(Self { folder, session, boot: boot_id(), next: Cell::new(0), _session: lock, _in_use: in_use })
    }

    /// Scratch space of bakes that are no more; the locks keep a bake that has just begun from taking it for its own.
    pub fn leftovers(&self) -> Vec<(PathBuf, FileLock)> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("sessions")) else { return Vec::new() };
        let others = entries.flatten().map(|entry| entry.path()).filter(|path| *path != self.session);
        let held = |path: PathBuf| Some((FileLock::try_exclusive(&path.join("lock")).ok()??, path));
        others.filter_map(held).map(|(lock, path)| (path, lock)).collect()
    }

    /// This bake's scratch space.
    pub fn session(&self) -> &Path {
        &self.session
    }

    /// The snapshot of a chain, if it is here and of this boot.
    pub fn find(&self, chain: &ChainId) -> Option<PathBuf> {
        let folder = self.place(chain);
        let note = read_note(&folder).filter(|note| note.boot == self.boot && folder.join("fs").is_dir())?;
        // When it was used last is what `gc` goes by; that it cannot be said is no reason not to use it.
        let _ = write_note(&folder, &note);
        Some(folder.join("fs"))
    }

    /// What stands in a chain's place and is no snapshot any more.
    pub fn stale(&self, chain: &ChainId) -> Option<PathBuf> {
        let folder = self.place(chain);
        folder.exists().then_some(folder)
    }

    /// The right to make a chain's snapshot, unless another bake is at it.
    pub fn try_lock(&self, chain: &ChainId) -> io::Result<Option<FileLock>> {
        FileLock::try_exclusive(&self.folder.join("locks").join(chain.0.encoded()))
    }

    /// Fresh, empty folders.
    pub fn scratch(&self) -> io::Result<Scratch> {
        let folder = self.fresh();
        self.scratch_in(folder.clone(), folder.join("fs"))
    }

    /// Fresh, empty folders around an upper folder that goes on being used.
    pub fn scratch_for(&self, upper: PathBuf) -> io::Result<Scratch> {
        self.scratch_in(self.fresh(), upper)
    }

    fn fresh(&self) -> PathBuf {
        let number = self.next.get();
        self.next.set(number + 1);
        self.session.join(number.to_string())
    }

    fn scratch_in(&self, folder: PathBuf, upper: PathBuf) -> io::Result<Scratch> {
        let scratch = Scratch { folder, upper };
        for folder in [scratch.upper(), scratch.work(), scratch.merged(), scratch.stub()] {
            if folder.exists() {
                continue;
            }
            std::fs::create_dir_all(&folder)?;
            // The root of an image is for everybody to look into, whatever this user's umask says.
            std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        }
        Ok(scratch)
    }

    /// Makes a scratch's upper folder the snapshot of a chain; the one that is there stays. `bytes`: about its size.
    pub fn keep(&self, chain: &ChainId, scratch: &Scratch, bytes: u64) -> io::Result<PathBuf> {
        let place = self.place(chain);
        let fresh = scratch.folder().join("kept");
        std::fs::create_dir(&fresh)?;
        std::fs::rename(scratch.upper(), fresh.join("fs"))?;
        write_note(&fresh, &Note { boot: self.boot.clone(), bytes })?;
        match std::fs::rename(&fresh, &place) {
            Ok(()) => Ok(place.join("fs")),
            // Somebody else was faster; theirs is the same, and ours lies where it is cleared away.
            Err(_) if self.find(chain).is_some() => Ok(place.join("fs")),
            Err(error) => Err(error),
        }
    }

    fn place(&self, chain: &ChainId) -> PathBuf {
        self.folder.join("layers").join(chain.0.encoded())
    }
}

/// What is known of a snapshot beside its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The run of the kernel it was made in.
    pub(super) boot: String,
    /// About its size.
    pub(super) bytes: u64,
}

pub(super) fn read_note(folder: &Path) -> Option<Note> {
    serde_json::from_slice(&read_bounded(&folder.join("boot"), 1024).ok()??).ok()
}

fn write_note(folder: &Path, note: &Note) -> io::Result<()> {
    write_whole(&folder.join("boot"), &serde_json::to_vec(note)?, Durability::Cache)
}

/// A folder kept between bakes, made where it is not there; noted as used now. The note lies beside it, for what is in it
/// may belong to anybody.
pub fn step_cache(cache: &Path, kind: &str, name: &str) -> io::Result<PathBuf> {
    let all = cache.join("step-caches").join(kind);
    let folder = all.join(name);
    std::fs::create_dir_all(folder.join("fs"))?;
    close_to_others(&all)?;
    write_whole(&folder.join("used"), b"", Durability::Cache)?;
    Ok(folder.join("fs"))
}

/// What is in it has owners and set-id bits as images want them, which is nothing for other users of this machine.
fn close_to_others(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

/// Names this run of the kernel.
pub(super) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn one_that_is_taken_for_a_leftover_while_it_opens_is_told_to_come_again() {
        let cache = tempfile::tempdir().unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let tidy = Shelf::open(cache.path(), "kind");
                    while let Ok(tidy) = &tidy
                        && !over.load(Ordering::Relaxed)
                    {
                        for (folder, _lock) in tidy.leftovers() {
                            let _ = std::fs::remove_dir_all(folder);
                        }
                    }
                });
            }
            let opened = || Shelf::open(cache.path(), "kind").map(drop);
            let refused: Vec<io::Error> = (0..2000).filter_map(|_| opened().err()).collect();
            over.store(true, Ordering::Relaxed);
            let other = refused.iter().find(|error| error.kind() != io::ErrorKind::ResourceBusy);
            assert!(other.is_none(), "{other:?}");
        });
    }
}
