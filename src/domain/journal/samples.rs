//! Events for tests: one of each kind, and small makers.

use super::event::{
    BakeStarted, BakeStatus, ChangeOp, CheckVerdict, Event, EventKind, Failure, LayerBlob, SealedLayer, SeenAgainst,
    SeenChange, SeenSecret,
};
use crate::domain::oci::{Descriptor, DiffId, Digest, media_type};
use crate::domain::plan::{CacheKey, Ids, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};

pub(crate) fn step(id: &str) -> StepId {
    StepId(id.into())
}

pub(crate) fn started() -> EventKind {
    EventKind::BakeStarted(BakeStarted {
        bake: "01JZ0000000000000000000000".into(),
        reference: "team-a/payments-api:1.4.0".into(),
        recipe: "recipes/pay/pay.yaml".into(),
        recipe_digest: Digest::of(b"recipe: 1\n"),
        base: "global/python:3.12".into(),
        base_digest: Some(Digest::of(b"base")),
        platforms: vec!["linux/amd64".parse().unwrap()],
        engine: "embedded".into(),
        seats: Vec::new(),
        pid: 4711,
        host: "build-07".into(),
        user: "baker".into(),
    })
}

pub(crate) fn plan(steps: &[&str]) -> Plan {
    let planned = |id: &&str| PlannedStep {
        id: step(id),
        action: "copy".into(),
        summary: "app -> /srv/app".into(),
        line: 9,
        cache_key: CacheKey(Digest::of(id.as_bytes())),
        will_run: true,
        reason: Reason::InputsChanged { paths: vec!["app/main.py".into()], count: 3 },
    };
    Plan {
        reference: "team-a/payments-api:1.4.0".into(),
        recipe: "recipes/pay/pay.yaml".into(),
        recipe_digest: Digest::of(b"recipe: 1\n"),
        base: "global/python:3.12".into(),
        base_digest: Some(Digest::of(b"base")),
        stale: Some(false),
        created: 0,
        ids: Ids::Exact,
        platforms: vec![PlatformPlan {
            platform: "linux/amd64".parse().unwrap(),
            base: Some(PlannedBase { manifest: Digest::of(b"base"), layers: 3, size: 52_100_000, missing: 0 }),
            steps: steps.iter().map(planned).collect(),
        }],
    }
}

pub(crate) fn failure() -> Failure {
    Failure {
        message: "step 2 (run) failed".into(),
        causes: vec!["exit status 7".into()],
        help: Some("read its log: bakery log".into()),
        exit_code: 1,
        builder: None,
    }
}

pub(crate) fn sealed(id: &str, layer: bool) -> EventKind {
    EventKind::LayerSealed(SealedLayer {
        step: step(id),
        platform: "linux/amd64".parse().unwrap(),
        layer: layer.then(|| LayerBlob {
            descriptor: Descriptor::new(media_type::LAYER_GZIP, Digest::of(id.as_bytes()), 1_200_000),
            diff_id: DiffId(Digest::of(b"tar")),
            uncompressed: 3_000_000,
        }),
        added: 31,
        modified: 4,
        deleted: 14,
    })
}

/// A failing bake that says everything a bake can say.
pub(crate) fn every_kind() -> Vec<Event> {
    let one = || step("1");
    let two = || step("2");
    let image = Descriptor::new(media_type::MANIFEST, Digest::of(b"image"), 1234);
    let kinds = vec![
        started(),
        EventKind::PlanBuilt(plan(&["1", "2"])),
        EventKind::CheckStarted { check: "base.signature".into() },
        EventKind::CheckFinished {
            check: "base.signature".into(),
            verdict: CheckVerdict::Pass,
            reason: "signature.valid".into(),
            evidence: vec!["key global (ecdsa-p256 3f9a…)".into()],
        },
        EventKind::StepStarted { step: one() },
        EventKind::StepCached { step: one(), key: CacheKey(Digest::of(b"key")) },
        sealed("1", false),
        EventKind::StepStarted { step: two() },
        EventKind::StepOutput { step: two(), offset: 0, length: 12 },
        EventKind::StepProgressed { step: two(), done: 500_000, total: None },
        EventKind::StepProgressed { step: two(), done: 1_000_000, total: Some(1_000_000) },
        EventKind::LayerChanged {
            step: two(),
            changes: vec![
                SeenChange {
                    secrets: vec![SeenSecret { rule: "jwt".into(), line: 3, masked: "eyJh*** (90 characters)".into() }],
                    against: vec![SeenAgainst { check: "layer.secrets".into(), verdict: CheckVerdict::Fail }],
                    ..SeenChange::new(ChangeOp::Added, "/srv/app/.env", 12, 0o644)
                },
                SeenChange::new(ChangeOp::Modified, "/etc/\u{1b}[31m", 1, 0o4755),
                SeenChange::new(ChangeOp::Deleted, "/var/cache", 0, 0),
            ],
        },
        EventKind::StepFinished { step: two(), millis: 3120 },
        sealed("2", true),
        EventKind::StepStarted { step: step("3") },
        EventKind::StepFailed { step: step("3"), millis: 5, failure: failure() },
        EventKind::ImageCommitted { reference: "team-a/payments-api:1.4.0".into(), image },
        EventKind::ImageSigned { digest: Digest::of(b"image"), key: "ecdsa-p256 77aa".into() },
        EventKind::ImagePublished {
            reference: "registry.example:5000/team-a/payments-api:1.4.0".into(),
            digest: Digest::of(b"image"),
        },
        EventKind::CancelRequested { by: "baker".into() },
        EventKind::BakeFinished { status: BakeStatus::Failed, millis: 7012, failure: Some(failure()) },
    ];
    number(kinds)
}

/// `kinds` as events a second apart.
pub(crate) fn number(kinds: Vec<EventKind>) -> Vec<Event> {
    let at = |seq: usize| format!("2026-07-01T10:{:02}:{:02}.125Z", seq / 60, seq % 60);
    kinds.into_iter().enumerate().map(|(n, kind)| Event { seq: n as u64 + 1, at: at(n), kind }).collect()
}
