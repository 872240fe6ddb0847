//! What can go wrong with inputs, told so that a baker can mend it.

use std::io;

use crate::report::{Kind, Report};

/// Why inputs cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InputsError {
    /// Nothing there.
    #[error("no file or folder {path:?} beside the recipe")]
    Missing {
        /// Relative to the recipe's folder.
        path: String,
    },
    /// A link, or `..`, on the way leads out.
    #[error("Y-04: {path:?} leads out of the recipe's folder")]
    Leaves {
        /// Relative to the recipe's folder.
        path: String,
    },
    /// Neither file, folder nor symlink.
    #[error("Y-04: {path:?} is {kind}, which has no content")]
    Special {
        /// Relative to the recipe's folder.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// A name that is no text.
    #[error("name is not UTF-8: {path}")]
    NotUtf8 {
        /// Relative to the recipe's folder, escaped.
        path: String,
    },
    /// It was replaced by something else while it was read.
    #[error("Y-04: {path:?} changed while it was read")]
    Changed {
        /// Relative to the recipe's folder.
        path: String,
    },
    /// More than one step may copy.
    #[error("{path:?} holds more than {limit} files")]
    TooMany {
        /// Relative to the recipe's folder.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// Not a glob.
    #[error("{glob:?} is no glob: {why}")]
    Glob {
        /// As written.
        glob: String,
        /// Why.
        why: String,
    },
    /// The file system said no.
    #[error("{action} {path:?}")]
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

impl InputsError {
    pub(super) fn io(action: &'static str, path: &str) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.to_owned();
        move |errno| Self::Io { action, path, source: errno.into() }
    }
}

impl From<InputsError> for Report {
    fn from(error: InputsError) -> Self {
        let (kind, help) = match &error {
            InputsError::Missing { .. } => (Kind::Usage, Some("paths in `from` begin in the recipe's folder")),
            InputsError::Leaves { .. } => (Kind::Usage, Some("copy the files to beside the recipe")),
            InputsError::Special { .. } => (Kind::Usage, Some("remove it, or name it under `exclude`")),
            InputsError::NotUtf8 { .. } => (Kind::Usage, Some("rename it, or name it under `exclude`")),
            InputsError::TooMany { .. } => (Kind::Usage, Some("leave out what the image does not need: `exclude`")),
            InputsError::Changed { .. } => (Kind::Failed, Some("try again when nobody writes there")),
            InputsError::Glob { .. } => (Kind::Usage, None),
            InputsError::Io { .. } => (Kind::Failed, None),
        };
        let report = Self::new(kind, &error);
        match help {
            Some(help) => report.help(help),
            None => report,
        }
    }
}
