//! Events: facts of a bake, in the past tense. Knows no file format and no clock; the writer gives `seq` and `at`.

use crate::domain::oci::{Descriptor, DiffId, Digest, Platform};
use crate::domain::plan::{CacheKey, Plan, StepId};
pub use crate::domain::trust::CheckVerdict;
use crate::domain::trust::secrets::Hit;

/// A fact with its place in the order and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// From 1, without gaps.
    pub seq: u64,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// What happened.
    pub kind: EventKind,
}

/// What happened (contract section 7).
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// `bake.started`: always first.
    BakeStarted(BakeStarted),
    /// `plan.built`.
    PlanBuilt(Plan),
    /// `step.started`.
    StepStarted {
        /// Which.
        step: StepId,
    },
    /// `step.output`: bytes appended to `logs/STEP.log`.
    StepOutput {
        /// Which.
        step: StepId,
        /// Where in the log.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// `step.progressed`.
    StepProgressed {
        /// Which.
        step: StepId,
        /// Bytes done.
        done: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// `step.cached`: the result was there; a `layer.sealed` follows unless the step made none.
    StepCached {
        /// Which.
        step: StepId,
        /// Under which key.
        key: CacheKey,
    },
    /// `step.finished`.
    StepFinished {
        /// Which.
        step: StepId,
        /// How long it took, from a monotonic clock.
        millis: u64,
    },
    /// `step.failed`.
    StepFailed {
        /// Which.
        step: StepId,
        /// How long it took.
        millis: u64,
        /// Why.
        failure: Failure,
    },
    /// `layer.changed`: an estimate seen while a step runs.
    LayerChanged {
        /// Which step.
        step: StepId,
        /// A batch.
        changes: Vec<SeenChange>,
    },
    /// `layer.sealed`: the exact layer.
    LayerSealed(SealedLayer),
    /// `check.started`.
    CheckStarted {
        /// Check identifier.
        check: String,
    },
    /// `check.finished`.
    CheckFinished {
        /// Check identifier.
        check: String,
        /// `pass`, `warn`, `fail`, `skip`, `unknown`.
        verdict: CheckVerdict,
        /// Stable reason code.
        reason: String,
        /// Lines a person can act on.
        evidence: Vec<String>,
    },
    /// `image.committed`: the image is in the local store under its tag.
    ImageCommitted {
        /// `NAME:TAG`.
        reference: String,
        /// Manifest, or index for several platforms.
        image: Descriptor,
    },
    /// `image.signed`.
    ImageSigned {
        /// What was signed.
        digest: Digest,
        /// Fingerprint of the key.
        key: String,
    },
    /// `image.published`.
    ImagePublished {
        /// Where.
        reference: String,
        /// What.
        digest: Digest,
    },
    /// `cancel.requested`.
    CancelRequested {
        /// Who asked.
        by: String,
    },
    /// `bake.finished`: always last.
    BakeFinished {
        /// How it ended.
        status: BakeStatus,
        /// How long the bake took.
        millis: u64,
        /// Why, unless it is `ok`.
        failure: Option<Failure>,
    },
}

/// `bake.started`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakeStarted {
    /// The bake's ULID.
    pub bake: String,
    /// `NAME:TAG`.
    pub reference: String,
    /// Recipe file as the user named it.
    pub recipe: String,
    /// Digest of the frozen recipe text.
    pub recipe_digest: Digest,
    /// Base as the recipe names it.
    pub base: String,
    /// What it was pinned to; `None` for scratch.
    pub base_digest: Option<Digest>,
    /// Platforms baked.
    pub platforms: Vec<Platform>,
    /// Engine; of several all, each once: `docker://a + docker://b`.
    pub engine: String,
    /// Who bakes each platform, where a pool of builders does; empty: `engine` bakes all.
    pub seats: Vec<SeatTaken>,
    /// Worker process.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// User name.
    pub user: String,
}

/// A platform, and the builder of a pool that bakes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatTaken {
    /// Which platform.
    pub platform: Platform,
    /// The builder's engine.
    pub engine: String,
    /// What the workspace calls the builder.
    pub builder: String,
}

/// Why something failed, as a report carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What failed, on what.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
    /// Process exit code of this kind of failure.
    pub exit_code: u8,
    /// The builder at fault, where it is one's: another may do better.
    pub builder: Option<String>,
}

/// One change seen while a step runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChange {
    /// What happened to the path.
    pub op: ChangeOp,
    /// Absolute path in the image.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Permission bits; of all but a regular file with the type's, as in `st_mode`.
    pub mode: u32,
    /// What looks like a secret in it.
    pub secrets: Vec<SeenSecret>,
    /// Checks that it breaks, as far as can be told while the step runs.
    pub against: Vec<SeenAgainst>,
}

impl SeenChange {
    /// A change that nobody has looked into.
    pub fn new(op: ChangeOp, path: impl Into<String>, size: u64, mode: u32) -> Self {
        Self { op, path: path.into(), size, mode, secrets: Vec::new(), against: Vec::new() }
    }
}

/// What looks like a secret in a file. Never holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSecret {
    /// Stable name of the rule that found it.
    pub rule: String,
    /// The line, from 1.
    pub line: u32,
    /// How the value begins, and how long it is.
    pub masked: String,
}

impl From<&Hit> for SeenSecret {
    fn from(hit: &Hit) -> Self {
        Self { rule: hit.rule.to_owned(), line: hit.line, masked: hit.masked.clone() }
    }
}

/// A check a changed path breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAgainst {
    /// Check identifier.
    pub check: String,
    /// `fail`, or `warn` where the policy only warns.
    pub verdict: CheckVerdict,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeOp {
    /// Was not there below.
    Added,
    /// Was there, and differs.
    Modified,
    /// Was there, and is gone.
    Deleted,
}

/// `layer.sealed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLayer {
    /// Which step made it.
    pub step: StepId,
    /// For which platform.
    pub platform: Platform,
    /// The blob; `None` when nothing changed and the step made no layer.
    pub layer: Option<LayerBlob>,
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted.
    pub deleted: u64,
}

/// A stored layer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LayerBlob {
    /// The blob as stored.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: DiffId,
    /// Bytes of the uncompressed tar.
    pub uncompressed: u64,
}

/// How a bake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BakeStatus {
    /// The image is in the local store.
    Ok,
    /// A step or the engine failed.
    Failed,
    /// Verification said no.
    Rejected,
    /// The user stopped it.
    Cancelled,
}

impl BakeStatus {
    /// The word in journals and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}
