//! Extraction means what the merged tree means: random layers, laid one on the other, give the same both ways.

use proptest::prelude::*;
use std::io::Read as _;

use bakery::adapters::snapshot::Marks;
use bakery::domain::layer::{ContentDigest, Kind, LayerContents, Limits, Scanner, Tree, TreeError};

use super::{Cell, may_give_away};
use crate::support::engine::Tar;

/// One thing a layer may say, in few names so that they meet.
#[derive(Clone, Debug)]
enum Said {
    Folder(String, u32),
    File(String, String),
    Symlink(String, String),
    Hardlink(String, String),
    Fifo(String),
    Root(u32),
}

#[derive(Clone, Debug)]
struct Layer {
    said: Vec<Said>,
    whiteouts: Vec<String>,
    opaques: Vec<String>,
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "owned"]), 1..4).prop_map(|parts| parts.join("/"))
}

fn target() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "c", "owned", "..", "."]);
    (any::<bool>(), prop::collection::vec(part, 1..4))
        .prop_map(|(absolute, parts)| format!("{}{}", if absolute { "/" } else { "" }, parts.join("/")))
}

fn said() -> impl Strategy<Value = Said> {
    let mode = || prop::sample::select(vec![0o755_u32, 0o700, 0o1777, 0o2750, 0]);
    prop_oneof![
        4 => (path(), mode()).prop_map(|(path, mode)| Said::Folder(path, mode)),
        5 => (path(), "[xyz]{0,3}").prop_map(|(path, content)| Said::File(path, content)),
        4 => (path(), target()).prop_map(|(path, target)| Said::Symlink(path, target)),
        3 => (path(), path()).prop_map(|(path, target)| Said::Hardlink(path, target)),
        1 => path().prop_map(Said::Fifo),
        1 => mode().prop_map(Said::Root),
    ]
}

fn layer() -> impl Strategy<Value = Layer> {
    let paths = |most| prop::collection::vec(path(), 0..most);
    (prop::collection::vec(said(), 0..10), paths(3), paths(2)).prop_map(|(said, whiteouts, opaques)| Layer {
        said,
        whiteouts,
        opaques,
    })
}

impl Layer {
    fn tar(&self) -> Vec<u8> {
        let tar = self.said.iter().fold(Tar::new(), |tar, said| match said {
            Said::Folder(path, mode) => tar.folder(&format!("{path}/"), *mode),
            Said::File(path, content) => tar.file(path, content),
            Said::Symlink(path, target) => tar.symlink(path, target),
            Said::Hardlink(path, target) => tar.hardlink(path, target),
            Said::Fifo(path) => tar.entry(b'6', path, 0o620, ("", b"")),
            Said::Root(mode) => tar.folder("./", *mode),
        });
        tar.end()
    }

    fn marks(&self) -> Marks {
        let bytes = |paths: &[String]| paths.iter().map(|path| path.as_bytes().into()).collect();
        Marks { whiteouts: bytes(&self.whiteouts), opaques: bytes(&self.opaques) }
    }
}

/// The layer as the merged tree takes it.
fn contents(layer: &Layer) -> LayerContents {
    let Marks { whiteouts, opaques } = layer.marks();
    let tar = layer.tar();
    let mut scanner = Scanner::new(&tar[..], Limits::default());
    let mut entries = Vec::new();
    while let Some(mut entry) = scanner.advance().unwrap() {
        if let Kind::File { digest, .. } = &mut entry.node.kind {
            let mut content = Vec::new();
            scanner.read_to_end(&mut content).unwrap();
            *digest = Some(ContentDigest::of(&content));
        }
        entries.push(entry);
    }
    LayerContents { entries, whiteouts, opaques }
}

/// The tree in the words of [`Cell::listing`], in its order.
fn tree_listing(tree: &Tree) -> Vec<String> {
    let mut nodes: Vec<_> = tree.iter().collect();
    nodes.sort_by_cached_key(|(path, _)| path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>());
    let line = |path: &[u8], node: &bakery::domain::layer::Node| {
        let what = match &node.kind {
            Kind::Symlink(target) => format!("-> {}", String::from_utf8_lossy(target)),
            Kind::File { digest, .. } => format!("{:?}", digest.unwrap()),
            _ => String::new(),
        };
        let mode = if matches!(node.kind, Kind::Symlink(_)) { 0 } else { node.mode };
        let (kind, path) = (node.kind.as_str(), String::from_utf8_lossy(path));
        format!("{path}: {kind} {mode:04o} {}:{} @{} {what}", node.uid, node.gid, node.mtime)
    };
    nodes.iter().map(|(path, placed)| line(path, &placed.node)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t02_t03_t05_t07_t16_t21_folders_hold_what_the_merged_tree_says(layers in prop::collection::vec(layer(), 1..4)) {
        if !may_give_away() {
            return Ok(());
        }
        let cell = Cell::new();
        let mut tree = Tree::default();
        for layer in &layers {
            let merged: Result<(), TreeError> = tree.apply(&contents(layer));
            let unpacked = cell.unpack(&layer.marks(), &layer.tar());
            match (merged, unpacked) {
                (Ok(()), Ok(_)) => {}
                (Err(tree), Err(unpacked)) => {
                    prop_assert_eq!(&tree.to_string()[..4], &unpacked.to_string()[..4]);
                    return Ok(());
                }
                (tree, unpacked) => prop_assert!(false, "the tree says {tree:?}, the folder {unpacked:?}"),
            }
            prop_assert_eq!(cell.listing(), tree_listing(&tree));
            let root = std::os::unix::fs::MetadataExt::mode(&cell.root().metadata().unwrap()) & 0o7777;
            prop_assert_eq!(root, tree.node(b"").unwrap().mode);
        }
    }
}
