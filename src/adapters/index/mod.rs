//! Layer indexes: what a layer holds, told from one pass over its blob and remembered by blob and diffID, so that a base
//! need not be unpacked to be built upon or compared. Knows no bakes.
//!
//! Reading order: `scan` (from a blob), `databases` (of packages) and `secrets` (both met on the way), `write` and `read` (the file an index is
//! kept in), `decode` (decompressing).

mod databases;
mod decode;
mod read;
mod rpm_database;
mod scan;
mod secrets;
mod window;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::layer::packages::Database;
use crate::domain::layer::{ContentDigest, Entry, LayerContents};
use crate::domain::oci::{Descriptor, DiffId, Digest};

pub use databases::Databases;
pub use decode::{DecodeError, Digested, Seen, decode};
pub use read::{IndexFileError, IndexReader, is_there, read};
pub use scan::{IndexError, collect, scan, scan_to};
pub use secrets::{FoundSecret, LayerSecrets};
pub use write::{IndexWriter, write};

/// First bytes of an index file; they change with the format and with the rules for secrets, and a file with others counts
/// as absent.
const MAGIC: &[u8; 8] = b"bkindex3";
/// Largest account file remembered (T-23).
pub const MAX_REMEMBERED: u64 = 1 << 20;

/// What a layer says beside its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Folders whose lower content is gone.
    pub opaques: Vec<Box<[u8]>>,
    /// Paths that are gone.
    pub whiteouts: Vec<Box<[u8]>>,
    /// Contents of account files, by digest.
    pub remembered: Vec<(ContentDigest, Arc<[u8]>)>,
    /// What package managers keep in it.
    pub databases: Vec<Database>,
    /// What looks like a secret in it.
    pub secrets: LayerSecrets,
}

/// What a layer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerIndex {
    /// Entries with the digests of all contents, and whiteouts.
    pub contents: LayerContents,
    /// Contents of account files, by digest.
    pub remembered: Vec<(ContentDigest, Arc<[u8]>)>,
    /// What package managers keep in it.
    pub databases: Vec<Database>,
    /// What looks like a secret in it.
    pub secrets: LayerSecrets,
}

impl LayerIndex {
    fn of(head: Head, entries: Vec<Entry>) -> Self {
        let Head { opaques, whiteouts, remembered, databases, secrets } = head;
        Self { contents: LayerContents { entries, whiteouts, opaques }, remembered, databases, secrets }
    }
}

/// Whether a file's content is remembered: owners are looked up in it.
pub fn is_account_file(path: &[u8]) -> bool {
    path.ends_with(b"etc/passwd") || path.ends_with(b"etc/group")
}

/// Where the index of a layer stands below the cache folder. The name holds the blob too: that a diffID is known does
/// not mean that another blob said to have it does.
pub fn path_of(cache: &Path, blob: &Descriptor, diff_id: &DiffId) -> PathBuf {
    let pair = Digest::of(format!("{} {diff_id}", blob.digest).as_bytes());
    cache.join("indexes").join(pair.encoded())
}
