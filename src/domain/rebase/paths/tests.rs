//! Layers on a base that moves on: what is safe, and what stands in the way.

use std::sync::Arc;

use super::*;
use crate::domain::layer::{CompareOptions, ContentDigest, Entry, Kind, LayerContents, Node, Side};

fn node(what: &str) -> Node {
    let kind = match what.strip_prefix("->") {
        Some(target) => Kind::Symlink(target.as_bytes().into()),
        None if what == "/" => Kind::Folder,
        None => Kind::File { size: what.len() as u64, digest: Some(ContentDigest::of(what.as_bytes())) },
    };
    Node { kind, ..Node::plain_folder(0) }
}

/// `a/b=text c/=/ -d` : a file, a folder, a whiteout; `!e` empties a folder.
fn layer(text: &str) -> LayerContents {
    let mut contents = LayerContents::default();
    for word in text.split_whitespace() {
        if let Some(path) = word.strip_prefix('-') {
            contents.whiteouts.push(path.as_bytes().into());
        } else if let Some(path) = word.strip_prefix('!') {
            contents.opaques.push(path.as_bytes().into());
        } else {
            let (path, what) = word.split_once('=').unwrap();
            contents.entries.push(Entry { path: path.as_bytes().into(), node: node(what) });
        }
    }
    contents
}

fn tree(layers: &[&str]) -> Arc<Tree> {
    let mut tree = Tree::default();
    layers.iter().for_each(|text| tree.apply(&layer(text)).unwrap());
    Arc::new(tree)
}

/// What stands in the way, as `why ours base`.
fn told(old: &[&str], new: &[&str], ours: &[&str]) -> Vec<String> {
    let (before, after) = (tree(old), tree(new));
    let options = CompareOptions { times: false, moves: false };
    let base = Comparison::between(Side::whole(before), Side::whole(after), options);
    let child = tree(&[old, ours].concat());
    let shown = |path: &[u8]| String::from_utf8(path.to_vec()).unwrap();
    let one = |conflict: PathConflict| {
        format!("{} {} {}", conflict.why.as_str(), shown(&conflict.ours), shown(&conflict.base))
    };
    conflicts(&child, u32::try_from(old.len()).unwrap(), &base).into_iter().map(one).collect()
}

const OLD: &str = "etc=/ etc/conf=1 etc/other=1 opt=/ opt/a=/ opt/a/x=1 srv=/ srv/v1=/ srv/v2=/ srv/now=->v1 lib=->usr/lib usr=/ \
                   usr/lib=/ usr/lib/so=1";

#[test]
fn layers_beside_what_the_base_changed_are_safe() {
    let new = OLD.replace("etc/conf=1", "etc/conf=2").replace("usr/lib/so=1", "usr/lib/so=2 usr/lib/new=1");
    assert_eq!(told(&[OLD], &[&new], &["srv/app=/ srv/app/main=1 etc/mine=1", "-etc/other"]), [""; 0]);
    assert_eq!(told(&[OLD], &[OLD], &["etc/conf=9 -opt/a"]), [""; 0], "a base that changed nothing");
    assert_eq!(told(&[OLD], &[&new], &["etc/conf=2"]), [""; 0], "both made it the same");
    let folder = format!("{OLD} etc/new=/ etc/new/theirs=1");
    assert_eq!(told(&[OLD], &[&folder], &["srv/app=/", "etc/new=/ etc/new/ours=1"]), [""; 0], "a folder both made");
    assert_eq!(
        told(&[OLD], &[&folder], &["srv/app=/", "etc/new=/ etc/new/theirs=2"]),
        ["over etc/new/theirs etc/new/theirs"]
    );
    let first = told(&[OLD], &[&folder], &["etc/new=file", "-etc/new", "etc/new=/"]);
    assert_eq!(first.last().map(String::as_str), Some("covers etc/new etc/new/theirs"), "{first:?}");
}

#[test]
fn what_the_base_changed_may_not_be_ours() {
    let new = OLD.replace("etc/conf=1", "etc/conf=2");
    assert_eq!(told(&[OLD], &[&new], &["etc/conf=9"]), ["over etc/conf etc/conf"]);
    assert_eq!(told(&[OLD], &[&new], &["-etc/conf"]), ["deletes etc/conf etc/conf"]);
    assert_eq!(told(&[OLD], &[&new], &["-etc"]), ["covers etc etc/conf"]);
    assert_eq!(told(&[OLD], &[&new], &["!etc etc/mine=1"]), ["covers etc etc/conf"]);
    assert_eq!(told(&[OLD], &[&new], &["-etc", "etc=/ etc/mine=1"]), ["covers etc etc/conf"], "made anew above");
    assert_eq!(told(&[OLD], &[&new], &["etc=->elsewhere"]), ["covers etc etc/conf"]);
    assert_eq!(told(&[OLD], &[&new], &["etc/conf=9", "-etc/conf"]), ["deletes etc/conf etc/conf"], "in any layer");
}

#[test]
fn what_the_base_moved_or_took_away_may_not_be_deleted_or_filled_by_us() {
    let moved = OLD.replace("opt/a=/ opt/a/x=1", "opt/b=/ opt/b/x=1");
    assert_eq!(told(&[OLD], &[&moved], &["-opt/a"]), ["deletes opt/a opt/a", "covers opt/a opt/a/x"].map(String::from));
    assert_eq!(told(&[OLD], &[&moved], &["opt/a/mine=1"]), ["homeless opt/a/mine opt/a"]);
    let link = OLD.replace("opt/a=/ opt/a/x=1", "opt/b=/ opt/a=->b");
    assert_eq!(told(&[OLD], &[&link], &["opt/a/mine=1"]), ["homeless opt/a/mine opt/a"]);
}

#[test]
fn a_symlink_that_leads_elsewhere_takes_our_files_with_it() {
    let new = OLD.replace("srv/now=->v1", "srv/now=->v2");
    assert_eq!(told(&[OLD], &[&new], &["srv/v1/app=1"]), ["led srv/v1/app srv/now"]);
    assert_eq!(told(&[OLD], &[&new], &["srv/v2/app=1"]), [""; 0]);
    assert_eq!(told(&[OLD], &[&new], &["srv/now=->v9"]), ["over srv/now srv/now"]);
}

#[test]
fn two_databases_of_packages_are_told_as_such() {
    let old = "var=/ var/lib=/ var/lib/dpkg=/ var/lib/dpkg/status=1";
    let new = old.replace("status=1", "status=2");
    assert_eq!(told(&[old], &[&new], &["var/lib/dpkg/status=9"]), ["packages var/lib/dpkg/status var/lib/dpkg/status"]);
}
