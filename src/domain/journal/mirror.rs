//! The kinds of journal lines as they stand on disk, format 1: apart from the run-time events, so that renaming a field
//! there changes no journal. Opens no file, checks no order.
//!
//! A plan's own serialized form is part of the format; the golden journal in the tests holds both to it.

use serde::{Deserialize, Serialize};

use super::event::{
    BakeStarted, BakeStatus, ChangeOp, CheckVerdict, EventKind, Failure, LayerBlob, SealedLayer, SeatTaken,
    SeenAgainst, SeenChange, SeenSecret,
};
use super::upgrade::FORMAT;
use crate::domain::oci::{Descriptor, DiffId, Digest, Platform};
use crate::domain::plan::{CacheKey, Plan, StepId};

/// A fact on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub(super) enum Fact {
    #[serde(rename = "bake.started")]
    BakeStarted {
        format: u32,
        bake: String,
        reference: String,
        recipe: String,
        recipe_digest: Digest,
        base: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_digest: Option<Digest>,
        platforms: Vec<Platform>,
        engine: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<Seat>,
        pid: u32,
        host: String,
        user: String,
    },
    #[serde(rename = "plan.built")]
    PlanBuilt { plan: Plan },
    #[serde(rename = "step.started")]
    StepStarted { step: StepId },
    #[serde(rename = "step.output")]
    StepOutput { step: StepId, offset: u64, length: u64 },
    #[serde(rename = "step.progressed")]
    StepProgressed {
        step: StepId,
        done: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    #[serde(rename = "step.cached")]
    StepCached { step: StepId, key: CacheKey },
    #[serde(rename = "step.finished")]
    StepFinished { step: StepId, millis: u64 },
    #[serde(rename = "step.failed")]
    StepFailed { step: StepId, millis: u64, failure: Reasons },
    #[serde(rename = "layer.changed")]
    LayerChanged { step: StepId, changes: Vec<Change> },
    #[serde(rename = "layer.sealed")]
    LayerSealed {
        step: StepId,
        platform: Platform,
        #[serde(flatten)]
        layer: Option<Blob>,
        added: u64,
        modified: u64,
        deleted: u64,
    },
    #[serde(rename = "check.started")]
    CheckStarted { id: String },
    #[serde(rename = "check.finished")]
    CheckFinished { id: String, verdict: Verdict, reason: String, evidence: Vec<String> },
    #[serde(rename = "image.committed")]
    ImageCommitted { reference: String, digest: Digest, size: u64, media_type: String },
    #[serde(rename = "image.signed")]
    ImageSigned { digest: Digest, key: String },
    #[serde(rename = "image.published")]
    ImagePublished { reference: String, digest: Digest },
    #[serde(rename = "cancel.requested")]
    CancelRequested { by: String },
    #[serde(rename = "bake.finished")]
    BakeFinished {
        status: Status,
        millis: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Reasons>,
    },
}

/// Who bakes a platform, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Seat {
    platform: Platform,
    engine: String,
    builder: String,
}

/// Why something failed, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reasons {
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    exit_code: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    builder: Option<String>,
}

/// A change seen, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Change {
    op: Op,
    path: String,
    size: u64,
    mode: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<Secret>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    against: Vec<Against>,
}

/// What looks like a secret, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Secret {
    rule: String,
    line: u32,
    masked: String,
}

/// A check a change breaks, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Against {
    id: String,
    verdict: Verdict,
}

