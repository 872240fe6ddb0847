//! What of an upper folder becomes which entry of a layer.

use std::cell::Cell;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use bakery::adapters::snapshot::{Packed, Upper, UpperError, pack};
use bakery::domain::layer::Kind;
use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat, setxattr};

use super::overlay::{CREATED, Folders, chmod, names, scan};

fn mark(path: &Path, name: &str, value: &str) {
    setxattr(path, name, value.as_bytes(), XattrFlags::empty()).unwrap();
}

fn whiteout(path: &Path) {
    mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), makedev(0, 0)).unwrap();
}

fn distribution(lower: &Path) {
    for folder in ["etc/conf.d", "usr/bin", "usr/lib/old/deep", "var/log"] {
        fs::create_dir_all(lower.join(folder)).unwrap();
    }
    for file in ["etc/hosts", "etc/conf.d/a", "etc/conf.d/b", "usr/bin/tool", "usr/lib/old/deep/x", "usr/lib/old/y"] {
        fs::write(lower.join(file), file).unwrap();
        File::options().append(true).open(lower.join(file)).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    symlink("usr/bin", lower.join("bin")).unwrap();
    chmod(&lower.join("var/log"), 0o1777);
}

#[test]
fn each_change_is_the_entry_a_reader_expects() {
    let Some(folders) = Folders::new(true, distribution) else { return };
    let mount = folders.mount();
    let at = |path: &str| mount.path().join(path);
    fs::remove_dir_all(at("etc/conf.d")).unwrap();
    fs::create_dir(at("etc/conf.d")).unwrap();
    fs::write(at("etc/conf.d/b"), "etc/conf.d/b").unwrap();
    fs::write(at("etc/conf.d/c"), "new").unwrap();
    fs::write(at("etc/hosts"), "etc/hosts").unwrap();
    chmod(&at("usr/bin/tool"), 0o4755);
    fs::hard_link(at("usr/bin/tool"), at("usr/bin/other")).unwrap();
    fs::remove_dir_all(at("usr/lib/old")).unwrap();
    fs::write(at("usr/lib/old"), "a file now").unwrap();
    fs::remove_file(at("bin")).unwrap();
    fs::create_dir(at("bin")).unwrap();
    fs::write(at("var/log/build"), "").unwrap();
    fs::remove_file(at("var/log/build")).unwrap();
    drop(mount);
    let (layer, packed) = folders.pack().unwrap();
    assert_eq!(
        names(&layer),
        [
            "bin",
            "etc",
            "etc/conf.d",
            "etc/conf.d/.wh.a",
            "etc/conf.d/c",
            "usr",
            "usr/bin",
            "usr/bin/other",
            "usr/bin/tool = usr/bin/other",
            "usr/lib",
            "usr/lib/old"
        ]
    );
    // Gone: conf.d/a, and the three in usr/lib/old, which itself is a file now.
    assert_eq!(packed, Packed { added: 2, modified: 3, deleted: 4, bytes: 25, skipped: 0 });
    assert!(scan(&layer).entries.iter().all(|entry| entry.node.mtime == CREATED));
    // What was only touched has its old time for the steps above.
    let time = |path: &str| folders.path("upper").join(path).symlink_metadata().unwrap().mtime();
    assert_eq!((time("etc/hosts"), time("etc/conf.d/b"), time("usr/bin/tool")), (0, 0, CREATED));
}

#[test]
fn a_new_name_of_an_old_file_stays_a_link_to_it() {
    let Some(folders) = Folders::new(true, distribution) else { return };
    let mount = folders.mount();
    fs::hard_link(mount.path().join("usr/bin/tool"), mount.path().join("usr/bin/alias")).unwrap();
    drop(mount);
    let (layer, packed) = folders.pack().unwrap();
    assert_eq!(names(&layer), ["usr", "usr/bin", "usr/bin/alias", "usr/bin/tool = usr/bin/alias"]);
    assert_eq!((packed.added, packed.modified), (1, 0));
}

#[test]
fn every_mark_of_an_overlay_is_understood_and_none_is_packed() {
    let Some(folders) = Folders::new(true, distribution) else { return };
    let upper = folders.path("upper");
    for folder in ["etc", "etc/conf.d", "usr", "usr/lib", "usr/lib/old", "usr/bin", "var", "var/log"] {
        fs::create_dir(upper.join(folder)).unwrap();
    }
    chmod(&upper.join("var/log"), 0o1777);
    mark(&upper.join("etc/conf.d"), "user.fuseoverlayfs.opaque", "y");
    fs::write(upper.join("etc/conf.d/.wh..wh..opq"), "").unwrap();
    // `x` hides nothing, but says that an empty file may be a whiteout.
    mark(&upper.join("usr/lib/old"), "trusted.overlay.opaque", "x");
    fs::write(upper.join("usr/lib/old/y"), "").unwrap();
    mark(&upper.join("usr/lib/old/y"), "trusted.overlay.whiteout", "");
    mark(&upper.join("usr/bin"), "user.overlay.opaque", "y");
    whiteout(&upper.join("usr/bin/tool"));
    whiteout(&upper.join("usr/bin/never-there"));
    fs::write(upper.join("var/log/x"), "x").unwrap();
    for (name, value) in [
        ("trusted.overlay.origin", "o"),
        ("user.overlay.impure", "y"),
        ("user.fuseoverlayfs.origin", "o"),
        ("trusted.mine", "t"),
        ("user.mine", "kept"),
        ("user.empty", ""),
    ] {
        mark(&upper.join("var/log/x"), name, value);
    }
    let (layer, packed) = folders.pack().unwrap();
    let contents = scan(&layer);
    let gone: Vec<_> = contents.whiteouts.iter().map(|path| String::from_utf8_lossy(path)).collect();
    assert_eq!(gone, ["etc/conf.d/a", "etc/conf.d/b", "usr/bin/tool", "usr/lib/old/y"]);
    assert!(contents.opaques.is_empty(), "explicit whiteouts only");
    assert_eq!((packed.added, packed.deleted), (1, 4));
    for entry in &contents.entries {
        let names: Vec<_> = entry.node.xattrs.iter().map(|(name, _)| String::from_utf8_lossy(name)).collect();
        let expected: &[&str] = if &*entry.path == b"var/log/x" { &["user.empty", "user.mine"] } else { &[] };
        assert_eq!(names, expected, "{entry:?}");
    }
}

#[test]
fn content_that_stands_elsewhere_is_refused() {
    for (name, mark_of) in [("etc", "trusted.overlay.redirect"), ("f", "user.overlay.metacopy")] {
        let Some(folders) = Folders::new(true, distribution) else { return };
        let path = folders.path("upper").join(name);
        if name == "etc" {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "").unwrap();
        }
        mark(&path, mark_of, "/elsewhere");
        let error = folders.pack().unwrap_err().to_string();
        assert!(error.contains(mark_of) && error.contains(name), "{error}");
    }
}

