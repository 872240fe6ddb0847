//! What comparing comes to, held against a comparison that knows no tree.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::layer::{Change, Changeset, ContentDigest, Entry, Kind, LayerContents, Node, Op, Stage};

fn file(content: &str) -> Node {
    let kind = Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content.as_bytes())) };
    Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
}

fn link(target: &str) -> Node {
    Node { kind: Kind::Symlink(target.as_bytes().into()), ..file("") }
}

fn contents(entries: Vec<(&str, Node)>, whiteouts: &[&str], opaques: &[&str]) -> LayerContents {
    let bytes = |paths: &[&str]| paths.iter().map(|path| path.as_bytes().into()).collect();
    let entries = entries.into_iter().map(|(path, node)| Entry { path: path.as_bytes().into(), node }).collect();
    LayerContents { entries, whiteouts: bytes(whiteouts), opaques: bytes(opaques) }
}

fn tree(layers: &[LayerContents]) -> Arc<Tree> {
    let mut tree = Tree::default();
    layers.iter().for_each(|layer| tree.apply(layer).unwrap());
    Arc::new(tree)
}

fn below() -> LayerContents {
    contents(vec![("a/b/c", file("1")), ("a/b/d", file("2")), ("b/a", file("33")), ("c", link("a"))], &[], &[])
}

fn strict() -> CompareOptions {
    CompareOptions { times: true, moves: false }
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn lines(comparison: &Comparison) -> Vec<String> {
    let line = |changed: Changed<'_>| {
        let what: Vec<&str> = changed.what.words().collect();
        let from = changed.from().map(|from| format!(" from {}", text(&from))).unwrap_or_default();
        format!("{} {}{from} {}", changed.kind.as_str(), text(&changed.path()), what.join(",")).trim_end().to_owned()
    };
    comparison.iter().map(line).collect()
}

#[test]
fn entries_that_change_nothing_are_none_and_deleted_folders_count_in_full() {
    let second = contents(
        vec![
            ("a", Node::plain_folder(9)),
            ("b/a", Node { mtime: 5, ..file("33") }),
            ("b/new", file("xyz")),
            ("c", file("7")),
        ],
        &["a/b", "never/was"],
        &[],
    );
    let tree = tree(&[below(), second]);
    assert_eq!(
        lines(&Comparison::levels(&tree, 1, 2, CompareOptions::default())),
        ["deleted a/b", "deleted a/b/c", "deleted a/b/d", "added b/new", "modified c type,mode"]
            .map(|line| line.replace(",mode", ""))
    );
    assert!(lines(&Comparison::levels(&tree, 1, 2, strict())).contains(&"modified b/a time".to_owned()));
}

#[test]
fn an_opaque_folder_that_brings_back_what_was_there_deletes_the_rest() {
    let opaque = contents(vec![("a/b/d", file("2"))], &[], &["a"]);
    let tree = tree(&[below(), opaque]);
    assert_eq!(lines(&Comparison::levels(&tree, 1, 2, strict())), ["deleted a/b/c"]);
}

#[test]
fn each_way_to_differ_is_told_apart() {
    let with = |change: fn(&mut Node)| {
        let mut node = file("1");
        change(&mut node);
        node
    };
    let xattr = || vec![(b"user.x".as_slice().into(), b"1".as_slice().into())].into();
    let old = contents(
        ["a", "b", "c", "d", "e", "f", "g"]
            .map(|path| (path, file("1")))
            .to_vec()
            .into_iter()
            .chain([("l", link("x"))])
            .collect(),
        &[],
        &[],
    );
    let mut owned = with(|node| node.uid = 7);
    owned.gid = 8;
    let mut marked = file("1");
    marked.xattrs = xattr();
    let new = contents(
        vec![
            ("a", file("2")),
            ("b", with(|node| node.mode = 0o4755)),
            ("c", owned),
            ("d", marked),
            ("e", link("1")),
            ("f", with(|node| node.mtime = 1)),
            ("g", file("1")),
            ("l", link("y")),
        ],
        &[],
        &[],
    );
    let between = |options| {
        Comparison::between(
            Side::whole(tree(std::slice::from_ref(&old))),
            Side::whole(tree(std::slice::from_ref(&new))),
            options,
        )
    };
    assert_eq!(
        lines(&between(strict())),
        [
            "modified a content",
            "modified b mode",
            "modified c owner",
            "modified d xattrs",
            "modified e type",
            "modified f time",
            "modified l target"
        ]
    );
    assert!(!lines(&between(CompareOptions::default())).contains(&"modified f time".to_owned()));
}

