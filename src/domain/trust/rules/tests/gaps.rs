//! What is not known never passes, whichever it is, and whatever else is known.

use proptest::prelude::*;

use super::*;
use crate::domain::trust::policy::{CHECKS, Demand, Exception, RegoFile};
use crate::domain::trust::{Gap, Known};

/// A policy that asks everything, and excepts everything.
fn asking(except: bool) -> Policy {
    let mut policy = Policy::default();
    policy.base.allow = Some(vec!["**".into()]);
    policy.base.max_age = Some(std::time::Duration::from_secs(1 << 30));
    policy.base.stale = Demand::Forbid;
    let image = &mut policy.image;
    image.world_writable = Demand::Forbid;
    image.user = Some("nonroot".into());
    image.max_layer = Some(1 << 40);
    image.max_total = Some(1 << 40);
    image.require_labels = vec!["team".into()];
    image.forbid_paths = vec!["/never".into()];
    image.forbid_packages = vec!["never".into()];
    if except {
        let excepting = |(check, _): &(&str, _)| Exception {
            check: (*check).to_owned(),
            path: None,
            reason: "all".into(),
            until: None,
            line: 1,
        };
        policy.exceptions = CHECKS.iter().map(excepting).collect();
    }
    let rule = |name: &str, field: &str| RegoFile {
        name: name.into(),
        text: format!("package bakery\ndeny contains \"x\" if {{ some one in input.{field}; one == \"never\" }}\n"),
    };
    let fields = ["attestations", "changes", "packages", "secrets", "signatures"];
    policy.with_rego(fields.iter().map(|field| rule(field, field)).collect())
}

/// Which checks rest on which gap.
const RESTS: &[(&str, &[&str])] = &[
    (
        "attached",
        &[
            "base.signature",
            "image.signature",
            "image.provenance",
            "image.sbom",
            "policy.attestations",
            "policy.signatures",
        ],
    ),
    (
        "tree",
        &[
            "lineage.contract",
            "layer.setuid",
            "layer.world-writable",
            "layer.device-nodes",
            "layer.paths",
            "policy.changes",
        ],
    ),
    ("packages", &["image.packages", "policy.packages", "lineage.contract"]),
    ("secrets", &["layer.secrets", "policy.secrets"]),
    ("tag_now", &["base.fresh"]),
    ("base", &["lineage.layers", "lineage.contract"]),
    ("contract", &["lineage.contract"]),
    ("created", &["base.age"]),
];

fn unknown<T>(gap: &Gap) -> Known<T> {
    Err(gap.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn s11_no_gap_ever_passes(mask in 1_usize..256, code in 0_usize..4, except: bool) {
        let gap = Gap { reason: [reason::UNREACHABLE, reason::CANCELLED, reason::NOT_FOUND, reason::UNUSABLE][code], why: "x".into() };
        let has = |name: &str| RESTS.iter().position(|(gap, _)| *gap == name).is_some_and(|at| mask & (1 << at) != 0);
        let mut evidence = with_label(image(&[brings(&[("a", file("x"))])], 0), "team", "a");
        if has("attached") { evidence.attached = unknown(&gap); }
        if has("tree") { evidence.tree = unknown(&gap); }
        if has("packages") { evidence.packages = unknown(&gap); }
        if has("secrets") { evidence.secrets = unknown(&gap); }
        if has("tag_now") { evidence.tag_now = unknown(&gap); }
        if has("created") { evidence.created = None; }
        let contract = Contract::parse(r#"{"protected": ["/a"], "forbid-packages": ["x"]}"#).unwrap();
        let (policy, nothing) = (asking(except), Contract::default());
        let mut case = Case::new(&evidence, &contract, &policy, NOW);
        case.from_scratch = true;
        if has("base") { case.base_gap = Some(&gap); }
        if has("contract") {
            case.contract_gap = Some(&gap);
            case.contract = &nothing;
        }
        let checks: Vec<Check> = of_image(case).into_iter().chain(of_base(case)).collect();
        for (_, rests) in RESTS.iter().filter(|(name, _)| has(name)) {
            for check in checks.iter().filter(|check| rests.contains(&check.id.as_str())) {
                prop_assert_eq!(check.finding.verdict, CheckVerdict::Unknown, "{:?}", check);
                prop_assert!(!check.finding.evidence.is_empty());
            }
        }
    }
}

#[test]
fn what_is_known_passes() {
    let spdx = serde_json::json!({"spdxVersion": "SPDX-2.3"});
    let provenance = serde_json::json!({"buildDefinition": {}, "runDetails": {"builder": {"id": "x"}}});
    let mut evidence = with_label(image(&[brings(&[("a", file("x"))])], 0), "team", "a");
    evidence.attached = Ok(Attached {
        signatures: vec![signed(good())],
        attestations: vec![
            attested("https://slsa.dev/provenance/v1", good(), provenance),
            attested("https://spdx.dev/Document", good(), spdx),
        ],
    });
    let contract = Contract::parse(r#"{"protected": ["/a"], "forbid-packages": ["x"]}"#).unwrap();
    let policy = asking(false);
    let case = Case { from_scratch: true, ..Case::new(&evidence, &contract, &policy, NOW) };
    for check in of_image(case).into_iter().chain(of_base(case)) {
        assert_eq!(check.finding.verdict, CheckVerdict::Pass, "{check:?}");
    }
}

#[test]
fn s05_a_tree_of_fewer_layers_than_the_image_is_no_tree() {
    let mut evidence = image(&[brings(&[("a", file("x"))]), brings(&[])], 0);
    evidence.tree = image(&[brings(&[])], 0).tree;
    assert_eq!(plain("layer.setuid", &evidence), "unknown store.unusable");
    assert_eq!(plain("layer.setuid", &Evidence { inherited: 9, ..image(&[], 0) }), "unknown store.unusable");
}
