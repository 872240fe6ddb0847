//! Paths as they appear while a step runs.

use super::*;
use crate::domain::trust::policy::{Demand, Exception};

const FILE: u32 = 0o100_000;

fn tree() -> Tree {
    let mut tree = Tree::default();
    tree.apply(&brings(&[("etc/ssl/ca.pem", file("ca")), ("etc/ssl/sub/deep", file("deep")), ("srv/x", file("x"))]))
        .unwrap();
    tree
}

fn contract() -> Contract {
    Contract::parse(r#"{"protected": ["/etc/ssl/**"]}"#).unwrap()
}

fn see(policy: &Policy, path: &str, mode: u32) -> Vec<(&'static str, &'static str, bool)> {
    let (tree, contract) = (tree(), contract());
    let watching = Watching::new(policy, &contract, Some(&tree));
    let seen = SeenPath { path, deleted: mode == 0, mode, secrets: &[] };
    watching.see(seen).into_iter().map(|found| (found.check, found.reason, found.warns)).collect()
}

#[test]
fn forbidden_modes_and_paths_are_seen() {
    let mut policy = Policy::default();
    policy.image.forbid_paths = vec!["**/*.bak".into()];
    for (path, mode, expected) in [
        ("/usr/bin/x", FILE | 0o755, vec![]),
        ("/usr/bin/x", FILE | 0o4755, vec![("layer.setuid", "layer.setuid", false)]),
        ("/usr/bin/x", 0o040_000 | 0o2775, vec![]),
        ("/tmp/x", FILE | 0o666, vec![("layer.world-writable", "layer.world-writable", true)]),
        ("/tmp", 0o040_000 | 0o1777, vec![]),
        ("/tmp/link", 0o120_000 | 0o777, vec![]),
        ("/dev/x", 0o020_000 | 0o600, vec![("layer.device-nodes", "layer.device-node", false)]),
        ("/a/b.bak", FILE | 0o644, vec![("layer.paths", "layer.forbidden-path", false)]),
        ("/a/b.bak", 0, vec![]),
    ] {
        assert_eq!(see(&policy, path, mode), expected, "{path} {mode:o}");
    }
    policy.image.setuid = Demand::Allow;
    assert_eq!(see(&policy, "/usr/bin/x", FILE | 0o4755), []);
}

#[test]
fn what_the_base_protects_is_seen_to_change() {
    let policy = Policy::default();
    for (path, mode, code) in [
        ("/etc/ssl/ca.pem", 0, Some("contract.deleted")),
        ("/etc/ssl/ca.pem", FILE | 0o600, Some("contract.mode")),
        ("/etc/ssl/ca.pem", FILE | 0o644, Some("contract.modified")),
        ("/etc/ssl/ca.pem", 0o120_777, Some("contract.symlink")),
        ("/etc/ssl/ca.pem", 0o040_755, Some("contract.type")),
        ("/etc/ssl/sub", 0o040_755, None),
        ("/etc/ssl/new.pem", FILE | 0o644, None),
        ("/etc/ssl", 0o040_755, None),
        ("/etc/ssl", 0o120_777, Some("contract.symlink-above")),
        ("/etc/ssl", FILE | 0o644, Some("contract.type-above")),
        ("/etc", 0, Some("contract.deleted")),
        ("/srv/x", 0, None),
    ] {
        let found: Vec<_> = see(&policy, path, mode).into_iter().map(|(check, reason, _)| (check, reason)).collect();
        assert_eq!(
            found,
            code.map(|code| ("lineage.contract", code)).into_iter().collect::<Vec<_>>(),
            "{path} {mode:o}"
        );
    }
}

#[test]
fn secrets_are_told_masked_and_exceptions_are_heeded() {
    let secrets = [("private-key".to_owned(), 3, "-----BEGIN…".to_owned())];
    let seen = SeenPath { path: "/root/key", deleted: false, mode: FILE | 0o600, secrets: &secrets };
    let nothing = Contract::default();
    let mut policy = Policy::default();
    let found = Watching::new(&policy, &nothing, None).see(seen);
    assert_eq!(found[0].line, "/root/key: line 3: private-key -----BEGIN…");
    let exception = |path: &str| Exception {
        check: "layer.secrets".into(),
        path: Some(path.into()),
        reason: "a test's".into(),
        until: None,
        line: 1,
    };
    policy.exceptions = vec![exception("/root/*")];
    assert_eq!(Watching::new(&policy, &nothing, None).see(seen), []);
    policy.exceptions = vec![exception("/home/*")];
    assert_eq!(Watching::new(&policy, &nothing, None).see(seen).len(), 1);
}
