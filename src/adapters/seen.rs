//! What tags were last seen to point to, so that nobody is handed an older image under a name they know a newer one by
//! (S-07): one small file a tag below `STATE/seen`. Decides nothing.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::file_lock::FileLock;
use super::whole_file::write_whole_as;
use crate::domain::oci::{Digest, Platform, parse_strict};
use crate::domain::trust::LastSeen;
use crate::report::{Kind, Report};

/// Largest file read.
const MAX_BYTES: u64 = 256 << 10;
const FORMAT: u32 = 1;

/// Why what was seen is not known, or cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// Not a file bakery would have written.
    #[error("{path}, which remembers what {tag} pointed to, is {what}")]
    Refused {
        /// Which.
        path: String,
        /// Of which tag.
        tag: String,
        /// Why.
        what: String,
    },
    /// The file system said no.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<SeenError> for Report {
    fn from(error: SeenError) -> Self {
        match &error {
            SeenError::Refused { path, .. } => Self::new(Kind::Rejected, &error).help(format!(
                "without it a tag that was moved back goes unnoticed; if nobody else can have touched it, remove {path}"
            )),
            SeenError::Io { .. } => Self::new(Kind::Failed, &error),
        }
    }
}

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    seen: u32,
    tag: String,
    platforms: BTreeMap<String, KeptImage>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptImage {
    digest: Digest,
    created: i64,
}

/// The memory of all tags.
#[derive(Clone, Debug)]
pub struct SeenTags {
    folder: PathBuf,
}

impl SeenTags {
    /// Below the state folder; nothing is made until something is kept.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("seen") }
    }

    /// What `tag`, a full name, was last seen to point to on a platform.
    pub fn last(&self, tag: &str, platform: &Platform) -> Result<Option<LastSeen>, SeenError> {
        let kept = self.read(tag)?;
        let image = kept.and_then(|mut kept| kept.platforms.remove(&platform.to_string()));
        Ok(image.map(|image| LastSeen { digest: image.digest, created: image.created }))
    }

    /// Keeps that `tag` points to an image now; never an older one than is kept, unless `backwards` says so.
    pub fn keep(&self, tag: &str, platform: &Platform, now: &LastSeen, backwards: bool) -> Result<(), SeenError> {
        let path = self.path(tag);
        let failed = |action| {
            let path = path.display().to_string();
            move |source| SeenError::Io { action, path, source }
        };
        let _alone = FileLock::exclusive(&self.folder.join("lock")).map_err(failed("lock"))?;
        let mut kept = self.read(tag)?.unwrap_or_else(|| Kept { seen: FORMAT, tag: tag.to_owned(), ..Kept::default() });
        let name = platform.to_string();
        if let Some(known) = kept.platforms.get(&name)
            && (known.digest == now.digest || (known.created > now.created && !backwards))
        {
            return Ok(());
        }
        kept.platforms.insert(name, KeptImage { digest: now.digest.clone(), created: now.created });
        let bytes = serde_json::to_vec(&kept).map_err(|error| failed("write")(error.into()))?;
        write_whole_as(&path, &bytes, Permissions::from_mode(0o600)).map_err(failed("write"))
    }

    fn read(&self, tag: &str) -> Result<Option<Kept>, SeenError> {
        let path = self.path(tag);
        let shown = || path.display().to_string();
        let refused = |what: &str| SeenError::Refused { path: shown(), tag: tag.to_owned(), what: what.to_owned() };
        let failed = |source| SeenError::Io { action: "read", path: shown(), source };
        // NONBLOCK: a FIFO must not hold us up before we can refuse it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(rustix::io::Errno::LOOP) => return Err(refused("a symlink")),
            Err(error) => return Err(failed(error.into())),
        };
        let facts = file.metadata().map_err(failed)?;
        if !facts.is_file() {
            return Err(refused("no regular file"));
        }
        if facts.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused("another user's"));
        }
        if facts.mode() & 0o022 != 0 {
            return Err(refused("writable by others"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        let read = (bytes.len() as u64 <= MAX_BYTES).then(|| parse_strict(&bytes).ok()).flatten();
        let kept: Option<Kept> = read.and_then(|value| serde_json::from_value(value).ok());
        match kept {
            Some(kept) if kept.seen == FORMAT && kept.tag == tag => Ok(Some(kept)),
            Some(_) => Err(refused("about something else")),
            None => Err(refused("not readable as what bakery writes")),
        }
    }

    fn path(&self, tag: &str) -> PathBuf {
        self.folder.join(format!("{}.json", Digest::of(tag.as_bytes()).encoded()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "registry.example/global/python:3.12";

    fn platform() -> Platform {
        "linux/amd64".parse().unwrap()
    }

    fn image(name: &str, created: i64) -> LastSeen {
        LastSeen { digest: Digest::of(name.as_bytes()), created }
    }

    #[test]
    fn s07_memory_only_moves_forward_unless_told_otherwise() {
        let state = tempfile::tempdir().unwrap();
        let seen = SeenTags::new(state.path());
        let last = || seen.last(TAG, &platform()).unwrap();
        assert_eq!(last(), None);
        seen.keep(TAG, &platform(), &image("new", 20), false).unwrap();
        seen.keep(TAG, &platform(), &image("old", 10), false).unwrap();
        assert_eq!(last(), Some(image("new", 20)));
        seen.keep(TAG, &platform(), &image("rebuilt", 20), false).unwrap();
        assert_eq!(last(), Some(image("rebuilt", 20)), "as old is not older");
        seen.keep(TAG, &platform(), &image("old", 10), true).unwrap();
        assert_eq!(last(), Some(image("old", 10)));
        let other: Platform = "linux/arm64".parse().unwrap();
        assert_eq!(seen.last(TAG, &other).unwrap(), None, "each platform has its own");
        assert_eq!(seen.last("registry.example/global/python:3.13", &platform()).unwrap(), None);
    }

    #[test]
    fn s10_memory_that_somebody_else_could_have_written_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let seen = SeenTags::new(state.path());
        seen.keep(TAG, &platform(), &image("x", 1), false).unwrap();
        let path = seen.path(TAG);
        let good = std::fs::read(&path).unwrap();
        let refusal = || {
            let error = seen.last(TAG, &platform()).unwrap_err();
            assert!(seen.keep(TAG, &platform(), &image("y", 2), true).is_err(), "nor is it overwritten");
            error.to_string()
        };
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        assert!(refusal().ends_with("writable by others"));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(state.path().join("elsewhere"), &good).unwrap();
        std::os::unix::fs::symlink(state.path().join("elsewhere"), &path).unwrap();
        assert!(refusal().ends_with("a symlink"));
        std::fs::remove_file(&path).unwrap();
        for content in [&b""[..], b"{}", &good[..good.len() - 2]] {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(refusal().ends_with("what bakery writes"));
        }
        std::fs::write(&path, String::from_utf8(good).unwrap().replace("3.12", "3.13")).unwrap();
        assert!(refusal().ends_with("about something else"));
    }
}
