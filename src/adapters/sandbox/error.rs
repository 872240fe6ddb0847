//! Why the sandbox failed: it, not what ran in it.

use std::io;

use super::wire::Refusal;
use crate::report::{Kind, Report};

/// The sandbox's failure.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The keeper cannot be started.
    #[error("the sandbox cannot be started")]
    Start(#[source] io::Error),
    /// A program of the system that maps ids cannot be started.
    #[error("{program} cannot be started")]
    Program {
        /// Which.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Subordinate ids were refused.
    #[error("{program} refused the subordinate ids: {words}")]
    Mapping {
        /// Which program.
        program: &'static str,
        /// Its own words.
        words: String,
    },
    /// Namespaces, mounts and the like were refused by this host.
    #[error("this host refuses the sandbox: {}", .0.message)]
    Host(Refusal),
    /// The keeper did not do what it was asked.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The keeper ended in the midst of it.
    #[error("the sandbox ended unexpectedly")]
    Lost(#[source] io::Error),
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
}

impl SandboxError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Start(_) | Self::Program { .. } | Self::Mapping { .. } | Self::Host(_) => {
                Some("`bakery doctor` says what this host lacks, with the command that mends it".into())
            }
            Self::Refused(refusal) if refusal.message.starts_with("overlayfs") => Some(
                "put BAKERY_HOME on a file system overlayfs takes (ext4, xfs, btrfs), or install fuse-overlayfs".into(),
            ),
            Self::Refused(_) | Self::Lost(_) | Self::Cancelled => None,
        }
    }
}

impl From<SandboxError> for Report {
    fn from(error: SandboxError) -> Self {
        let kind = if matches!(error, SandboxError::Cancelled) { Kind::Cancelled } else { Kind::Failed };
        let help = error.help();
        let mut report = Self::new(kind, &error);
        if let SandboxError::Refused(refusal) | SandboxError::Host(refusal) = error {
            report.causes.extend(refusal.causes);
        }
        Self { help, ..report }
    }
}
