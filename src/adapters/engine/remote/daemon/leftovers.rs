//! What bakes leave at a daemon when they are killed: images by names that tell whose they are. Whoever bakes next frees
//! them. A bake that lives holds a lock on this machine; of another machine's only those a day old are taken for dead.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bollard::Docker;
use bollard::query_parameters::ListImagesOptionsBuilder;
use ulid::Ulid;

use super::Daemon;
use super::load::remove;
use crate::adapters::clock;
use crate::adapters::file_lock::FileLock;
use crate::adapters::settings::Paths;
use crate::domain::oci::Digest;

/// Images that came of a build, until they are fetched.
const RESULTS: &str = "localhost/bakery-result:";
/// What steps of one bake stand on.
const PASSING: &str = "localhost/bakery-passing:";
/// Both.
const ALL: &str = "localhost/bakery-*";
/// Seconds after which nobody is taken to be at it any more.
const OLD: i64 = 24 * 3600;

/// Whose the images are that one bake leaves at a daemon.
pub(super) struct Mark {
    name: String,
    folder: PathBuf,
    lock: std::sync::OnceLock<Option<FileLock>>,
    cleaned: AtomicBool,
}

impl Mark {
    pub(super) fn new() -> Self {
        let folder = Paths::from_environment().state.join("builders");
        let name = Ulid::generate().to_string().to_lowercase();
        Self { name, folder, lock: std::sync::OnceLock::new(), cleaned: AtomicBool::new(false) }
    }

    /// From here on others see that it lives.
    fn hold(&self) {
        // Where it cannot be seen, its images are freed a day later.
        self.lock.get_or_init(|| FileLock::try_exclusive(&self.folder.join(&self.name)).ok().flatten());
    }

    /// The name of an image that is built.
    pub(super) fn result(&self) -> String {
        self.hold();
        format!("{RESULTS}{}-{}", self.name, Ulid::generate().to_string().to_lowercase())
    }

    /// The name of an image that is only loaded for this bake.
    pub(super) fn passing(&self, id: &Digest) -> String {
        self.hold();
        format!("{PASSING}{}-{}", self.name, &id.encoded()[..32])
    }

    pub(super) fn is_ours(&self, name: &str) -> bool {
        name.strip_prefix(PASSING).is_some_and(|rest| rest.starts_with(&self.name))
    }

    /// Whether nobody is at it any more who made an image of this name.
    fn is_left(&self, name: &str, now: i64) -> bool {
        let rest = [RESULTS, PASSING].iter().find_map(|prefix| name.strip_prefix(prefix));
        let Some(owner) = rest.and_then(|rest| rest.get(..self.name.len())).filter(|owner| *owner != self.name) else {
            return false;
        };
        let Ok(id) = Ulid::from_string(owner) else { return false };
        let path = self.folder.join(owner);
        if path.exists() {
            return FileLock::try_exclusive(&path).ok().flatten().is_some();
        }
        now - i64::try_from(id.timestamp_ms() / 1000).unwrap_or(i64::MAX) > OLD
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if self.lock.get().is_some() {
            let _ = std::fs::remove_file(self.folder.join(&self.name));
        }
    }
}

impl Daemon {
    /// Frees what bakes left that are not any more: once a bake.
    pub(super) fn clean(&self, docker: &Docker) {
        if self.mark.cleaned.swap(true, Ordering::Relaxed) {
            return;
        }
        let (docker, mark) = (docker.clone(), Arc::clone(&self.mark));
        self.later(async move {
            // A daemon takes long to list all it has.
            let ours = HashMap::from([("reference", vec![ALL])]);
            let options = ListImagesOptionsBuilder::default().filters(&ours).build();
            let Ok(images) = docker.list_images(Some(options)).await else { return };
            let now = clock::now_unix();
            for name in images.iter().flat_map(|image| &image.repo_tags).filter(|name| mark.is_left(name, now)) {
                remove(&docker, name).await;
            }
            forget_locks(&mark.folder, &mark.name);
        });
    }
}

/// Locks nobody holds.
fn forget_locks(folder: &Path, own: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.file_name() != *own && FileLock::try_exclusive(&entry.path()).ok().flatten().is_some() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(folder: &Path, name: &str) -> Mark {
        let (lock, cleaned) = (std::sync::OnceLock::new(), AtomicBool::new(false));
        Mark { name: name.into(), folder: folder.into(), lock, cleaned }
    }

    #[test]
    fn what_is_left_is_whose_owner_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| mark(folder.path(), name);
        let (one, other) = (of("01m8ns8b06f9sqjkqrj29nj72b"), of("01m8ns8b06f9sqjkqrj29nj72c"));
        let (result, passing) = (one.result(), one.passing(&Digest::of(b"x")));
        let made = i64::try_from(Ulid::from_string(&one.name).unwrap().timestamp_ms() / 1000).unwrap();
        assert!(one.is_ours(&passing) && !other.is_ours(&passing) && !one.is_ours(&result));
        // While it lives, and at no time of its own.
        assert!(!other.is_left(&result, made + 2 * OLD) && !one.is_left(&result, made + 2 * OLD));
        // Killed, its lock is free and its file stays.
        let Mark { lock, .. } = &one;
        assert!(lock.get().is_some());
        let path = folder.path().join(&one.name);
        drop(one);
        std::fs::write(&path, "").unwrap();
        assert!(other.is_left(&result, made) && other.is_left(&passing, made));
        // On another machine nothing is known of it.
        std::fs::remove_file(&path).unwrap();
        assert!(!other.is_left(&result, made + OLD - 1) && other.is_left(&result, made + OLD + 1));
        for name in ["debian:12", "localhost/bakery-ground:01m8ns8b06f9sqjkqrj29nj72b", "localhost/bakery-result:x"] {
            assert!(!other.is_left(name, i64::MAX), "{name}");
        }
    }
}
