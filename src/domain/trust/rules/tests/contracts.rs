//! What an image does to what its bases protect, each way with its own code; and whose layers it has.

use super::*;
use crate::domain::oci::annotation;
use crate::domain::trust::Gap;

fn protected() -> LayerContents {
    brings(&[
        ("etc/ssl", folder()),
        ("etc/ssl/ca.pem", file("ca")),
        ("etc/ssl/old.pem", file("old")),
        ("etc/ssl/link", symlink("ca.pem")),
        ("etc/ssl/sub", folder()),
        ("etc/ssl/sub/deep", file("deep")),
        ("srv/free", file("free")),
    ])
}

fn contract() -> Contract {
    Contract::parse(r#"{"protected": ["/etc/ssl/**"]}"#).unwrap()
}

/// What an image that puts these layers on the protected one is told.
fn broken(layers: &[LayerContents], contract: &Contract) -> (String, Vec<String>) {
    let all: Vec<LayerContents> = std::iter::once(protected()).chain(layers.iter().cloned()).collect();
    let (evidence, policy) = (image(&all, 1), Policy::default());
    let (verdict, reason, lines) = judged("lineage.contract", Case::new(&evidence, contract, &policy, NOW));
    (format!("{} {reason}", verdict.as_str()), lines)
}

#[test]
fn each_way_to_break_it_has_its_own_code_path_and_layer() {
    let owned = Node { uid: 1000, ..file("ca") };
    let moded = Node { mode: 0o666, ..file("ca") };
    let linked = node(Kind::Hardlink("srv/free".as_bytes().into()), 0o644);
    let nothing = || brings(&[("tmp/x", file("x"))]);
    let cases: Vec<(LayerContents, &str, &str)> = vec![
        (
            layer(&[], &["etc/ssl/ca.pem"], &[]),
            "contract.deleted",
            "/etc/ssl/ca.pem (layer 3): deleted; was file 0644 0:0 2 B",
        ),
        (layer(&[], &["etc"], &[]), "contract.deleted", "/etc/ssl/ca.pem (layer 3): deleted"),
        (brings(&[("etc/ssl/ca.pem", moded)]), "contract.mode", "was file 0644 0:0"),
        (brings(&[("etc/ssl/ca.pem", owned)]), "contract.owner", "is file 0644 1000:0"),
        (
            brings(&[("etc/ssl/ca.pem", file("evil"))]),
            "contract.modified",
            "/etc/ssl/ca.pem (layer 3): changed: content",
        ),
        (
            brings(&[("etc/ssl/link", symlink("evil"))]),
            "contract.modified",
            "was symlink to ca.pem, is symlink to evil",
        ),
        (brings(&[("etc/ssl/ca.pem", symlink("/tmp/evil"))]), "contract.symlink", "is symlink to /tmp/evil"),
        (
            brings(&[("etc/ssl", symlink("/tmp/evil"))]),
            "contract.symlink-above",
            "/etc/ssl is a symlink to /tmp/evil now",
        ),
        (brings(&[("etc", symlink("/tmp"))]), "contract.symlink-above", "/etc is a symlink to /tmp now"),
        (brings(&[("etc/ssl", file("x"))]), "contract.type-above", "/etc/ssl is a file now"),
        (brings(&[("etc/ssl/ca.pem", folder())]), "contract.type", "is folder"),
        (brings(&[("etc/ssl/sub", file("x"))]), "contract.type-above", "/etc/ssl/sub/deep (layer 3)"),
        (layer(&[], &[], &["etc/ssl"]), "contract.emptied", "gone with all that was in /etc/ssl (opaque whiteout)"),
        (layer(&[("etc/ssl/ca.pem", file("ca"))], &[], &["etc"]), "contract.emptied", "in /etc (opaque whiteout)"),
        (brings(&[("etc/ssl/ca.pem", linked)]), "contract.hardlink", "replaced by a hard link"),
        (
            brings(&[("tmp/alias", node(Kind::Hardlink("etc/ssl/ca.pem".as_bytes().into()), 0o644))]),
            "contract.hardlink",
            "/etc/ssl/ca.pem (layer 3): given the further name /tmp/alias",
        ),
    ];
    for (last, code, line) in cases {
        let (told, lines) = broken(&[nothing(), last], &contract());
        assert_eq!(told, format!("fail {code}"), "{lines:?}");
        assert!(lines.iter().any(|told| told.contains(line)), "{code}: {lines:?}");
    }
}

#[test]
fn what_is_new_below_a_protected_folder_breaks_nothing() {
    let added = brings(&[("etc/ssl", folder()), ("etc/ssl/new.pem", file("new")), ("srv/free", file("other"))]);
    assert_eq!(broken(&[added], &contract()).0, "pass contract.kept");
    // The same again, as package managers write it; and gone and back within the image.
    let same = brings(&[("etc/ssl/ca.pem", Node { mtime: 99, ..file("ca") })]);
    assert_eq!(broken(std::slice::from_ref(&same), &contract()).0, "pass contract.kept");
    assert_eq!(broken(&[layer(&[], &["etc/ssl/ca.pem"], &[]), same], &contract()).0, "pass contract.kept");
    // A further name that has gone again.
    let linked = brings(&[("tmp/alias", node(Kind::Hardlink("etc/ssl/ca.pem".as_bytes().into()), 0o644))]);
    assert_eq!(broken(&[linked, layer(&[], &["tmp/alias"], &[])], &contract()).0, "pass contract.kept");
    assert_eq!(broken(&[], &Contract::default()).0, "skip contract.none");
}

#[test]
fn a_label_of_the_child_that_drops_an_item_has_no_effect() {
    let policy = Policy::default();
    let base = with_label(image(&[protected()], 0), annotation::CONTRACT, r#"{"protected": ["/etc/ssl/**"]}"#);
    let layers = [protected(), layer(&[], &["etc/ssl/ca.pem"], &[])];
    let child = with_label(image(&layers, 1), annotation::CONTRACT, "{}");
    // Even where the caller gathered nothing, the base's own word counts.
    let nothing = Contract::default();
    let case = Case { base: Some(&base), ..Case::new(&child, &nothing, &policy, NOW) };
    assert_eq!(judged("lineage.contract", case).1, "contract.deleted");
    // A grandchild is held to both.
    let both = Contract::of_bases([&base, &child]).unwrap();
    assert_eq!(both, contract());
}

#[test]
fn a_contract_that_cannot_be_read_fails_closed() {
    let policy = Policy::default();
    let base = with_label(base(), annotation::CONTRACT, r#"{"protect": ["/etc/ssl/**"]}"#);
    let child = image(&[protected()], 1);
    let nothing = Contract::default();
    let case = Case { base: Some(&base), ..Case::new(&child, &nothing, &policy, NOW) };
    let (verdict, reason, lines) = judged("lineage.contract", case);
    assert_eq!((verdict, reason.as_str()), (CheckVerdict::Unknown, "contract.unreadable"));
    assert!(lines[0].contains("unknown key"), "{lines:?}");
    let gap = Contract::of_bases([&base]).unwrap_err();
    let case = Case { contract_gap: Some(&gap), ..Case::new(&child, &nothing, &policy, NOW) };
    assert_eq!(judged("lineage.contract", case).1, "contract.unreadable");
}

#[test]
fn user_packages_and_labels_are_held_to_as_well() {
    let contract =
        Contract::parse(r#"{"user": "nonroot", "forbid-packages": ["telnet*"], "require-labels": ["team"]}"#).unwrap();
    let policy = Policy::default();
    let judge = |evidence: &Evidence, base: Option<&Evidence>| {
        let case = Case { base, ..Case::new(evidence, &contract, &policy, NOW) };
        judged("lineage.contract", case).1
    };
    let fine = with_label(image(&[], 0), "team", "a");
    assert_eq!(judge(&fine, None), "contract.kept");
    assert_eq!(judge(&with_user(fine.clone(), None), None), "contract.user");
    assert_eq!(judge(&image(&[], 0), None), "contract.label");
    let telnet = Evidence { packages: Ok(super::images::packages(&["telnetd"])), ..fine };
    assert_eq!(judge(&telnet, None), "contract.package");
    // What the base itself brought is not the child's doing.
    let base = Evidence { packages: telnet.packages.clone(), ..image(&[], 0) };
    assert_eq!(judge(&telnet, Some(&base)), "contract.kept");
}

#[test]
fn lineage_is_proven_from_layers_and_never_from_labels() {
    let (policy, nothing) = (Policy::default(), Contract::default());
    let judge = |evidence: &Evidence, base: Option<&Evidence>| {
        let case = Case { base, ..Case::new(evidence, &nothing, &policy, NOW) };
        judged("lineage.layers", case)
    };
    let (base, child) = (image(&[protected()], 0), image(&[protected(), protected()], 1));
    let (verdict, reason, lines) = judge(&child, Some(&base));
    assert_eq!(
        (verdict, reason.as_str(), lines),
        (CheckVerdict::Pass, "lineage.prefix", vec!["1 of 1 diffIDs".to_owned()])
    );
    // The right labels and the wrong layers.
    let mut forged = with_label(child.clone(), annotation::BASE_NAME, "global/python:3.12");
    forged.annotations.insert(annotation::BASE_DIGEST.into(), base.digest.to_string());
    let mut config = (*forged.config).clone();
    config.rootfs.diff_ids[0] = DiffId(digest("other"));
    forged.config = Arc::new(config);
    let (verdict, reason, lines) = judge(&forged, Some(&base));
    assert_eq!((verdict, reason.as_str()), (CheckVerdict::Fail, "lineage.forged"));
    assert!(lines[0].starts_with("layer 1: ") && lines[0].contains("0 of 1"), "{lines:?}");
    // Fewer layers than its base.
    assert_eq!(judge(&image(&[], 0), Some(&base)).1, "lineage.forged");
    assert_eq!(judge(&child, None).1, "lineage.unnamed");
    assert_eq!(judge(&Evidence { is_local: false, ..child.clone() }, None).1, "lineage.root");
    let scratch = Case { from_scratch: true, ..Case::new(&child, &nothing, &policy, NOW) };
    assert_eq!(judged("lineage.layers", scratch).1, "lineage.root");
    let gap = Gap { reason: reason::NOT_FOUND, why: "gone".into() };
    let lost = Case { base_gap: Some(&gap), from_scratch: true, ..Case::new(&child, &nothing, &policy, NOW) };
    assert_eq!(judged("lineage.layers", lost).0, CheckVerdict::Unknown);
    assert_eq!(judged("lineage.contract", lost).1, "store.not-found");
}
