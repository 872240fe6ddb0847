//! Engines beyond this process. What bakes a recipe's running steps elsewhere is a [`Builder`]; everything else (files put, layers
//! sealed, config, tests, checks, the tag) is done here, so that the image is the same wherever it was baked.

#[cfg(feature = "engines")]
mod archive;
#[cfg(feature = "engines")]
pub mod buildkit;
mod changes;
#[cfg(feature = "engines")]
mod daemon;
mod engine;
mod ground;
#[cfg(feature = "engines")]
mod left;
mod merged;
mod step;

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::BaseImage;
use crate::domain::engine::Capabilities;
use crate::domain::journal::Failure;
use crate::domain::oci::{Descriptor, ImageRef, Platform};
use crate::report::{Kind, Report};

#[cfg(feature = "engines")]
pub use daemon::{Daemon, DaemonKind};
pub use engine::{RemoteEngine, SeatedEngine};
pub use ground::{GroundImage, GroundLayer};

/// What a builder is asked to build.
#[derive(Clone)]
pub struct Order {
    /// Folder that is the build context; it holds `Dockerfile` and all that names.
    pub context: PathBuf,
    /// For which platform.
    pub platform: Platform,
    /// Secrets by the names the Dockerfile mounts them by.
    pub secrets: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// Ignore what the builder kept.
    pub no_cache: bool,
    /// Let steps use the builder's own network where the Dockerfile says `--network=host`.
    pub host_network: bool,
    /// Empty folder that becomes an OCI image layout with exactly one image, without a name.
    pub result: PathBuf,
    /// Folder for layers that are there before the image is.
    pub early: PathBuf,
}

/// A layer that came from a builder, as a blob in a file here.
#[derive(Clone, Debug)]
pub struct LayerFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub descriptor: Descriptor,
}

/// How what a step stands on gets to a builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseBy {
    /// As one archive of all files in the build context: every builder can do with it.
    Context,
    /// As an image of its own, which it keeps.
    Image,
}

/// What a builder tells while it builds.
pub trait Told: Send + Sync {
    /// An instruction of the Dockerfile begins: the number of its line, from 1.
    fn began(&self, line: usize);
    /// It is done; `cached` where nothing was run for it.
    fn ended(&self, line: usize, cached: bool);
    /// It wrote this to its output.
    fn output(&self, line: usize, bytes: &[u8]);
    /// It left this layer, which can be had though what comes after it is not done yet: told in the order of the lines, after
    /// [`Told::ended`]. Unless it is `proven` to be of this build nothing is sure of it until the result has it by this very
    /// descriptor.
    fn left(&self, _line: usize, _layer: LayerFile, _proven: bool) {}
}

/// Builds Dockerfiles somewhere else.
#[async_trait]
pub trait Builder: Send + Sync {
    /// What it is called: as the workspace names it.
    fn name(&self) -> String;

    /// What it can do, asked of it.
    async fn capabilities(&self) -> Result<Capabilities, BuilderError>;

    /// How what a step stands on gets to it.
    fn base_by(&self) -> BaseBy {
        BaseBy::Context
    }

    /// Whether its Dockerfiles say which network a step has (`RUN --network=`); else `Order::host_network` alone does.
    fn says_network(&self) -> bool {
        true
    }

    /// What a bake is going to stand on, as the recipe names it and as it was found, one a platform: for who can have it from
    /// where it comes from.
    fn stands_on(&self, _base: &ImageRef, _images: &[BaseImage]) {}

    /// Takes an image, and gives the name a `FROM` has it by. Only asked of who has its base [`BaseBy::Image`].
    async fn take(&self, _ground: &GroundImage, _cancel: &CancellationToken) -> Result<String, BuilderError> {
        Err(BuilderError::Protocol { builder: self.name(), what: "that it takes no images".into() })
    }

    /// An image it took is not needed any more by this bake. What later bakes stand on, too, it may keep.
    async fn forget(&self, _name: &str) {}

    /// Waits for what nobody had to wait for until now: a bake is over.
    async fn settle(&self) {}

    /// Whether a cancel ends what runs there, too; else it goes on until its own end, for nobody.
    fn ends_cancelled(&self) -> bool {
        true
    }

    /// Whether what it has of a build that goes on tells by a label which build that is ([`Told::left`]).
    fn tells_builds(&self) -> bool {
        false
    }

    /// Builds, and leaves the result in `order.result`. A cancel stops the builder, too, where it can.
    async fn build(&self, order: &Order, told: &dyn Told, cancel: &CancellationToken) -> Result<(), BuilderError>;
}

/// Why a builder gave nothing. Whether another one may do better hangs on the kind.
#[derive(Debug, thiserror::Error)]
pub enum BuilderError {
    /// It cannot be reached, or is gone: refused, unresolved, reset, certificate refused.
    #[error("builder {builder} cannot be reached")]
    Unreachable {
        /// Which.
        builder: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It does not speak as it should.
    #[error("builder {builder} answered {what}")]
    Protocol {
        /// Which.
        builder: String,
        /// What it said.
        what: String,
    },
    /// It has no room left.
    #[error("builder {builder} has no room left: {what}")]
    Full {
        /// Which.
        builder: String,
        /// In its words.
        what: String,
    },
    /// It said nothing for this long.
    #[error("builder {builder} said nothing for {seconds} s")]
    Silent {
        /// Which.
        builder: String,
        /// How long.
        seconds: u64,
    },
    /// The instruction in this line failed: the recipe's fault, wherever it is baked.
    #[error("line {line} failed: {what}")]
    Instruction {
        /// Line of the Dockerfile, from 1; 0 where it does not tell.
        line: usize,
        /// Exit code of the program, where one ran.
        exit_code: Option<i32>,
        /// In its words.
        what: String,
    },
    /// Something here.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
}

impl BuilderError {
    /// Whether the builder is at fault, so that another one may be tried.
    pub fn is_builders_fault(&self) -> bool {
        self.at_fault().is_some()
    }

    /// The builder, where it is at fault.
    pub fn at_fault(&self) -> Option<&str> {
        match self {
            Self::Unreachable { builder, .. }
            | Self::Protocol { builder, .. }
            | Self::Full { builder, .. }
            | Self::Silent { builder, .. } => Some(builder),
            Self::Instruction { .. } | Self::Io { .. } | Self::Cancelled => None,
        }
    }

    /// As a step's failure in the journal.
    pub fn to_failure(&self) -> Failure {
        let kind = if self.is_builders_fault() { Kind::Unreachable } else { Kind::Failed };
        let Report { kind, message, causes, help } = Report::new(kind, self);
        let help = help.or_else(|| self.help());
        Failure { message, causes, help, exit_code: kind.exit_code(), builder: self.at_fault().map(str::to_owned) }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => {
                Some("is it running, and may this user reach it? `bakery doctor` asks the workspace's engines".into())
            }
            Self::Full { builder, .. } => {
                Some(format!("free room on {builder}, then bake again: what is done is kept"))
            }
            _ => None,
        }
    }
}
