//! What tags pointed to when lineage was last looked at: one small file for all workspaces, `STATE/lineage.json`. What a tag has
//! moved away from is found there. A store is known by its place, since its name is a workspace's own. Decides nothing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::Digest;

/// Largest file read.
const MAX_BYTES: usize = 16 << 20;
/// Most that is kept.
const MOST: usize = 50_000;
const FORMAT: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    lineage: u32,
    pointed: Vec<Remembered>,
}

/// What a tag of a store pointed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// Where the store is.
    pub store: String,
    /// The repository in it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// To a manifest or an index.
    pub digest: Digest,
    /// When that was seen first: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    /// Whether it did at the last look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

/// The memory of all tags that were looked at.
#[derive(Clone, Debug)]
pub struct PointedTags {
    file: PathBuf,
}

impl PointedTags {
    /// Below the state folder; nothing is made until something is kept.
    pub fn new(state: &Path) -> Self {
        Self { file: state.join("lineage.json") }
    }

    /// All that is remembered. What cannot be read is forgotten: what tags point to now is known all the same.
    pub fn read(&self) -> Vec<Remembered> {
        let bytes = read_bounded(&self.file, MAX_BYTES).ok().flatten().unwrap_or_default();
        let kept = serde_json::from_slice::<Kept>(&bytes).ok().filter(|kept| kept.lineage == FORMAT);
        kept.map(|kept| kept.pointed).unwrap_or_default()
    }

    /// Keeps these in place of what was remembered, of too many the first; that they cannot be kept costs knowing less the
    /// next time.
    pub fn keep(&self, mut pointed: Vec<Remembered>) {
        pointed.truncate(MOST);
        if let Ok(bytes) = serde_json::to_vec(&Kept { lineage: FORMAT, pointed }) {
            let _ = write_whole(&self.file, &bytes, Durability::Cache);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again_and_what_is_broken_is_nothing() {
        let state = tempfile::tempdir().unwrap();
        let memory = PointedTags::new(state.path());
        assert!(memory.read().is_empty());
        let tag = Remembered {
            store: "/srv/store".into(),
            repository: "os".into(),
            tag: "12".into(),
            digest: Digest::of(b"os"),
            seen: None,
            last: false,
        };
        let seen = Remembered { tag: "13".into(), seen: Some(1_790_000_000), last: true, ..tag.clone() };
        let both = vec![tag, seen];
        memory.keep(both.clone());
        assert_eq!(memory.read(), both);
        let before = std::fs::read_to_string(state.path().join("lineage.json")).unwrap();
        assert!(before.contains("1790000000") && !before.contains("null"), "{before}");
        std::fs::write(state.path().join("lineage.json"), "{\"lineage\":1,\"pointed\":[]}").unwrap();
        assert!(memory.read().is_empty());
        std::fs::write(state.path().join("lineage.json"), "[").unwrap();
        assert!(memory.read().is_empty());
    }
}
