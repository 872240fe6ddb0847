//! Why a step that needs no shell failed, and what the baker can do about it.

use crate::adapters::engine::embedded::events::Stopped;
use crate::adapters::engine::embedded::running::RunError;
use crate::adapters::index::{DecodeError, IndexError};
use crate::adapters::inputs::InputsError;
use crate::adapters::sandbox::SandboxError;
use crate::adapters::secrets::SecretError;
use crate::adapters::store::StoreError;
use crate::domain::journal::Failure;
use crate::domain::layer::{EntryError, PackError, ScanError, StageError, TreeError};
use crate::report::{Kind, Report};

/// A step's failure.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::engine) enum StepError {
    /// The tree does not allow it.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A path leads nowhere.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name nobody may use.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The archive cannot be unpacked.
    #[error("archive {from:?} cannot be unpacked")]
    Archive {
        /// As the recipe names it.
        from: String,
        /// Why.
        #[source]
        source: ScanError,
    },
    /// The archive is compressed in a way bakery does not read.
    #[error("archive {from:?} cannot be unpacked")]
    Decode {
        /// As the recipe names it.
        from: String,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A member that may not be unpacked.
    #[error("{family}: archive {from:?}: {member:?} {why}")]
    Member {
        /// Hostile-input family.
        family: &'static str,
        /// As the recipe names it.
        from: String,
        /// The member, escaped.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// An owner's name the image does not know.
    #[error("the image has no {what} {name:?}: {why}")]
    Account {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it was looked for.
        why: String,
    },
    /// Nothing to remove.
    #[error("nothing in the image is called {0:?}")]
    NothingThere(String),
    /// Not a glob.
    #[error("{glob:?} is no glob")]
    Glob {
        /// As written.
        glob: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
    /// An input is not what it was when the plan was made.
    #[error("Y-04: {0:?} changed while being baked")]
    Changed(String),
    /// The plan holds nothing about what the step reads.
    #[error("nothing is known about the inputs of this step")]
    NoInputs,
    /// An input cannot be opened.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// A layer below cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The layer cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The layout does not take the layer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool for an archive's contents.
    #[error("cannot {action} in the cache folder")]
    Spool {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Compressing failed.
    #[error("layer cannot be compressed")]
    Compress(#[source] std::io::Error),
    /// What it runs did not end well.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A secret it asks for cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The builder it was given to did not do it.
    #[error(transparent)]
    Builder(#[from] crate::adapters::engine::remote::BuilderError),
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The journal takes nothing more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl StepError {
    fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Stage(StageError::NotAFolder { .. } | StageError::Folder(_)) => {
                "choose another `to`, or put a `remove` step before this one"
            }
            Self::Entry(EntryError::Whiteout(_)) => "rename it, or name it under `exclude`",
            Self::Member { family: "T-02", .. } => "unpack into the folder the link points to",
            Self::Member { family: "T-08", .. } => "make a new archive without devices and pipes",
            Self::Decode { .. } => "pack it again with gzip or zstd",
            Self::Account { .. } => "make the account in a step before this one, or use numbers: \"1000:1000\"",
            Self::NothingThere(_) => "a base of another version may hold other paths; take the path out of `remove`",
            Self::Changed(_) => "bake again when nobody writes there",
            Self::Spool { .. } => "is the disk full? `bakery doctor` says where the cache is",
            _ => return None,
        })
    }

    /// Whether the user, not the step, ended it.
    pub(in crate::adapters::engine) fn is_cancel(&self) -> bool {
        if matches!(self, Self::Builder(crate::adapters::engine::remote::BuilderError::Cancelled)) {
            return true;
        }
        matches!(
            self,
            Self::Cancelled
                | Self::Stopped(_)
                | Self::Index(IndexError::Cancelled)
                | Self::Run(RunError::Sandbox(SandboxError::Cancelled))
        )
    }

    /// As the journal carries it.
    pub(in crate::adapters::engine) fn into_failure(self) -> Failure {
        let Report { kind, message, causes, help } = self.into_report();
        Failure { message, causes, help, exit_code: kind.exit_code() }
    }

    /// As a user sees it where there is no journal.
    pub(in crate::adapters::engine) fn into_report(self) -> Report {
        let help = self.help();
        let report = match self {
            Self::Store(error) => Report::from(error),
            Self::Inputs(error) => Report::from(error),
            Self::Secret(error) => Report::from(error),
            Self::Run(RunError::Sandbox(error)) => Report::from(error),
            Self::Run(error) => {
                let report = Report::new(Kind::Failed, &error);
                let causes = [report.causes, error.last_lines().to_vec()].concat();
                Report { causes, help: error.help(), ..report }
            }
            error if error.is_cancel() => Report::new(Kind::Cancelled, &error),
            error => Report::new(Kind::Failed, &error),
        };
        let help = report.help.or_else(|| help.map(str::to_owned));
        Report { help, ..report }
    }
}