/// A stored layer, on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Blob {
    digest: Digest,
    size: u64,
    media_type: String,
    diff_id: DiffId,
    uncompressed: u64,
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident of $event:ident { $($variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub(super) enum $name { $($variant),+ }

        impl From<$event> for $name {
            fn from(value: $event) -> Self {
                match value { $($event::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $event {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

word!(
    /// What happened to a path, on disk.
    Op of ChangeOp { Added, Modified, Deleted }
);
word!(
    /// Outcome of a check, on disk.
    Verdict of CheckVerdict { Pass, Warn, Fail, Skip, Unknown }
);
word!(
    /// How a bake ended, on disk.
    Status of BakeStatus { Ok, Failed, Rejected, Cancelled }
);

impl From<&Failure> for Reasons {
    fn from(failure: &Failure) -> Self {
        let Failure { message, causes, help, exit_code, builder } = failure.clone();
        Self { message, causes, help, exit_code, builder }
    }
}

impl From<Reasons> for Failure {
    fn from(reasons: Reasons) -> Self {
        let Reasons { message, causes, help, exit_code, builder } = reasons;
        Self { message, causes, help, exit_code, builder }
    }
}

impl From<&SeenChange> for Change {
    fn from(change: &SeenChange) -> Self {
        let SeenChange { op, path, size, mode, secrets, against } = change.clone();
        let secret = |SeenSecret { rule, line, masked }| Secret { rule, line, masked };
        let broken = |SeenAgainst { check, verdict }| Against { id: check, verdict: verdict.into() };
        let (secrets, against) = (secrets.into_iter().map(secret).collect(), against.into_iter().map(broken).collect());
        Self { op: op.into(), path, size, mode, secrets, against }
    }
}

impl From<Change> for SeenChange {
    fn from(change: Change) -> Self {
        let Change { op, path, size, mode, secrets, against } = change;
        let secret = |Secret { rule, line, masked }| SeenSecret { rule, line, masked };
        let broken = |Against { id, verdict }| SeenAgainst { check: id, verdict: verdict.into() };
        let (secrets, against) = (secrets.into_iter().map(secret).collect(), against.into_iter().map(broken).collect());
        Self { op: op.into(), path, size, mode, secrets, against }
    }
}

impl From<&LayerBlob> for Blob {
    fn from(blob: &LayerBlob) -> Self {
        Self {
            digest: blob.descriptor.digest.clone(),
            size: blob.descriptor.size,
            media_type: blob.descriptor.media_type.clone(),
            diff_id: blob.diff_id.clone(),
            uncompressed: blob.uncompressed,
        }
    }
}

impl From<Blob> for LayerBlob {
    fn from(blob: Blob) -> Self {
        Self {
            descriptor: Descriptor::new(blob.media_type, blob.digest, blob.size),
            diff_id: blob.diff_id,
            uncompressed: blob.uncompressed,
        }
    }
}

impl Fact {
    /// Whether this format has a kind of that name.
    pub(super) fn is_known(kind: &str) -> bool {
        const KINDS: [&str; 17] = [
            "bake.started",
            "plan.built",
            "step.started",
            "step.output",
            "step.progressed",
            "step.cached",
            "step.finished",
            "step.failed",
            "layer.changed",
            "layer.sealed",
            "check.started",
            "check.finished",
            "image.committed",
            "image.signed",
            "image.published",
            "cancel.requested",
            "bake.finished",
        ];
        KINDS.contains(&kind)
    }
}

impl From<&EventKind> for Fact {
    fn from(kind: &EventKind) -> Self {
        match kind.clone() {
            EventKind::BakeStarted(started) => started.into(),
            EventKind::PlanBuilt(plan) => Self::PlanBuilt { plan },
            EventKind::StepStarted { step } => Self::StepStarted { step },
            EventKind::StepOutput { step, offset, length } => Self::StepOutput { step, offset, length },
            EventKind::StepProgressed { step, done, total } => Self::StepProgressed { step, done, total },
            EventKind::StepCached { step, key } => Self::StepCached { step, key },
            EventKind::StepFinished { step, millis } => Self::StepFinished { step, millis },
            EventKind::StepFailed { step, millis, failure } => {
                Self::StepFailed { step, millis, failure: (&failure).into() }
            }
            EventKind::LayerChanged { step, changes } => {
                Self::LayerChanged { step, changes: changes.iter().map(Change::from).collect() }
            }
            EventKind::LayerSealed(sealed) => Self::LayerSealed {
                step: sealed.step,
                platform: sealed.platform,
                layer: sealed.layer.as_ref().map(Blob::from),
                added: sealed.added,
                modified: sealed.modified,
                deleted: sealed.deleted,
            },
            EventKind::CheckStarted { check } => Self::CheckStarted { id: check },
            EventKind::CheckFinished { check, verdict, reason, evidence } => {
                Self::CheckFinished { id: check, verdict: verdict.into(), reason, evidence }
            }
            EventKind::ImageCommitted { reference, image } => {
                Self::ImageCommitted { reference, digest: image.digest, size: image.size, media_type: image.media_type }
            }
            EventKind::ImageSigned { digest, key } => Self::ImageSigned { digest, key },
            EventKind::ImagePublished { reference, digest } => Self::ImagePublished { reference, digest },
            EventKind::CancelRequested { by } => Self::CancelRequested { by },
            EventKind::BakeFinished { status, millis, failure } => {
                Self::BakeFinished { status: status.into(), millis, failure: failure.as_ref().map(Reasons::from) }
            }
        }
    }
}

impl From<BakeStarted> for Fact {
    fn from(started: BakeStarted) -> Self {
        let seat = |SeatTaken { platform, engine, builder }| Seat { platform, engine, builder };
        Self::BakeStarted {
            format: FORMAT,
            bake: started.bake,
            reference: started.reference,
            recipe: started.recipe,
            recipe_digest: started.recipe_digest,
            base: started.base,
            base_digest: started.base_digest,
            platforms: started.platforms,
            engine: started.engine,
            seats: started.seats.into_iter().map(seat).collect(),
            pid: started.pid,
            host: started.host,
            user: started.user,
        }
    }
}

impl From<Fact> for EventKind {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::BakeStarted {
                format: _,
                bake,
                reference,
                recipe,
                recipe_digest,
                base,
                base_digest,
                platforms,
                engine,
                seats,
                pid,
                host,
                user,
            } => Self::BakeStarted(BakeStarted {
                bake,
                reference,
                recipe,
                recipe_digest,
                base,
                base_digest,
                platforms,
                engine,
                seats: seats
                    .into_iter()
                    .map(|Seat { platform, engine, builder }| SeatTaken { platform, engine, builder })
                    .collect(),
                pid,
                host,
                user,
            }),
            Fact::PlanBuilt { plan } => Self::PlanBuilt(plan),
            Fact::StepStarted { step } => Self::StepStarted { step },
            Fact::StepOutput { step, offset, length } => Self::StepOutput { step, offset, length },
            Fact::StepProgressed { step, done, total } => Self::StepProgressed { step, done, total },
            Fact::StepCached { step, key } => Self::StepCached { step, key },
            Fact::StepFinished { step, millis } => Self::StepFinished { step, millis },
            Fact::StepFailed { step, millis, failure } => Self::StepFailed { step, millis, failure: failure.into() },
            Fact::LayerChanged { step, changes } => {
                Self::LayerChanged { step, changes: changes.into_iter().map(SeenChange::from).collect() }
            }
            Fact::LayerSealed { step, platform, layer, added, modified, deleted } => Self::LayerSealed(SealedLayer {
                step,
                platform,
                layer: layer.map(LayerBlob::from),
                added,
                modified,
                deleted,
            }),
            Fact::CheckStarted { id } => Self::CheckStarted { check: id },
            Fact::CheckFinished { id, verdict, reason, evidence } => {
                Self::CheckFinished { check: id, verdict: verdict.into(), reason, evidence }
            }
            Fact::ImageCommitted { reference, digest, size, media_type } => {
                Self::ImageCommitted { reference, image: Descriptor::new(media_type, digest, size) }
            }
            Fact::ImageSigned { digest, key } => Self::ImageSigned { digest, key },
            Fact::ImagePublished { reference, digest } => Self::ImagePublished { reference, digest },
            Fact::CancelRequested { by } => Self::CancelRequested { by },
            Fact::BakeFinished { status, millis, failure } => {
                Self::BakeFinished { status: status.into(), millis, failure: failure.map(Failure::from) }
            }
        }
    }
}
