//! What goes wrong with journals on disk, and how it is told. Repairs nothing.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::journal::{Damage, FormatError, OrderError};
use crate::report::{Kind, Report};

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An event that cannot stand where it would.
    #[error("event out of order")]
    Order(#[from] OrderError),
    /// An event that cannot be written.
    #[error("event cannot be written")]
    Format(#[from] FormatError),
    /// An earlier append failed: nothing more is taken.
    #[error("H-03: the journal failed before and takes nothing more")]
    Broken,
    /// A journal to append to is damaged.
    #[error("cannot append to {}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: Damage,
    },
    /// Another process is this bake's worker.
    #[error("bake {0} has a worker already")]
    Locked(String),
    /// A step whose name is no file name.
    #[error("step name {0:?} is no file name")]
    StepName(String),
    /// The kernel gives no more watches.
    #[error("cannot watch {}", path.display())]
    Watch {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl JournalError {
    /// An error of the file system, for `map_err`.
    pub(in crate::adapters) fn io<E: Into<io::Error>>(what: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source: source.into() }
    }
}

impl From<JournalError> for Report {
    fn from(error: JournalError) -> Self {
        let report = Self::new(Kind::Failed, &error);
        match &error {
            JournalError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                report.help("free some space below the state folder: bakery gc")
            }
            JournalError::Watch { .. } => {
                report.help("raise fs.inotify.max_user_instances, or close some viewers of bakes")
            }
            _ => report,
        }
    }
}
