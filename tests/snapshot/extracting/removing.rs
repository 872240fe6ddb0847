//! Removing snapshots: everything below a name goes, and nothing a link points at.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;

use bakery::adapters::snapshot::remove_tree;

use super::Cell;

#[test]
fn a_tree_goes_with_its_closed_folders_and_links_and_nothing_else() {
    let cell = Cell::new();
    let root = cell.root();
    std::fs::create_dir_all(root.join("doomed/work/work/inner/x")).unwrap();
    std::fs::create_dir_all(root.join("kept")).unwrap();
    std::fs::write(root.join("doomed/work/work/file"), "x").unwrap();
    std::os::unix::fs::symlink(cell.victim(), root.join("doomed/work/out")).unwrap();
    std::os::unix::fs::symlink(cell.victim(), root.join("link")).unwrap();
    for closed in ["doomed/work/work", "doomed/work", "doomed"] {
        std::fs::set_permissions(root.join(closed), std::fs::Permissions::from_mode(0o0)).unwrap();
    }
    let fd = File::open(&root).unwrap();
    for name in ["doomed", "link", "missing"] {
        remove_tree(fd.as_fd(), OsStr::new(name)).unwrap();
    }
    assert_eq!(cell.paths(), ["kept"]);
    assert_eq!(super::facts(&cell.victim()), cell.before);
}

#[test]
fn no_depth_is_too_deep() {
    let cell = Cell::new();
    let root = File::open(cell.root()).unwrap();
    let mut here = root.try_clone().unwrap();
    for _ in 0..5000 {
        rustix::fs::mkdirat(&here, "deeper", rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::DIRECTORY;
        here = rustix::fs::openat(&here, "deeper", flags, rustix::fs::Mode::empty()).unwrap().into();
    }
    remove_tree(root.as_fd(), OsStr::new("deeper")).unwrap();
    assert_eq!(cell.paths(), [""; 0]);
}
