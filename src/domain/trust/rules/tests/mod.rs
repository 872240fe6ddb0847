//! Rules on made-up images, with hostile ones by family.

mod bases;
mod contracts;
mod exceptions;
mod gaps;
mod images;
mod layers;
mod regos;
mod watched;

use std::sync::Arc;

use super::*;
use crate::domain::layer::{ContentDigest, Entry, Kind, LayerContents, Node, Tree};
use crate::domain::oci::{Descriptor, DiffId, Digest, ExecConfig, ImageConfig, Platform};
use crate::domain::trust::signature::{Attached, AttestationSeen, Form, Outcome, SignatureSeen, Signer};
use crate::domain::trust::{CheckVerdict, Finding, reason};

/// 2026-07-01.
pub const NOW: i64 = 1_782_864_000;
pub const DAY: i64 = 86_400;

pub fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub fn node(kind: Kind, mode: u32) -> Node {
    Node { kind, mode, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
}

pub fn file(content: &str) -> Node {
    node(Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) }, 0o644)
}

pub fn folder() -> Node {
    Node::plain_folder(0)
}

pub fn symlink(target: &str) -> Node {
    node(Kind::Symlink(target.as_bytes().into()), 0o777)
}

/// A layer: what it brings, what it takes away, which folders it empties.
pub fn layer(entries: &[(&str, Node)], whiteouts: &[&str], opaques: &[&str]) -> LayerContents {
    let bytes = |paths: &[&str]| paths.iter().map(|path| path.as_bytes().into()).collect();
    let entry = |(path, node): &(&str, Node)| Entry { path: path.as_bytes().into(), node: node.clone() };
    LayerContents { entries: entries.iter().map(entry).collect(), whiteouts: bytes(whiteouts), opaques: bytes(opaques) }
}

pub fn brings(entries: &[(&str, Node)]) -> LayerContents {
    layer(entries, &[], &[])
}

/// A local image of these layers, of which so many are inherited, by itself without fault.
pub fn image(layers: &[LayerContents], inherited: u32) -> Evidence {
    let mut tree = Tree::default();
    layers.iter().for_each(|layer| tree.apply(layer).unwrap());
    let platform: Platform = "linux/amd64".parse().unwrap();
    let mut config = ImageConfig::scratch(&platform);
    config.config = Some(ExecConfig { user: Some("app".into()), ..ExecConfig::default() });
    config.rootfs.diff_ids = (0..layers.len()).map(|at| DiffId(digest(&format!("diff {at}")))).collect();
    let descriptor = |at: usize| Descriptor {
        media_type: crate::domain::oci::media_type::LAYER_GZIP.into(),
        digest: digest(&format!("blob {at}")),
        size: 1_000_000,
        ..serde_json::from_value(serde_json::json!({"mediaType": "x", "digest": digest("x"), "size": 0})).unwrap()
    };
    Evidence {
        reference: "local/team-a/app:1".into(),
        store: Some("local".into()),
        repository: "team-a/app".into(),
        tag: Some("1".into()),
        is_local: true,
        platform,
        digest: digest("image"),
        index: None,
        annotations: Default::default(),
        layers: (0..layers.len()).map(descriptor).collect(),
        config: Arc::new(config),
        created: Some(NOW - 10 * DAY),
        attached: Ok(Attached { signatures: vec![signed(good())], attestations: Vec::new() }),
        inherited,
        tree: Ok(Arc::new(tree)),
        packages: Ok(Arc::new(Vec::new())),
        secrets: Ok(Vec::new()),
        tag_now: Ok(Some(digest("image"))),
        last_seen: None,
    }
}

/// A base of the global store, one layer large, without fault.
pub fn base() -> Evidence {
    Evidence {
        reference: "global/python:3.12".into(),
        store: Some("global".into()),
        repository: "python".into(),
        is_local: false,
        digest: digest("base"),
        tag_now: Ok(Some(digest("base"))),
        ..image(&[brings(&[("etc/os", file("x"))])], 0)
    }
}

pub fn with_label(mut image: Evidence, name: &str, value: &str) -> Evidence {
    let mut config = (*image.config).clone();
    let execution = config.config.get_or_insert_default();
    execution.labels.get_or_insert_default().insert(name.into(), value.into());
    image.config = Arc::new(config);
    image
}

pub fn with_user(mut image: Evidence, user: Option<&str>) -> Evidence {
    let mut config = (*image.config).clone();
    config.config.get_or_insert_default().user = user.map(Into::into);
    image.config = Arc::new(config);
    image
}

pub fn good() -> Outcome {
    Outcome::Good { signer: Signer::Key { name: "global".into(), fingerprint: "3f9a".repeat(16) } }
}

pub fn signed(outcome: Outcome) -> SignatureSeen {
    SignatureSeen { form: Form::Bundle, at: digest("signature"), outcome }
}

pub fn attested(predicate_type: &str, outcome: Outcome, predicate: serde_json::Value) -> AttestationSeen {
    let predicate = matches!(outcome, Outcome::Good { .. }).then_some(predicate);
    AttestationSeen { form: Form::Bundle, at: digest("att"), predicate_type: predicate_type.into(), outcome, predicate }
}

/// Judges one check alone.
pub fn judged(check: &str, case: Case<'_>) -> (CheckVerdict, String, Vec<String>) {
    let found = one(check, case).unwrap();
    (found.finding.verdict, found.finding.reason.into_owned(), found.finding.evidence)
}

/// The same by the built-in policy, as `verdict reason`.
pub fn plain(check: &str, evidence: &Evidence) -> String {
    by(check, evidence, &Policy::default())
}

/// The same by a policy.
pub fn by(check: &str, evidence: &Evidence, policy: &Policy) -> String {
    let contract = Contract::default();
    let (verdict, reason, lines) = judged(check, Case::new(evidence, &contract, policy, NOW));
    assert!(matches!(verdict, CheckVerdict::Pass | CheckVerdict::Skip) || !lines.is_empty(), "{check} says not why");
    format!("{} {reason}", verdict.as_str())
}

#[test]
fn checks_come_in_the_order_of_the_contract() {
    use crate::domain::trust::policy::{CHECKS, named_by};
    let (image, base, contract, policy) = (image(&[], 0), base(), Contract::default(), Policy::default());
    let told = [
        Check::new("repro.match", Finding::new(CheckVerdict::Pass, "repro.same", Vec::new())),
        Check::new("test.a", Finding::new(CheckVerdict::Fail, "test.failed", vec!["x".into()])),
        Check::new("base.signature", Finding::new(CheckVerdict::Pass, reason::SIGNED, Vec::new())),
    ];
    let case = Case { told: &told, ..Case::new(&image, &contract, &policy, NOW) };
    let ids = |checks: Vec<Check>| checks.into_iter().map(|check| check.id).collect::<Vec<_>>();
    let known: Vec<&str> = CHECKS.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids(of_base(Case::new(&base, &contract, &policy, NOW))), known[..6]);
    let mut expected = known[4..19].to_vec();
    // What others say counts for tests and the second bake only: nobody says for a rule that it holds.
    expected.extend(["test.a", "repro.match"]);
    let of_image_ids = ids(of_image(case));
    assert_eq!(of_image_ids, expected);
    assert!(of_image_ids.iter().all(|id| named_by(id).is_some()));
    let baking = ids(of_image(Case { is_published: false, ..case }));
    assert!(!baking.iter().any(|id| ["image.signature", "image.provenance", "image.sbom"].contains(&id.as_str())));
}
