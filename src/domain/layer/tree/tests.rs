//! What merging and resolving come to.

use super::*;
use crate::domain::layer::{ContentDigest, Kind};

fn node(kind: Kind) -> Node {
    Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
}

fn file(content: &str) -> Node {
    node(Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) })
}

fn link(target: &str) -> Node {
    node(Kind::Symlink(target.as_bytes().into()))
}

fn layer(entries: &[(&str, Node)], whiteouts: &[&str], opaques: &[&str]) -> LayerContents {
    let bytes = |paths: &[&str]| paths.iter().map(|p| p.as_bytes().into()).collect();
    LayerContents {
        entries: entries.iter().map(|(p, n)| Entry { path: p.as_bytes().into(), node: n.clone() }).collect(),
        whiteouts: bytes(whiteouts),
        opaques: bytes(opaques),
    }
}

fn tree(layers: &[LayerContents]) -> Tree {
    let mut tree = Tree::default();
    layers.iter().for_each(|layer| tree.apply(layer).unwrap());
    tree
}

fn paths(tree: &Tree) -> Vec<String> {
    tree.iter().map(|(path, _)| String::from_utf8(path.to_vec()).unwrap()).collect()
}

#[test]
fn t07_whiteouts_apply_to_lower_layers_only_in_any_order() {
    let below = layer(&[("a/x", file("1")), ("a/y", file("2")), ("b", file("3"))], &[], &[]);
    let above = layer(&[("a/z", file("4")), ("b", file("5"))], &["b"], &["a"]);
    let tree = tree(&[below, above]);
    assert_eq!(paths(&tree), ["a", "a/z", "b"]);
    assert_eq!(tree.placed(b"b").unwrap().layer, 1);
}

#[test]
fn a_whiteout_takes_a_folder_but_not_names_that_begin_like_it() {
    let below = layer(&[("a/x/1", file("")), ("a-b", file("")), ("a.c", file("")), ("a0", file(""))], &[], &[]);
    assert_eq!(paths(&tree(&[below, layer(&[], &["a"], &[])])), ["a-b", "a.c", "a0"]);
}

#[test]
fn t02_symlinks_on_the_way_stay_inside_the_root() {
    let below = layer(
        &[
            ("usr/bin/sh", file("")),
            ("bin", link("usr/bin")),
            ("out", link("/../../../etc")),
            ("up", link("../..")),
            ("l1", link("l2")),
            ("l2", link("l1")),
        ],
        &[],
        &[],
    );
    let above = layer(&[("bin/foo", file("")), ("out/passwd", file("")), ("up/top", file(""))], &[], &[]);
    let tree = tree(&[below, above]);
    for path in ["usr/bin/foo", "etc/passwd", "top"] {
        assert!(tree.node(path.as_bytes()).is_some(), "{path}");
    }
    assert!(tree.resolve(b"l1/x", false).unwrap_err().to_string().starts_with("T-02"));
    assert_eq!(tree.resolve(b"l1", false).unwrap(), b"l1");
    assert_eq!(tree.resolve(b"/bin/../bin/./sh", true).unwrap(), b"usr/bin/sh");
}

#[test]
fn t06_a_whiteout_through_a_symlinked_folder_stays_inside_the_root() {
    let below = layer(&[("etc/passwd", file("")), ("l", link("/etc"))], &[], &[]);
    assert_eq!(paths(&tree(&[below, layer(&[], &["l/passwd"], &[])])), ["etc", "l"]);
}

#[test]
fn t03_hard_links_are_the_file_or_refused() {
    let both = tree(&[layer(&[("a", file("x")), ("b", node(Kind::Hardlink(b"a".as_slice().into())))], &[], &[])]);
    assert_eq!(both.node(b"a"), both.node(b"b"));
    for (target, makes) in [("missing", "is not there"), ("d", "is a folder")] {
        let bad = layer(&[("d/f", file("")), ("b", node(Kind::Hardlink(target.as_bytes().into())))], &[], &[]);
        let error = Tree::default().apply(&bad).unwrap_err().to_string();
        assert!(error.starts_with("T-03") && error.contains(makes), "{error}");
    }
}

#[test]
fn t16_t21_the_last_of_several_wins_and_folders_and_files_replace_each_other() {
    let tree = tree(&[
        layer(&[("a", file("1")), ("a", file("22")), ("f", file("")), ("f/child", file(""))], &[], &[]),
        layer(&[("f", file("x")), ("a/b", file(""))], &[], &[]),
    ]);
    assert_eq!(paths(&tree), ["a", "a/b", "f"]);
    assert_eq!(tree.node(b"f").unwrap().size(), 1);
}

#[test]
fn t05_a_folder_that_becomes_a_symlink_and_a_folder_again() {
    let contents = layer(
        &[("d/a", file("")), ("d", link("/etc")), ("d/b", file("")), ("d", node(Kind::Folder)), ("d/c", file(""))],
        &[],
        &[],
    );
    assert_eq!(paths(&tree(&[contents])), ["d", "d/c", "etc", "etc/b"]);
}

#[test]
fn names_lists_one_folder() {
    let tree = tree(&[layer(&[("a/x/1", file("")), ("a/y", file("")), ("b", file(""))], &[], &[])]);
    let names =
        |folder: &[u8]| tree.names(folder).map(|(n, _)| String::from_utf8(n.to_vec()).unwrap()).collect::<Vec<_>>();
    assert_eq!(names(b"a"), ["x", "y"]);
    assert_eq!(names(b""), ["a", "b"]);
}
