//! Layer indexes: what a layer holds, told from one pass over its blob and remembered by blob and
//! diffID, so that a base need
//! not be unpacked to be built upon.

mod decode;
mod file;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::layer::{ContentDigest, LayerContents};
use crate::domain::oci::{Descriptor, DiffId, Digest};

pub(super) use decode::{DecodeError, Digested, decode};
pub(super) use file::{read, write};
pub(super) use scan::{IndexError, collect, scan};

/// Largest account file remembered (T-23).
pub(super) const MAX_REMEMBERED: u64 = 1 << 20;

/// What a layer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LayerIndex {
    /// Entries with the digests of all contents, and whiteouts.
    pub(super) contents: LayerContents,
    /// Contents of account files, by digest.
    pub(super) remembered: Vec<(ContentDigest, Arc<[u8]>)>,
}

/// Whether a file's content is remembered: owners are looked up in it.
pub(super) fn is_account_file(path: &[u8]) -> bool {
    path.ends_with(b"etc/passwd") || path.ends_with(b"etc/group")
}

/// Where the index of a layer stands below the cache folder. The name holds the blob too: that a diffID is known does
/// not mean that another blob said to have it does.
pub(super) fn path_of(cache: &Path, blob: &Descriptor, diff_id: &DiffId) -> PathBuf {
    let pair = Digest::of(format!("{} {diff_id}", blob.digest).as_bytes());
    cache.join("indexes").join(pair.encoded())
}
