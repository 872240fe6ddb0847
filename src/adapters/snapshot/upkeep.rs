//! Keeping snapshots and step caches within a bound: which of them go, the longest unused first. Removes nothing itself:
//! what mapped ids own, only the sandbox can.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::shelf::{boot_id, read_note};
use crate::adapters::file_lock::FileLock;

/// Something that costs only time when it is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands.
    pub folder: PathBuf,
    /// About how many bytes it takes.
    pub bytes: u64,
    /// When a bake used it last.
    pub used: SystemTime,
    /// Whether no bake can use it any more: it is of an earlier run of this machine, or of a bake that is no more.
    pub dead: bool,
}

/// Everything of one kind of ids, while no bake uses any of it.
pub struct Closed {
    _lock: FileLock,
    kept: Vec<Kept>,
}

/// Which kinds of ids have snapshots below the cache folder.
pub fn kinds(cache: &Path) -> Vec<String> {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(cache.join(folder)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let mut kinds = [names("snapshots"), names("step-caches")].concat();
    kinds.sort();
    kinds.dedup();
    kinds
}

impl Closed {
    /// Looks at one kind; `None` while a bake uses it.
    pub fn look(cache: &Path, kind: &str) -> io::Result<Option<Self>> {
        let folder = cache.join("snapshots").join(kind);
        let Some(lock) = FileLock::try_exclusive(&folder.join("in-use"))? else { return Ok(None) };
        let boot = boot_id();
        let mut kept = Vec::new();
        for path in inside(&folder.join("layers")) {
            let note = read_note(&path);
            let bytes = note.as_ref().map_or(0, |note| note.bytes);
            let dead = note.is_none_or(|note| note.boot != boot);
            kept.push(Kept { used: used(&path.join("boot")), folder: path, bytes, dead });
        }
        for path in inside(&folder.join("sessions")) {
            kept.push(Kept { used: used(&path), folder: path, bytes: 0, dead: true });
        }
        for path in inside(&cache.join("step-caches").join(kind)) {
            kept.push(Kept { used: used(&path.join("used")), bytes: measure(&path), folder: path, dead: false });
        }
        Ok(Some(Self { _lock: lock, kept }))
    }

    /// What is there.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }
}

/// What has to go so that at most `bound` bytes stay: what is dead, then what has not been used for longest. Without a
/// bound only what is dead.
pub fn surplus(mut kept: Vec<Kept>, bound: Option<u64>) -> Vec<Kept> {
    kept.sort_by(|a, b| b.dead.cmp(&a.dead).then(a.used.cmp(&b.used)).then_with(|| a.folder.cmp(&b.folder)));
    let mut left: u64 = kept.iter().map(|one| one.bytes).sum();
    let goes = |one: &Kept| {
        let goes = one.dead || bound.is_some_and(|bound| left > bound);
        if goes {
            left = left.saturating_sub(one.bytes);
        }
        goes
    };
    kept.into_iter()
        .scan(goes, |goes, one| Some((goes(&one), one)))
        .filter_map(|(goes, one)| goes.then_some(one))
        .collect()
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn used(path: &Path) -> SystemTime {
    std::fs::symlink_metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Bytes below a folder, as far as this user may look; bounded, since it is an estimate.
fn measure(folder: &Path) -> u64 {
    let mut pending = vec![folder.to_owned()];
    let (mut bytes, mut seen) = (0, 0);
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            seen += 1;
            if meta.is_dir() {
                pending.push(entry.path());
            } else {
                bytes += meta.len();
            }
        }
        if seen > 200_000 {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn kept(name: &str, bytes: u64, used: u64, dead: bool) -> Kept {
        Kept { folder: name.into(), bytes, used: SystemTime::UNIX_EPOCH + Duration::from_secs(used), dead }
    }

    fn names(of: Vec<Kept>) -> Vec<String> {
        of.into_iter().map(|one| one.folder.display().to_string()).collect()
    }

    #[test]
    fn the_longest_unused_go_until_the_rest_fits() {
        let all = || vec![kept("new", 10, 30, false), kept("old", 10, 10, false), kept("middle", 10, 20, false)];
        assert!(surplus(all(), None).is_empty());
        assert!(surplus(all(), Some(30)).is_empty());
        assert_eq!(names(surplus(all(), Some(29))), ["old"]);
        assert_eq!(names(surplus(all(), Some(10))), ["old", "middle"]);
        assert_eq!(names(surplus(all(), Some(0))), ["old", "middle", "new"]);
    }

    #[test]
    fn what_is_dead_goes_first_and_in_any_case() {
        let all = vec![kept("used", 10, 5, false), kept("dead", 10, 90, true)];
        assert_eq!(names(surplus(all.clone(), None)), ["dead"]);
        assert_eq!(names(surplus(all, Some(10))), ["dead"], "it makes the room");
    }
}