#[test]
fn t06_t14_t15_what_no_layer_can_say_is_refused() {
    let refused = |make: &dyn Fn(&Path)| {
        let folders = Folders::new(true, distribution)?;
        make(&folders.path("upper"));
        Some(folders.pack().unwrap_err().to_string())
    };
    let Some(error) = refused(&|upper| fs::write(upper.join(".wh.etc"), "").unwrap()) else { return };
    assert!(error.starts_with("T-06") && error.contains(".wh.etc"), "{error}");
    let error = refused(&|upper| {
        let mut folder = File::open(upper).unwrap();
        for _ in 0..20 {
            let name = "n".repeat(250);
            rustix::fs::mkdirat(&folder, &name, Mode::from_raw_mode(0o755)).unwrap();
            let below = rustix::fs::openat(&folder, &name, rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
            folder = below.into();
        }
    });
    assert!(error.as_ref().is_some_and(|error| error.starts_with("T-14")), "{error:?}");
    let error = refused(&|upper| File::create(upper.join("hole")).unwrap().set_len(1 << 40).unwrap());
    assert!(error.as_ref().is_some_and(|error| error.starts_with("T-15") && error.contains("/hole")), "{error:?}");
}

#[test]
fn sockets_are_counted_and_gone_for_the_steps_above_too() {
    let Some(folders) = Folders::new(true, distribution) else { return };
    let upper = folders.path("upper");
    fs::create_dir_all(upper.join("etc")).unwrap();
    drop(UnixListener::bind(upper.join("etc/new.sock")).unwrap());
    drop(UnixListener::bind(upper.join("etc/hosts")).unwrap());
    let (layer, packed) = folders.pack().unwrap();
    assert_eq!(names(&layer), ["etc", "etc/.wh.hosts"]);
    assert_eq!((packed.skipped, packed.deleted, packed.added), (2, 1, 0));
    let stacked = folders.stacked();
    assert!(stacked.path().join("etc/conf.d").exists());
    assert!(!stacked.path().join("etc/new.sock").exists() && !stacked.path().join("etc/hosts").exists());
}

#[test]
fn where_nothing_lay_below_all_is_added() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    distribution(&folders.path("upper"));
    let upper = File::open(folders.path("upper")).unwrap();
    let mut layer = Vec::new();
    let upper = Upper { upper: upper.as_fd(), lower: None, created: CREATED, cancelled: &|| false };
    let packed = pack(&upper, &mut layer).unwrap();
    let contents = scan(&layer);
    assert_eq!((packed.added, packed.modified), (contents.entries.len() as u64, 0));
    assert!(contents.entries.iter().any(|e| &*e.path == b"bin" && matches!(e.node.kind, Kind::Symlink(_))));
}

#[test]
fn cancelling_ends_it_between_entries_and_inside_a_file() {
    let Some(folders) = Folders::new(true, distribution) else { return };
    fs::write(folders.path("upper").join("large"), vec![1; 4 << 20]).unwrap();
    let (upper, lower) = (File::open(folders.path("upper")).unwrap(), File::open(folders.path("lower")).unwrap());
    let (mut asked, mut ends) = (0, false);
    while !ends {
        asked += 1;
        let left = Cell::new(asked);
        let cancelled = || left.replace(left.get() - 1) <= 1;
        let upper = Upper { upper: upper.as_fd(), lower: Some(lower.as_fd()), created: CREATED, cancelled: &cancelled };
        match pack(&upper, std::io::sink()) {
            Ok(_) => ends = true,
            Err(error) => assert!(matches!(error, UpperError::Cancelled), "{error}"),
        }
    }
    assert!(asked > 40, "asked {asked} times in a file of 4 MiB");
}
