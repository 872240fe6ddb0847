//! What can go wrong with a store, told so that a baker knows whose fault it is. Refusals name their family.

use std::io;

use crate::domain::oci::{Digest, ManifestError, ReferenceError};
use crate::report::{Kind, Report};

/// A store failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing answers: connection, name resolution, TLS, timeout.
    #[error("{store}: cannot be reached")]
    Unreachable {
        /// Which store.
        store: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store answered no: credentials, rights, rate limits, a status it should not have.
    #[error("{store}: refused {action}: {reason}")]
    Refused {
        /// Which store.
        store: String,
        /// What was asked.
        action: String,
        /// Status and the store's own escaped words.
        reason: String,
    },
    /// No such repository, tag, manifest or blob.
    #[error("{store}: {what} not found")]
    NotFound {
        /// Which store.
        store: String,
        /// Repository with tag or digest.
        what: String,
    },
    /// The registry offers no catalog.
    #[error("{store}: offers no catalog")]
    CatalogUnsupported {
        /// Which store.
        store: String,
    },
    /// Bytes are not those the digest or size names.
    #[error("{family}: content of {expected} does not match: {detail}")]
    Mismatch {
        /// Hostile-input family: J-03, R-06 or R-10.
        family: &'static str,
        /// What was asked for.
        expected: Digest,
        /// What was found.
        detail: String,
    },
    /// The store broke the protocol, or a bound was crossed.
    #[error("{store}: {family}: {detail}")]
    Hostile {
        /// Which store.
        store: String,
        /// Hostile-input family.
        family: &'static str,
        /// What it did.
        detail: String,
    },
    /// A manifest that is none.
    #[error("{store}: manifest of {what} is unusable")]
    Manifest {
        /// Which store.
        store: String,
        /// Repository with tag or digest.
        what: String,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A name the store holds is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The file system said no.
    #[error("{action} {path}")]
    Io {
        /// What was tried: `write`, `rename`, …
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A store that is only read.
    #[error("{store}: is only read; it was asked to {action}")]
    ReadOnly {
        /// Which store.
        store: String,
        /// What was asked.
        action: &'static str,
    },
    /// A lock somebody else holds.
    #[error("{store}: {detail}")]
    Busy {
        /// Which store.
        store: String,
        /// Who holds what.
        detail: String,
    },
}

impl StoreError {
    /// For `map_err` on file operations.
    pub fn io(action: &'static str, path: impl AsRef<std::path::Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().display().to_string();
        move |source| Self::Io { action, path, source }
    }
}

impl From<StoreError> for Report {
    fn from(error: StoreError) -> Self {
        let (kind, help) = match &error {
            StoreError::Unreachable { .. } => (
                Kind::Unreachable,
                Some("check the address in bakery.yaml and the network; `bakery doctor` tries every store"),
            ),
            StoreError::Refused { reason, .. } if !reason.starts_with("401") && !reason.starts_with("403") => {
                (Kind::Unreachable, None)
            }
            StoreError::Refused { .. } => {
                (Kind::Unreachable, Some("log in with `skopeo login` or `docker login`; bakery reads their auth files"))
            }
            StoreError::NotFound { .. } => {
                (Kind::Unreachable, Some("`bakery store ls` lists the repositories and tags there are"))
            }
            StoreError::CatalogUnsupported { .. } => (
                Kind::Unreachable,
                Some("list the repositories you use under `repositories:` of the store in bakery.yaml"),
            ),
            StoreError::Mismatch { .. } | StoreError::Hostile { .. } | StoreError::Manifest { .. } => (
                Kind::Failed,
                Some("nothing was stored; tell whoever runs that store, `bakery fsck` checks the local one"),
            ),
            StoreError::ReadOnly { .. } => (
                Kind::Usage,
                Some("`bakery export docker IMAGE` and `bakery export podman IMAGE` give a daemon an image"),
            ),
            StoreError::Busy { .. } => (Kind::Failed, Some("try again when the other bake or gc has ended")),
            StoreError::Reference(_) | StoreError::Io { .. } => (Kind::Failed, None),
        };
        let report = Report::new(kind, &error);
        match help {
            Some(help) => report.help(help),
            None => report,
        }
    }
}