#[test]
fn what_went_and_came_with_the_same_content_has_moved() {
    let old = contents(vec![("opt/a", file("xx")), ("opt/b", file("xx")), ("e", file("")), ("k", file("k"))], &[], &[]);
    let new = contents(
        vec![("srv/b", file("xx")), ("srv/z", Node { mode: 0o600, ..file("xx") }), ("f", file("")), ("k2", file("k"))],
        &["opt", "e"],
        &[],
    );
    let tree = tree(&[old, new]);
    let found = lines(&Comparison::levels(&tree, 1, 2, CompareOptions::default()));
    assert_eq!(
        found,
        [
            "deleted e",
            "added f",
            "added k2",
            "deleted opt",
            "added srv",
            "moved srv/b from opt/b",
            "moved srv/z from opt/a mode"
        ]
    );
    let totals = Comparison::levels(&tree, 1, 2, CompareOptions::default()).totals();
    assert_eq!((totals.added, totals.deleted, totals.moved, totals.bytes), (3, 2, 2, 1));
}

#[test]
fn files_move_between_images_that_share_no_layer() {
    let many: Vec<(String, Node)> = (0..40).map(|n| (format!("d{n}"), file(&n.to_string()))).collect();
    let many = contents(many.iter().map(|(path, node)| (path.as_str(), node.clone())).collect(), &[], &[]);
    let old = tree(&[many, contents(vec![("opt/a", file("xx"))], &[], &[])]);
    let new = tree(&[contents(vec![("srv/a", file("xx"))], &[], &[])]);
    let found = lines(&Comparison::between(Side::whole(old), Side::whole(new), CompareOptions::default()));
    assert!(found.contains(&"moved srv/a from opt/a".to_owned()) && found.contains(&"deleted d39".to_owned()));
}

