//! Engines: what executes a plan. This file is the port; `embedded` works on this machine without a daemon.
//!
//! An engine only emits facts into a [`Sink`]; it never reads the journal and never knows a viewer.

pub mod embedded;
pub mod remote;
pub mod scripted;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::adapters::host::IdMode;
use crate::adapters::store::Store;
use crate::adapters::store::layout::Layout;
use crate::domain::engine::Capabilities;
use crate::domain::journal::{EventKind, Failure};
use crate::domain::oci::{Compression, Descriptor, Digest, ImageConfig, ImageManifest, Platform, Repository};
use crate::domain::plan::{InputManifest, Plan, StepId};
use crate::domain::recipe::{Recipe, SecretSource};
use crate::report::{Kind, Report};

/// Takes facts. If it fails, the bake stops: what is not in the journal did not happen.
pub trait Sink: Send + Sync {
    /// Records a fact.
    fn emit(&self, kind: EventKind) -> Result<(), SinkError>;

    /// Appends to a step's log and records where.
    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError>;
}

/// A fact could not be recorded.
#[derive(Debug, thiserror::Error)]
#[error("journal does not take the event")]
pub struct SinkError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Asked when everything is made and nothing has a name yet. An image that is refused is kept for looking at, and never
/// tagged.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Judges the image of each platform; every check is told to `sink`. Gives those that stand in the way, each with its
    /// evidence.
    async fn judge(
        &self,
        manifests: &[(Platform, Descriptor)],
        sink: &dyn Sink,
    ) -> Result<Vec<(String, Vec<String>)>, EngineError>;

    /// Attaches what belongs to the image before it gets its tag: signatures, statements. `image` is the manifest, or the
    /// index of several.
    async fn attach(
        &self,
        image: &Descriptor,
        manifests: &[(Platform, Descriptor)],
        sink: &dyn Sink,
    ) -> Result<(), EngineError>;
}

/// Everything an engine needs; all of it pinned.
#[derive(Clone)]
pub struct BakeJob {
    /// What to do.
    pub plan: Plan,
    /// The recipe the plan was built from.
    pub recipe: Recipe,
    /// Folder the recipe's `from` paths are relative to.
    pub recipe_folder: PathBuf,
    /// What each step of the recipe reads from beside it, in the recipe's order; `None` for steps that read nothing.
    pub inputs: Vec<Option<InputManifest>>,
    /// The base for each platform of the plan, in the plan's order; empty for scratch.
    pub bases: Vec<BaseImage>,
    /// Where the result goes: the local store's layout.
    pub target: Arc<Layout>,
    /// Folder of the step cache.
    pub cache: PathBuf,
    /// How to pack.
    pub packing: Packing,
    /// Ignore cached results.
    pub no_cache: bool,
    /// Which ids steps that run something get.
    pub ids: IdMode,
    /// How long one of them may take; `None` for as long as it wants.
    pub step_timeout: Option<Duration>,
    /// Where the secrets its steps ask for are had.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Who is asked before the tag moves; `None`: nobody.
    pub gatekeeper: Option<Arc<dyn Gatekeeper>>,
}

/// One platform's base image, with the store its layers come from.
#[derive(Clone)]
pub struct BaseImage {
    /// Platform it serves.
    pub platform: Platform,
    /// Its manifest's digest.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: ImageManifest,
    /// Its config.
    pub config: ImageConfig,
    /// Where its blobs are.
    pub store: Arc<dyn Store>,
    /// In which repository.
    pub repository: Repository,
    /// The store itself where it is a layout on this machine: its blobs are linked instead of copied.
    pub layout: Option<Arc<Layout>>,
}

impl BaseImage {
    /// Its environment, `NAME=value`: what steps that run something see.
    pub fn env(&self) -> &[String] {
        self.config.config.as_ref().and_then(|config| config.env.as_deref()).unwrap_or_default()
    }
}

