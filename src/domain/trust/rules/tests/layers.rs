//! What own layers bring, and only those.

use super::*;
use crate::domain::trust::SecretSeen;
use crate::domain::trust::policy::Demand;

/// An image whose base brings what its own layer brings.
fn twice(entries: &[(&str, Node)]) -> (Evidence, Evidence) {
    let inherited = image(&[brings(entries), brings(&[("x", file("x"))])], 1);
    (inherited, image(&[brings(&[]), brings(entries)], 1))
}

#[test]
fn only_what_own_layers_bring_counts() {
    let device = |kind: fn(u32, u32) -> Kind| node(kind(1, 3), 0o600);
    let cases: Vec<(&str, Node, &str)> = vec![
        ("layer.setuid", Node { mode: 0o4755, ..file("x") }, "fail layer.setuid"),
        ("layer.setuid", Node { mode: 0o2755, ..file("x") }, "fail layer.setuid"),
        ("layer.setuid", Node { mode: 0o2775, ..folder() }, "pass layer.clean"),
        ("layer.world-writable", Node { mode: 0o666, ..file("x") }, "warn layer.world-writable"),
        ("layer.world-writable", Node { mode: 0o777, ..folder() }, "warn layer.world-writable"),
        ("layer.world-writable", Node { mode: 0o1777, ..folder() }, "pass layer.clean"),
        ("layer.world-writable", Node { mode: 0o1666, ..file("x") }, "warn layer.world-writable"),
        ("layer.world-writable", symlink("x"), "pass layer.clean"),
        ("layer.device-nodes", device(|major, minor| Kind::Char { major, minor }), "fail layer.device-node"),
        ("layer.device-nodes", device(|major, minor| Kind::Block { major, minor }), "fail layer.device-node"),
        ("layer.device-nodes", node(Kind::Fifo, 0o600), "pass layer.clean"),
    ];
    for (check, node, expected) in cases {
        let (inherited, own) = twice(&[("a/b", node.clone())]);
        assert_eq!(plain(check, &own), expected, "{check} {node:?}");
        assert_eq!(plain(check, &inherited), "pass layer.clean", "{check} {node:?}");
        let (contract, policy) = (Contract::default(), Policy::default());
        let lines = judged(check, Case::new(&own, &contract, &policy, NOW)).2;
        assert!(expected.starts_with("pass") || lines[0].starts_with("/a/b (layer 2): "), "{lines:?}");
    }
}

#[test]
fn the_policy_says_what_fails_what_warns_and_what_nobody_asks() {
    let (_, own) = twice(&[("a", Node { mode: 0o4755, ..file("x") })]);
    let mut policy = Policy::default();
    for (demand, expected) in [(Demand::Forbid, "fail"), (Demand::Warn, "warn"), (Demand::Allow, "skip")] {
        policy.image.setuid = demand;
        assert!(by("layer.setuid", &own, &policy).starts_with(expected));
    }
}

#[test]
fn secrets_of_own_layers_are_told_with_their_line() {
    let secret = |layer| SecretSeen {
        path: "root/.ssh/id_ed25519".into(),
        line: 1,
        rule: "private-key".into(),
        masked: "-----BEGIN\x1b…".into(),
        layer,
    };
    let evidence = |layer| Evidence { secrets: Ok(vec![secret(layer)]), ..image(&[brings(&[]), brings(&[])], 1) };
    assert_eq!(plain("layer.secrets", &evidence(0)), "pass layer.clean");
    assert_eq!(plain("layer.secrets", &evidence(1)), "fail layer.secret");
    let (contract, policy, evidence) = (Contract::default(), Policy::default(), evidence(1));
    let lines = judged("layer.secrets", Case::new(&evidence, &contract, &policy, NOW)).2;
    assert_eq!(lines, ["/root/.ssh/id_ed25519 (layer 2): line 1: private-key -----BEGIN\\x1b…"]);
}

#[test]
fn sizes_and_forbidden_paths() {
    let mut policy = Policy::default();
    let two = image(&[brings(&[("a/secret.bak", file("x"))]), brings(&[("b/other.bak", file("x"))])], 1);
    assert_eq!(by("layer.size", &two, &policy), "skip policy.not-asked");
    policy.image.max_layer = Some(1_000_000);
    assert_eq!(by("layer.size", &two, &policy), "pass layer.small");
    policy.image.max_layer = Some(999_999);
    assert_eq!(by("layer.size", &two, &policy), "fail layer.too-large");
    let inherited = Evidence { inherited: 2, ..two.clone() };
    assert_eq!(by("layer.size", &inherited, &policy), "pass layer.small");
    policy.image.max_total = Some(1_999_999);
    assert_eq!(by("image.size", &two, &policy), "fail image.too-large");
    policy.image.max_total = Some(2_000_000);
    assert_eq!(by("image.size", &two, &policy), "pass image.small");
    assert_eq!(by("layer.paths", &two, &policy), "skip policy.not-asked");
    policy.image.forbid_paths = vec!["/a/**".into()];
    assert_eq!(by("layer.paths", &two, &policy), "pass layer.clean");
    policy.image.forbid_paths = vec!["/a/**".into(), "**/*.bak".into()];
    assert_eq!(by("layer.paths", &two, &policy), "fail layer.forbidden-path");
}

#[test]
fn what_a_later_layer_takes_away_again_is_not_there() {
    let bad = brings(&[("a", Node { mode: 0o4755, ..file("x") })]);
    assert_eq!(plain("layer.setuid", &image(&[bad.clone(), layer(&[], &["a"], &[])], 0)), "pass layer.clean");
    assert_eq!(plain("layer.setuid", &image(&[layer(&[], &["a"], &[]), bad], 0)), "fail layer.setuid");
}

#[test]
fn evidence_stays_short_however_much_is_wrong() {
    let names: Vec<String> = (0..20_000).map(|at| format!("d/{at}")).collect();
    let entries: Vec<(&str, Node)> =
        names.iter().map(|name| (name.as_str(), Node { mode: 0o4755, ..file("x") })).collect();
    let (contract, policy, evidence) = (Contract::default(), Policy::default(), image(&[brings(&entries)], 0));
    let lines = judged("layer.setuid", Case::new(&evidence, &contract, &policy, NOW)).2;
    assert!(lines.len() <= 50 && lines.last().unwrap().starts_with("and "), "{:?}", lines.last());
}