#[test]
fn a_forest_knows_what_is_below_each_folder() {
    let old = tree(&[below()]);
    let new = contents(vec![("a/b/c", file("100")), ("a/b-x", file("4")), ("a/n/m", file("55"))], &["b"], &[]);
    let new = tree(&[below(), new]);
    let comparison = Comparison::between(Side::whole(old), Side::whole(new), strict());
    let forest = Forest::of(&comparison, |_| true);
    let shown: Vec<String> = (0..forest.branches().len())
        .map(|at| {
            let branch = forest.branches()[at];
            let (totals, path) = (branch.totals, text(&forest.path(&comparison, at)));
            format!(
                "{} {path} {} {} {}+{}-{}",
                branch.depth, branch.span, totals.bytes, totals.added, totals.modified, totals.deleted
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0 a 6 6 3+1-0",
            "1 a/b 2 3 0+1-0",
            "2 a/b/c 1 3 0+1-0",
            "1 a/b-x 1 1 1+0-0",
            "1 a/n 2 2 2+0-0",
            "2 a/n/m 1 2 1+0-0",
            "0 b 2 0 0+0-2",
            "1 b/a 1 0 0+0-1"
        ]
    );
    let names: Vec<String> = forest.children(Some(0)).map(|at| text(forest.name(&comparison, at))).collect();
    assert_eq!(names, ["b", "b-x", "n"]);
    assert_eq!(forest.children(None).count(), 2);
    let some = Forest::of(&comparison, |changed| changed.kind == ChangeKind::Deleted);
    assert_eq!(some.branches().len(), 2);
}

#[test]
fn all_that_is_in_an_image_is_what_it_adds_to_nothing() {
    let tree = tree(&[below(), contents(vec![], &["b"], &[])]);
    let all = Comparison::levels(&tree, 0, 2, strict());
    let paths: Vec<String> = all.iter().map(|changed| text(&changed.path())).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/c", "a/b/d", "c"]);
    assert!(all.iter().all(|changed| changed.layer() == Some(0)));
}

/// The layer a changeset becomes.
fn layer_of(set: &Changeset<()>) -> LayerContents {
    let mut layer = LayerContents::default();
    for Change { op, path, node, .. } in &set.changes {
        match op {
            Op::Deleted => layer.whiteouts.push(path.clone()),
            _ => layer.entries.push(Entry { path: path.clone(), node: node.clone() }),
        }
    }
    layer
}

/// Every path with what stands there.
fn listed(tree: &Tree, level: u32) -> BTreeMap<Box<[u8]>, Node> {
    tree.walk(PathId::ROOT, level).map(|(path, seen)| (path, seen.node())).collect()
}

type Entries = Vec<(u8, String, String)>;

fn any_entries() -> impl Strategy<Value = Entries> {
    proptest::collection::vec((0u8..6, "[abc](/[abcd]){0,2}", "[12]{0,2}"), 0..24)
}

/// Anything an archive may say.
fn any_layer(entries: &Entries) -> LayerContents {
    let mut layer = LayerContents::default();
    for (act, path, content) in entries {
        let path: Box<[u8]> = path.as_bytes().into();
        let node = match act {
            0 => {
                layer.whiteouts.push(path);
                continue;
            }
            1 => {
                layer.opaques.push(path);
                continue;
            }
            2 => Node::plain_folder(0),
            3 => link(if content.is_empty() { "b" } else { "../a" }),
            _ => file(content),
        };
        layer.entries.push(Entry { path, node });
    }
    layer
}

proptest! {
    /// A layer read back says what the step that made it said.
    #[test]
    fn a_sealed_layer_says_what_its_step_did(steps in any_entries()) {
        let mut before = Tree::default();
        before.apply(&below()).unwrap();
        let mut after = before.clone();
        let mut stage = Stage::<()>::new(&mut after, 0);
        for (act, path, content) in &steps {
            // What the tree refuses is no change.
            let _ = match act {
                0 => {
                    stage.remove(path.as_bytes());
                    Ok(())
                }
                1 => stage.folder(path.as_bytes(), &Node::plain_folder(0)),
                2 => stage.put(path.as_bytes(), Node { mode: 0o700, ..Node::plain_folder(0) }, None),
                _ => stage.put(path.as_bytes(), file(content), Some(())),
            };
        }
        let set = stage.finish();
        before.apply(&layer_of(&set)).unwrap();
        let told = Comparison::levels(&Arc::new(before), 1, 2, CompareOptions { times: false, moves: false });
        let totals = told.totals();
        prop_assert_eq!(
            (u64::from(totals.added), u64::from(totals.modified), u64::from(totals.deleted)),
            (set.added, set.modified, set.deleted)
        );
    }

    /// Walking two trees, looking at what a layer touched, and comparing lists of paths come to the same.
    #[test]
    fn however_it_is_found_it_is_the_same(first in any_entries(), second in any_entries()) {
        let mut one = Tree::default();
        // Links in circles are refused.
        prop_assume!(one.apply(&any_layer(&first)).is_ok());
        let mut two = one.clone();
        prop_assume!(two.apply(&any_layer(&second)).is_ok());
        let (old, new) = (listed(&one, 1), listed(&two, 2));
        prop_assert_eq!(&old, &listed(&two, 1), "a tree remembers what it was");
        let mut expected = Vec::new();
        for path in old.keys().chain(new.keys().filter(|path| !old.contains_key(*path))) {
            match (old.get(path), new.get(path)) {
                (Some(was), Some(is)) if was.same_as(is) => {}
                (Some(_), Some(_)) => expected.push(format!("modified {}", text(path))),
                (None, _) => expected.push(format!("added {}", text(path))),
                (_, None) => expected.push(format!("deleted {}", text(path))),
            }
        }
        expected.sort();
        let (one, two) = (Arc::new(one), Arc::new(two));
        let options = CompareOptions { times: false, moves: false };
        let plain = |comparison: &Comparison| {
            let mut lines: Vec<String> = lines(comparison)
                .iter()
                .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
                .collect();
            lines.sort();
            lines
        };
        let levels = Comparison::levels(&two, 1, 2, options);
        let between = Comparison::between(Side::whole(one), Side::whole(Arc::clone(&two)), options);
        prop_assert_eq!(plain(&levels), expected);
        prop_assert_eq!(lines(&levels), lines(&between));
        let forest = Forest::of(&levels, |_| true);
        prop_assert_eq!(forest.branches().iter().filter(|branch| branch.change().is_some()).count(), levels.len());
    }
}
