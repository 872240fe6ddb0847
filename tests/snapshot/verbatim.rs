//! Another program's upper folder as a layer: nothing of it is lost, nothing in it is touched.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use bakery::adapters::snapshot::{UpperError, copy_out};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat, setxattr};

use super::overlay::{Folders, chmod, names, said, scan, tree, walk};

fn copied(folders: &Folders) -> Result<Vec<u8>, UpperError> {
    copy_out(File::open(folders.path("upper")).unwrap().as_fd(), Vec::new(), &|| false)
}

fn times(root: &Path) -> BTreeMap<std::path::PathBuf, (i64, i64, u64)> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(path) = ahead.pop() {
        let stat = path.symlink_metadata().unwrap();
        if stat.is_dir() {
            ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.insert(path, (stat.mtime(), stat.mtime_nsec(), stat.nlink()));
    }
    found
}

#[test]
fn an_upper_folder_is_copied_as_it_lies() {
    let lower = |lower: &Path| {
        for folder in ["etc/conf.d", "etc/skel", "usr/bin", "usr/lib/old"] {
            fs::create_dir_all(lower.join(folder)).unwrap();
        }
        for file in ["etc/conf.d/a", "etc/skel/old", "usr/bin/tool", "usr/lib/old/x", "etc/gone"] {
            fs::write(lower.join(file), file).unwrap();
        }
    };
    let Some(folders) = Folders::new(true, lower) else { return };
    let mount = folders.mount();
    let at = |path: &str| mount.path().join(path);
    fs::remove_file(at("etc/gone")).unwrap();
    fs::remove_dir_all(at("etc/skel")).unwrap();
    fs::create_dir(at("etc/skel")).unwrap();
    fs::write(at("etc/skel/new"), "new").unwrap();
    fs::write(at("usr/bin/tool"), "another").unwrap();
    chmod(&at("usr/bin/tool"), 0o4755);
    fs::hard_link(at("usr/bin/tool"), at("usr/bin/again")).unwrap();
    setxattr(at("usr/bin/tool"), "user.kept", b"yes", XattrFlags::empty()).unwrap();
    symlink("tool", at("usr/bin/link")).unwrap();
    fs::remove_dir_all(at("usr/lib/old")).unwrap();
    // Between a folder and what is in it, byte for byte.
    fs::write(at("etc/skel-copy"), "").unwrap();
    mknodat(CWD, at("usr/bin/pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    mknodat(CWD, at("usr/bin/null"), FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(1, 3)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("usr/bin/sock")).unwrap();
    let before = times(&folders.path("upper"));
    let layer = copied(&folders).unwrap();
    assert_eq!(times(&folders.path("upper")), before);
    assert_eq!(
        names(&layer),
        [
            "etc",
            "etc/.wh.gone",
            "etc/skel",
            "etc/skel-copy",
            "etc/skel/.wh..wh..opq",
            "etc/skel/new",
            "usr",
            "usr/bin",
            "usr/bin/again",
            "usr/bin/link",
            "usr/bin/null",
            "usr/bin/pipe",
            "usr/bin/tool = usr/bin/again",
            "usr/lib",
            "usr/lib/.wh.old",
        ]
    );
    fs::remove_file(at("usr/bin/sock")).unwrap();
    let laid = tree(&[&walk(&folders.path("lower")), &scan(&layer)]);
    assert_eq!(said(&laid, true), said(&tree(&[&walk(mount.path())]), true));
}

#[test]
fn content_that_lies_elsewhere_is_not_made_up() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    let file = folders.path("upper").join("file");
    fs::write(&file, "").unwrap();
    setxattr(&file, "trusted.overlay.metacopy", b"", XattrFlags::empty()).unwrap();
    let error = copied(&folders).unwrap_err();
    assert!(matches!(&error, UpperError::Redirect { path, .. } if path == "file"), "{error}");
}

#[test]
fn a_folder_that_became_a_link_is_not_followed() {
    let Some(folders) = Folders::new(true, |_| ()) else { return };
    symlink("/etc", folders.path("upper").join("etc")).unwrap();
    assert_eq!(names(&copied(&folders).unwrap()), ["etc"]);
}
