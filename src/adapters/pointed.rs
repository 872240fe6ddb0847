//! What tags pointed to when lineage was last looked at: one small file, `STATE/lineage.json`. What a tag has moved away
//! from is found there. Decides nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::lineage::Pointed;
use crate::domain::oci::Digest;

/// Largest file read.
const MAX_BYTES: usize = 16 << 20;
/// Most that is kept.
const MOST: usize = 50_000;
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    lineage: u32,
    pointed: Vec<KeptTag>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTag {
    repository: String,
    tag: String,
    digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<i64>,
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
    pub fn read(&self) -> BTreeSet<Pointed> {
        let bytes = read_bounded(&self.file, MAX_BYTES).ok().flatten().unwrap_or_default();
        let kept = serde_json::from_slice::<Kept>(&bytes).ok().filter(|kept| kept.lineage == FORMAT);
        let tags = kept.map(|kept| kept.pointed).unwrap_or_default().into_iter();
        tags.map(|tag| Pointed { repository: tag.repository, tag: tag.tag, digest: tag.digest, seen: tag.seen })
            .collect()
    }

    /// Keeps these in place of what was remembered; that they cannot be kept costs knowing less the next time.
    pub fn keep(&self, pointed: &BTreeSet<Pointed>) {
        let kept = |tag: &Pointed| KeptTag {
            repository: tag.repository.clone(),
            tag: tag.tag.clone(),
            digest: tag.digest.clone(),
            seen: tag.seen,
        };
        let kept = Kept { lineage: FORMAT, pointed: pointed.iter().take(MOST).map(kept).collect() };
        if let Ok(bytes) = serde_json::to_vec(&kept) {
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
        let tag = Pointed { repository: "global/os".into(), tag: "12".into(), digest: Digest::of(b"os"), seen: None };
        let seen = Pointed { tag: "13".into(), seen: Some(1_790_000_000), ..tag.clone() };
        let both = BTreeSet::from([tag, seen]);
        memory.keep(&both);
        assert_eq!(memory.read(), both);
        let before = std::fs::read_to_string(state.path().join("lineage.json")).unwrap();
        assert!(before.contains("1790000000") && !before.contains("null"), "{before}");
        std::fs::write(state.path().join("lineage.json"), "{\"lineage\":2,\"pointed\":[]}").unwrap();
        assert!(memory.read().is_empty());
        std::fs::write(state.path().join("lineage.json"), "[").unwrap();
        assert!(memory.read().is_empty());
    }
}
