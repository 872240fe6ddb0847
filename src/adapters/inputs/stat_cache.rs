//! Digests of files that have not changed since they were read, so that a rebake does not read them again.
//!
//! Safe against races as git's index is: a file touched within two seconds of the scan that read it is not remembered,
//! since it could change again within the same time stamp. A file that cannot be read whole is no cache.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::walk::Stamp;
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::Digest;

/// First bytes of the file; changes with its format.
const MAGIC: &[u8; 8] = b"bkinput1";
/// Five numbers of a stamp and a SHA-256.
const RECORD: usize = 5 * 8 + 32;
/// Most of a cache file that is read.
const MAX_BYTES: usize = 200 << 20;
/// How old a file must be to be remembered, in nanoseconds.
const SETTLED: i64 = 2_000_000_000;

/// The remembered digests of one `from`.
#[derive(Default)]
pub(super) struct StatCache {
    known: HashMap<(u64, u64), (Stamp, [u8; 32])>,
}

/// Where the cache of a recipe folder's `from` stands.
pub(super) fn path_of(cache: &Path, folder: &Path, from: &str) -> PathBuf {
    let mut key = folder.as_os_str().as_encoded_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(from.as_bytes());
    cache.join("inputs").join(Digest::of(&key).encoded())
}

impl StatCache {
    /// Reads a cache; an empty one where there is none or it is damaged.
    pub(super) fn read(path: &Path) -> Self {
        let bytes = read_bounded(path, MAX_BYTES).ok().flatten().unwrap_or_default();
        Self::decode(&bytes).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc32fast::hash(body).to_le_bytes() != sum {
            return None;
        }
        let records = body.strip_prefix(MAGIC)?.chunks_exact(RECORD);
        let mut known = HashMap::with_capacity(records.len());
        for record in records {
            let number = |at: usize| record.get(at * 8..at * 8 + 8)?.try_into().ok().map(u64::from_le_bytes);
            let stamp = Stamp {
                device: number(0)?,
                inode: number(1)?,
                size: number(2)?,
                modified: number(3)?.cast_signed(),
                changed: number(4)?.cast_signed(),
            };
            known.insert((stamp.device, stamp.inode), (stamp, record.get(40..)?.try_into().ok()?));
        }
        Some(Self { known })
    }

    /// The digest of a file that still has the stamp it had.
    pub(super) fn digest(&self, stamp: &Stamp) -> Option<Digest> {
        let (known, digest) = self.known.get(&(stamp.device, stamp.inode))?;
        (known == stamp).then(|| format!("sha256:{}", hex::encode(digest)).parse().ok()).flatten()
    }

    /// Remembers what a scan that began at `now` (nanoseconds since 1970) found.
    pub(super) fn remember(found: &[(Stamp, Digest)], now: i64) -> Self {
        let settled = |time: i64| time < now.saturating_sub(SETTLED);
        let mut known = HashMap::with_capacity(found.len());
        for (stamp, digest) in found.iter().filter(|(stamp, _)| settled(stamp.modified) && settled(stamp.changed)) {
            let mut bytes = [0; 32];
            if hex::decode_to_slice(digest.encoded(), &mut bytes).is_ok() {
                known.insert((stamp.device, stamp.inode), (*stamp, bytes));
            }
        }
        Self { known }
    }

    /// Whether both remember the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.known == other.known
    }

    /// Writes it whole or not at all. A cache that cannot be written is only slower.
    pub(super) fn write(&self, path: &Path) {
        let mut bytes = Vec::with_capacity(MAGIC.len() + self.known.len() * RECORD + 4);
        bytes.extend_from_slice(MAGIC);
        for (stamp, digest) in self.known.values() {
            let numbers =
                [stamp.device, stamp.inode, stamp.size, stamp.modified.cast_unsigned(), stamp.changed.cast_unsigned()];
            numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
            bytes.extend_from_slice(digest);
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        // Nothing depends on it.
        let _ = write_whole(path, &bytes, Durability::Cache);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_files_are_not_remembered_and_damage_is_no_cache() {
        let stamp = |inode, modified| Stamp { device: 1, inode, size: 3, modified, changed: modified };
        let now = 100 * SETTLED;
        let found = [(stamp(1, 0), Digest::of(b"old")), (stamp(2, now - 1), Digest::of(b"new"))];
        let cache = StatCache::remember(&found, now);
        assert_eq!(cache.digest(&stamp(1, 0)), Some(Digest::of(b"old")));
        assert_eq!(cache.digest(&stamp(2, now - 1)), None);
        assert_eq!(cache.digest(&stamp(1, 5)), None, "another time is another file");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inputs/x");
        cache.write(&path);
        assert!(StatCache::read(&path).same(&cache));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(StatCache::read(&path).digest(&stamp(1, 0)), None);
    }
}
