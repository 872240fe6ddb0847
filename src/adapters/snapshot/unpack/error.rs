//! Why a layer cannot be extracted.

use std::io;

use rustix::io::Errno;

use crate::domain::layer::{EntryError, ScanError, TreeError};
use crate::domain::text::escape_bytes;

/// Why a layer cannot be extracted. What was extracted before stays: the folder is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive breaks a rule of archives.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A path nobody may use.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A path that leads nowhere.
    #[error(transparent)]
    Path(#[from] TreeError),
    /// The layer holds what no snapshot may.
    #[error("{family}: {path}: {why}")]
    Refused {
        /// Hostile-input family.
        family: &'static str,
        /// The entry, escaped.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody wants it to end.
    #[error("cancelled")]
    Cancelled,
    /// The system refuses.
    #[error("{path}: cannot {action}")]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// The entry, escaped; `/` for the root.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl UnpackError {
    /// For `map_err`: what was tried with which entry.
    pub(super) fn io(action: &'static str, path: &[u8]) -> impl FnOnce(Errno) -> Self {
        let path = if path.is_empty() { "/".to_owned() } else { escape_bytes(path) };
        move |errno| match errno {
            Errno::NAMETOOLONG => {
                Self::Refused { family: "T-14", path, why: "leads to a name longer than the system can hold".into() }
            }
            errno => Self::Io { action, path, source: errno.into() },
        }
    }
}