/// How layers are packed. Part of every cache key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// gzip (default) or zstd.
    pub compression: Compression,
    /// Compressor's level; `None` for the default of each.
    pub level: Option<i32>,
    /// Threads; never changes the bytes.
    pub threads: usize,
}

impl Packing {
    /// Everything layer bytes depend on, in words: goes into cache keys.
    pub fn describe(&self) -> String {
        let name = match self.compression {
            Compression::None => return "none".to_owned(),
            Compression::Gzip => "gzip flate2-1.1.9 zlib-rs-0.6.8",
            Compression::Zstd => "zstd zstd-0.13.3 jobs-4M",
        };
        format!("{name} level {}", self.level_in_force())
    }

    /// The level asked for, within what the compressor knows; else its default here. gzip's 3 was measured: within 2 % of
    /// the size of other tools' 6, in three quarters of the time.
    pub fn level_in_force(&self) -> i32 {
        match self.compression {
            Compression::None => 0,
            Compression::Gzip => self.level.unwrap_or(3).clamp(0, 9),
            Compression::Zstd => self.level.unwrap_or(3).clamp(1, 22),
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baked {
    /// `NAME:TAG` in the local store.
    pub reference: String,
    /// Manifest, or index for several platforms.
    pub image: Descriptor,
}

/// Why an engine gave up. Events about the failed step are already in the sink.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A step failed.
    #[error("step {step} ({action}) failed")]
    Step {
        /// Which.
        step: StepId,
        /// Its kind.
        action: String,
        /// Why.
        failure: Failure,
    },
    /// Reading the base or writing the result failed.
    #[error(transparent)]
    Store(#[from] crate::adapters::store::StoreError),
    /// The journal did not take an event.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A check does not hold; the tag was not moved.
    #[error("{} {}", failed.iter().map(|(check, _)| check.as_str()).collect::<Vec<_>>().join(", "),
        if failed.len() == 1 { "does not hold" } else { "do not hold" })]
    Rejected {
        /// Checks that failed, each with its evidence.
        failed: Vec<(String, Vec<String>)>,
    },
    /// The gatekeeper could not do its work.
    #[error(transparent)]
    Gate(Box<Report>),
    /// The builder it was given to did not do it.
    #[error(transparent)]
    Builder(#[from] remote::BuilderError),
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The plan asks for what this engine cannot do.
    #[error("the {engine} engine cannot {what}")]
    Unsupported {
        /// Which engine.
        engine: &'static str,
        /// What was asked.
        what: String,
    },
}

impl From<EngineError> for Report {
    fn from(error: EngineError) -> Self {
        let report = Self::new(Kind::Failed, &error);
        match error {
            EngineError::Step { failure, .. } => Self {
                kind: Kind::of_exit_code(failure.exit_code),
                causes: std::iter::once(failure.message).chain(failure.causes).collect(),
                help: failure.help,
                ..report
            },
            EngineError::Store(error) => error.into(),
            EngineError::Gate(report) => *report,
            EngineError::Rejected { failed } => Self {
                kind: Kind::Rejected,
                causes: failed.into_iter().flat_map(|(_, evidence)| evidence).collect(),
                help: Some("the tag was not moved; mend what the checks say, and bake again".into()),
                ..report
            },
            EngineError::Cancelled => Self { kind: Kind::Cancelled, ..report },
            EngineError::Unsupported { .. } => {
                report.help("nothing was written; `bakery plan` shows the recipe's steps")
            }
            EngineError::Builder(error) if error.is_builders_fault() => {
                Self { kind: Kind::Unreachable, help: error.help(), ..report }
            }
            EngineError::Builder(_) => report,
            EngineError::Sink(_) => report,
        }
    }
}

/// Executes plans.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name in journals.
    fn name(&self) -> &'static str;

    /// What it can do, asked of it.
    async fn capabilities(&self) -> Result<Capabilities, EngineError>;

    /// Carries out the plan, emitting every fact from the first step to `image.committed`.
    async fn bake(&self, job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError>;
}
