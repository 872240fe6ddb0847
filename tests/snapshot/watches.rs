//! What a viewer sees while a step runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use bakery::adapters::snapshot::{Seen, SeenOp, Watch};
use proptest::prelude::*;

use super::overlay::{Folders, chmod};

/// What a viewer makes of what it is told: path to operation, size and mode.
#[derive(Default)]
struct Viewer(BTreeMap<String, (SeenOp, u64, u32)>);

impl Viewer {
    fn take(&mut self, seen: Vec<Seen>) {
        for seen in seen {
            let path = String::from_utf8(seen.path).unwrap();
            let below = format!("{path}/");
            if seen.op == SeenOp::Deleted {
                self.0.retain(|known, _| *known != path && !known.starts_with(&below));
            }
            self.0.insert(path, (seen.op, seen.size, seen.mode));
        }
    }

    fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(path, (op, size, _))| format!("{op:?} {path} {size}")).collect()
    }
}

fn watch(folders: &Folders) -> Watch {
    let open = |name| File::open(folders.path(name)).unwrap().into();
    Watch::new(open("upper"), Some(open("lower")))
}

/// Looks until the viewer shows `lines`.
fn until(watch: &mut Watch, viewer: &mut Viewer, lines: &[&str]) {
    let began = Instant::now();
    while viewer.lines() != lines {
        viewer.take(watch.look(1_000).unwrap());
        assert!(began.elapsed() < Duration::from_secs(20), "{:#?}", viewer.lines());
    }
}

#[test]
fn files_grow_while_they_are_written_and_end_with_their_sizes() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    let mount = folders.mount();
    let (mut watch, mut viewer, mut looks) = (watch(&folders), Viewer::default(), 0);
    let root = mount.path().to_owned();
    let writer = std::thread::spawn(move || {
        for number in 0..1_000 {
            fs::create_dir_all(root.join(format!("d{}", number % 10))).unwrap();
            let mut file = File::create(root.join(format!("d{}/f{number}", number % 10))).unwrap();
            file.write_all(&vec![0; number]).unwrap();
            file.write_all(&vec![0; number]).unwrap();
        }
    });
    let began = Instant::now();
    let sum = |viewer: &Viewer| viewer.0.values().map(|(_, size, _)| size).sum::<u64>();
    while viewer.0.len() < 1_010 || sum(&viewer) != 999_000 {
        let seen = watch.look(100).unwrap();
        looks += usize::from(!seen.is_empty());
        assert!(seen.len() <= 100 && began.elapsed() < Duration::from_secs(30), "{}", viewer.0.len());
        viewer.take(seen);
    }
    writer.join().unwrap();
    assert!(looks >= 10 && viewer.0.values().all(|(op, ..)| *op == SeenOp::Added));
    let modes = viewer.0.values().filter(|(_, _, mode)| mode & 0o170_000 == 0o100_000).count();
    assert_eq!(modes, 1_000);
}

#[test]
fn what_lay_below_is_modified_or_deleted_and_what_comes_and_goes_is_dropped() {
    let Some(folders) = Folders::new(true, |lower| {
        fs::create_dir_all(lower.join("etc/conf")).unwrap();
        fs::write(lower.join("etc/a"), "a").unwrap();
        fs::write(lower.join("etc/b"), "b").unwrap();
        fs::write(lower.join("etc/conf/c"), "c").unwrap();
    }) else {
        return;
    };
    let mount = folders.mount();
    let at = |path: &str| mount.path().join(path);
    let (mut watch, mut viewer) = (watch(&folders), Viewer::default());
    fs::write(at("etc/a"), "longer").unwrap();
    fs::remove_file(at("etc/b")).unwrap();
    fs::create_dir_all(at("tmp/x")).unwrap();
    fs::write(at("tmp/x/y"), "y").unwrap();
    let lines = ["Modified etc/a 6", "Deleted etc/b 0", "Added tmp 0", "Added tmp/x 0", "Added tmp/x/y 1"];
    until(&mut watch, &mut viewer, &lines);
    fs::remove_dir_all(at("tmp/x")).unwrap();
    fs::remove_dir_all(at("etc/conf")).unwrap();
    fs::write(at("etc/b"), "again").unwrap();
    let lines = ["Modified etc/a 6", "Modified etc/b 5", "Deleted etc/conf 0", "Added tmp 0", "Deleted tmp/x 0"];
    until(&mut watch, &mut viewer, &lines);
    fs::create_dir(at("etc/conf")).unwrap();
    fs::write(at("tmp/x"), "a file now").unwrap();
    chmod(&at("etc"), 0o700);
    let lines = [
        "Modified etc 0",
        "Modified etc/a 6",
        "Modified etc/b 5",
        "Modified etc/conf 0",
        "Added tmp 0",
        "Added tmp/x 10",
    ];
    until(&mut watch, &mut viewer, &lines);
}

#[test]
fn a_file_written_in_place_is_seen_though_its_folder_never_changes() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    let mount = folders.mount();
    let (mut watch, mut viewer) = (watch(&folders), Viewer::default());
    let mut log = File::create(mount.path().join("log")).unwrap();
    for size in 1..20 {
        log.write_all(b"x").unwrap();
        until(&mut watch, &mut viewer, &[&format!("Added log {size}")]);
    }
}

