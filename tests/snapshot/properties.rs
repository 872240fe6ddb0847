//! Whatever a step does: its layer, applied to what lay below, is what the kernel showed; it is what the engine's own
//! steps would have written for the same changes, byte by byte; and the upper folder shows the same to the steps above.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bakery::adapters::snapshot::Packed;
use bakery::domain::layer::{Kind, Op, Packer, Stage, Tree, split};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, XattrFlags, lsetxattr, makedev, mknodat};

use super::overlay::{CREATED, Folders, said, scan, tree, walk};

/// One thing a step does, at one of a few paths.
#[derive(Clone, Debug)]
enum Act {
    Write(String, u8),
    Folder(String),
    Remove(String),
    RemoveAll(String),
    Rename(String, String),
    Chmod(String, u32),
    Chown(String),
    Link(String, String),
    Symlink(String),
    Touch(String),
    Attribute(String, u8),
    Capability(String),
    Pipe(String),
    Device(String),
    Again(String),
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "a-b", "c"]), 1..4).prop_map(|parts| parts.join("/"))
}

fn act(links: bool) -> impl Strategy<Value = Act> {
    let link =
        (path(), path()).prop_map(move |(from, to)| if links { Act::Link(from, to) } else { Act::RemoveAll(to) });
    prop_oneof![
        4 => (path(), 0_u8..4).prop_map(|(p, n)| Act::Write(p, n)),
        4 => path().prop_map(Act::Folder),
        2 => path().prop_map(Act::Remove),
        3 => path().prop_map(Act::RemoveAll),
        2 => (path(), path()).prop_map(|(a, b)| Act::Rename(a, b)),
        2 => (path(), prop::sample::select(vec![0o755, 0o644, 0o4755, 0o1777, 0])).prop_map(|(p, m)| Act::Chmod(p, m)),
        1 => path().prop_map(Act::Chown),
        2 => link,
        1 => path().prop_map(Act::Symlink),
        2 => path().prop_map(Act::Touch),
        1 => (path(), 0_u8..3).prop_map(|(p, n)| Act::Attribute(p, n)),
        1 => path().prop_map(Act::Capability),
        1 => path().prop_map(Act::Pipe),
        1 => path().prop_map(Act::Device),
        2 => path().prop_map(Act::Again),
    ]
}

fn content(number: u8) -> Vec<u8> {
    // Two of one size, one empty, one longer than a buffer.
    match number {
        0 => b"one".to_vec(),
        1 => b"two".to_vec(),
        2 => Vec::new(),
        _ => vec![7; 70_000],
    }
}

/// Does it, as far as it can be done: a step's failures are its own.
fn play(root: &Path, act: &Act) -> Option<()> {
    use std::fs;
    let at = |path: &String| root.join(path);
    match act {
        // A pipe would wait for a reader.
        Act::Write(path, _) if at(path).exists() && !at(path).is_file() => None,
        Act::Write(path, number) => fs::write(at(path), content(*number)).ok(),
        Act::Folder(path) => fs::create_dir_all(at(path)).ok(),
        Act::Remove(path) => fs::remove_file(at(path)).ok(),
        Act::RemoveAll(path) => fs::remove_dir_all(at(path)).ok(),
        Act::Rename(from, to) => fs::rename(at(from), at(to)).ok(),
        Act::Chmod(path, mode) if !at(path).is_symlink() && at(path).exists() => {
            fs::set_permissions(at(path), PermissionsExt::from_mode(*mode)).ok()
        }
        Act::Chmod(..) => None,
        Act::Chown(path) => std::os::unix::fs::lchown(at(path), Some(33), Some(7)).ok(),
        Act::Link(from, to) if at(from).is_file() => fs::hard_link(at(from), at(to)).ok(),
        Act::Link(..) => None,
        Act::Symlink(path) => std::os::unix::fs::symlink("a/b", at(path)).ok(),
        Act::Touch(path) if at(path).is_file() => {
            fs::File::options().append(true).open(at(path)).ok()?.set_modified(std::time::UNIX_EPOCH).ok()
        }
        Act::Touch(path) => {
            let (inside, there) = (at(path).join("x"), at(path).is_dir());
            there.then(|| fs::write(&inside, "").and_then(|()| fs::remove_file(&inside)).ok())?
        }
        Act::Attribute(path, number) if at(path).exists() && !at(path).is_symlink() => {
            lsetxattr(at(path), "user.x", &vec![b'v'; usize::from(*number)], XattrFlags::empty()).ok()
        }
        Act::Attribute(..) => None,
        Act::Capability(path) if at(path).is_file() => {
            lsetxattr(at(path), "security.capability", CAPABILITY, XattrFlags::empty()).ok()
        }
        Act::Capability(_) => None,
        Act::Pipe(path) => mknodat(CWD, at(path), FileType::Fifo, Mode::from_raw_mode(0o600), 0).ok(),
        Act::Device(path) => {
            mknodat(CWD, at(path), FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(1, 3)).ok()
        }
        Act::Again(path) => again(&at(path)),
    }
}