#[test]
fn looking_costs_a_twentieth_of_the_time_at_most() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    for number in 0..5_000 {
        fs::write(folders.path("upper").join(number.to_string()), "").unwrap();
    }
    let mut watch = watch(&folders);
    let mut seen = 0;
    for _ in 0..10 {
        let began = Instant::now();
        seen += watch.look(5_000).unwrap().len();
        let took = began.elapsed();
        assert!(
            watch.pause() >= Duration::from_millis(100) && watch.pause() <= Duration::from_millis(100).max(took * 20)
        );
        // The look itself is all but what calling it takes.
        assert!(watch.pause() >= took * 10, "{took:?} {:?}", watch.pause());
    }
    assert_eq!(seen, 5_000);
    assert!(!watch.is_full());
}

#[derive(Clone, Debug)]
enum Act {
    Write(String, usize),
    Folder(String),
    Remove(String),
    Rename(String, String),
    Chmod(String, u32),
    Look(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let path =
        || prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4).prop_map(|parts| parts.join("/"));
    prop_oneof![
        4 => (path(), 0_usize..9).prop_map(|(path, size)| Act::Write(path, size)),
        3 => path().prop_map(Act::Folder),
        3 => path().prop_map(Act::Remove),
        3 => (path(), path()).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => (path(), prop::sample::select(vec![0o755, 0o644, 0o700])).prop_map(|(path, mode)| Act::Chmod(path, mode)),
        4 => (1_usize..8).prop_map(Act::Look),
    ]
}

/// Every path of a folder with its size and mode.
fn stands(root: &Path, folder: &Path, all: &mut BTreeMap<String, (SeenOp, u64, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stat = path.symlink_metadata().unwrap();
        let size = if stat.is_file() { stat.len() } else { 0 };
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        all.insert(name, (SeenOp::Added, size, stat.mode()));
        if stat.is_dir() {
            stands(root, &path, all);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whenever_it_looked_the_viewer_ends_with_what_is_there(acts in prop::collection::vec(act(), 0..60)) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        let (mut watch, mut viewer) = (Watch::new(File::open(root).unwrap().into(), None), Viewer::default());
        for act in acts {
            let at = |path: &String| root.join(path);
            _ = match act {
                Act::Write(path, size) => fs::write(at(&path), vec![0; size]),
                Act::Folder(path) => fs::create_dir_all(at(&path)),
                Act::Remove(path) => fs::remove_file(at(&path)).or_else(|_| fs::remove_dir_all(at(&path))),
                Act::Rename(from, to) => fs::rename(at(&from), at(&to)),
                Act::Chmod(path, mode) => fs::set_permissions(at(&path), fs::Permissions::from_mode(mode)),
                Act::Look(most) => watch.look(most).map(|seen| viewer.take(seen)),
            };
        }
        for _ in 0..8 {
            viewer.take(watch.look(1_000).unwrap());
        }
        viewer.0.retain(|_, (op, ..)| *op != SeenOp::Deleted);
        let mut expected = BTreeMap::new();
        stands(root, root, &mut expected);
        prop_assert_eq!(viewer.0, expected);
    }
}

#[test]
fn small_files_that_stand_still_are_looked_into_and_nothing_behind_a_link_is() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    let mount = folders.mount();
    let token = "ghp_R9bUvk2Xq7ZtL0wFYc5HnJ8sMdE3aGp4Kh1T\n";
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("token"), token).unwrap();
    let root = mount.path();
    fs::create_dir(root.join("srv")).unwrap();
    fs::write(root.join("srv/token"), format!("a\n{token}")).unwrap();
    chmod(&root.join("srv/token"), 0o4000);
    fs::write(root.join("srv/large"), format!("{}\n{token}", "x".repeat(64 << 10))).unwrap();
    std::os::unix::fs::symlink(outside.path().join("token"), root.join("srv/link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.join("srv/folder")).unwrap();
    let mut grows = File::create(root.join("srv/grows")).unwrap();
    let mut watch = watch(&folders);
    let mut found = Vec::new();
    for round in 0..20 {
        // Never the same from one look to the next.
        writeln!(grows, "{round} {token}").unwrap();
        found.extend(watch.look(1_000).unwrap().into_iter().filter(|seen| !seen.secrets.is_empty()));
        std::thread::sleep(Duration::from_millis(15));
    }
    let told = |found: &[Seen]| -> Vec<String> {
        let line = |seen: &Seen| {
            let hit = &seen.secrets[0];
            format!("{} {:o} {}:{} {}", String::from_utf8_lossy(&seen.path), seen.mode, hit.rule, hit.line, hit.masked)
        };
        found.iter().map(line).collect()
    };
    assert_eq!(told(&found), ["srv/token 104000 github-token:2 ghp_*** (40 characters)"]);
    let began = Instant::now();
    while found.len() < 2 {
        found.extend(watch.look(1_000).unwrap().into_iter().filter(|seen| !seen.secrets.is_empty()));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", told(&found));
    }
    assert!(told(&found)[1].starts_with("srv/grows 100644 github-token:1"), "{:?}", told(&found));
}