/// cap_net_bind_service+ep
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Takes a folder away and makes it again, with the first file in it as it was.
fn again(path: &Path) -> Option<()> {
    let mode = path.symlink_metadata().ok().filter(std::fs::Metadata::is_dir)?.permissions();
    let first = std::fs::read_dir(path).ok()?.flatten().map(|e| e.path()).find(|p| p.is_file() && !p.is_symlink());
    let kept = first.and_then(|file| Some((std::fs::read(&file).ok()?, file)));
    std::fs::remove_dir_all(path).ok()?;
    std::fs::create_dir(path).ok()?;
    std::fs::set_permissions(path, mode).ok()?;
    kept.and_then(|(bytes, file)| std::fs::write(file, bytes).ok())
}

/// The layer the engine's own steps write for what lies between two trees.
fn staged(below: &Tree, merged: &Tree, root: &Path) -> (Vec<u8>, Packed) {
    let mut changed = below.clone();
    let mut stage = Stage::<()>::new(&mut changed, CREATED);
    let gone: Vec<Box<[u8]>> = below
        .iter()
        .filter(|(path, was)| merged.node(path).is_none_or(|is| is.is_folder() != was.node.is_folder()))
        .map(|(path, _)| path)
        .collect();
    gone.iter().for_each(|path| stage.remove(path));
    stage.put(b"", merged.node(b"").unwrap(), None).unwrap();
    for (path, placed) in merged.iter() {
        stage.put(&path, placed.node.clone(), None).unwrap();
    }
    let set = stage.finish();
    let mut packer = Packer::new(Vec::new(), CREATED);
    let mut packed = Packed { added: set.added, modified: set.modified, deleted: set.deleted, ..Packed::default() };
    for change in &set.changes {
        match (change.op, &change.node.kind) {
            (Op::Deleted, _) => packer.whiteout(&change.path).unwrap(),
            (_, Kind::File { size, .. }) => {
                packed.bytes += size;
                let file = std::fs::read(root.join(std::str::from_utf8(&change.path).unwrap())).unwrap();
                packer.file(&change.path, &change.node, &mut &*file).unwrap();
            }
            _ => packer.entry(&change.path, &change.node).unwrap(),
        }
    }
    (packer.finish().unwrap(), packed)
}

fn holds(root: bool, links: bool, first: &[Act], then: &[Act]) -> Result<(), TestCaseError> {
    // A namespace of one id may not read what belongs to others.
    let owned = |act: &&Act| root || !matches!(act, Act::Chown(_));
    let Some(folders) = Folders::new(root, |lower| {
        first.iter().filter(owned).for_each(|act| _ = play(lower, act));
    }) else {
        return Ok(());
    };
    let below = tree(&[&walk(&folders.path("lower"))]);
    let mount = folders.mount();
    then.iter().filter(owned).for_each(|act| _ = play(mount.path(), act));
    let merged = tree(&[&walk(mount.path())]);
    let other = if links { None } else { Some(staged(&below, &merged, mount.path())) };
    drop(mount);
    let (layer, packed) = folders.pack().unwrap();
    if let Some((other, counted)) = other {
        prop_assert_eq!(packed, counted);
        prop_assert!(layer == other, "{:#?}\n{:#?}", scan(&layer), scan(&other));
    }
    let mut applied = below;
    applied.apply(&scan(&layer)).unwrap();
    prop_assert_eq!(said(&applied, false), said(&merged, false));
    let stacked = tree(&[&walk(folders.stacked().path())]);
    prop_assert_eq!(said(&applied, true), said(&stacked, true));
    prop_assert!(folders.pack().unwrap().0 == layer, "packing changed the upper folder");
    for (path, _) in applied.iter() {
        prop_assert!(!split(&path).1.starts_with(b".wh."));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_layer_says_what_a_step_of_root_did(
        first in prop::collection::vec(act(false), 0..25),
        then in prop::collection::vec(act(false), 0..20),
    ) {
        holds(true, false, &first, &then)?;
    }

    #[test]
    fn a_layer_says_what_a_step_without_privileges_did(
        first in prop::collection::vec(act(false), 0..25),
        then in prop::collection::vec(act(false), 0..20),
    ) {
        holds(false, false, &first, &then)?;
    }

    #[test]
    fn hard_links_change_nothing_a_reader_sees(
        first in prop::collection::vec(act(true), 0..25),
        then in prop::collection::vec(act(true), 0..20),
    ) {
        holds(true, true, &first, &then)?;
    }
}
