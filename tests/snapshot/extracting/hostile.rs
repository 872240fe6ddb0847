//! Archives that want more than they may have: whatever they say, the victim beside the root stays as it is.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use bakery::adapters::snapshot::{Marks, Options, Owners, UnpackError, unpack};
use bakery::domain::layer::Limits;

use super::{Cell, marks, may_give_away};
use crate::support::engine::Tar;

/// A PAX header for the next entry.
fn pax(tar: Tar, key: &str, value: &str) -> Tar {
    let rest = key.len() + value.len() + 3;
    let length = (1..).find(|digits| (rest + digits).to_string().len() == *digits).unwrap() + rest;
    tar.entry(b'x', "pax", 0o644, ("", format!("{length} {key}={value}\n")))
}

#[test]
fn t01_names_that_leave_are_refused_and_absolute_ones_land_inside() {
    for name in ["../victim/file", "/../victim/file", "./../victim/file", "some/../../victim/file", ".."] {
        let cell = Cell::new();
        cell.refused("T-01", &Tar::new().file(name, "evil").end());
        assert_eq!(cell.paths(), [""; 0], "{name}");
    }
    let cell = Cell::new();
    let outside = cell.victim().join("file").display().to_string();
    cell.layer(&Tar::new().file(&outside, "evil").file("//a//./b", "").end());
    assert!(cell.root().join(outside.trim_start_matches('/')).is_file());
    assert!(cell.root().join("a/b").is_file());
}

#[test]
fn t02_links_to_the_outside_lead_to_the_inside() {
    for (target, lands) in [("../victim", "victim/x"), ("/../../victim", "victim/x"), ("../../../../etc", "etc/x")] {
        let cell = Cell::new();
        cell.layer(&Tar::new().symlink("l", target).file("l/x", "evil").end());
        assert!(cell.root().join(lands).is_file(), "{target}");
    }
    // The last part is never followed: the link is replaced, what it points at is not.
    let cell = Cell::new();
    let victim = cell.victim().display().to_string();
    let tar = Tar::new().symlink("f", &format!("{victim}/file")).file("f", "evil").symlink("d", &victim);
    cell.layer(&tar.folder("d/", 0o777).file("d/file", "evil").end());
    assert_eq!(cell.paths(), ["d", "d/file", "f"]);
    assert!(cell.root().join("d").symlink_metadata().unwrap().is_dir());
    cell.refused("T-02", &Tar::new().symlink("l1", "l2").symlink("l2", "l1").file("l1/x", "").end());
}

#[test]
fn t02_proc_is_no_way_out() {
    let cell = Cell::new();
    cell.layer(&Tar::new().symlink("l", "/proc/self/root").file("l/x", "evil").symlink("c", "/proc/self/cwd").end());
    cell.layer(&Tar::new().file("c/x", "evil").end());
    assert!(cell.root().join("proc/self/root/x").is_file() && cell.root().join("proc/self/cwd/x").is_file());
}

#[test]
fn t03_hard_links_stay_inside_and_change_nothing_they_name() {
    for target in ["../victim/file", "/../victim/file"] {
        Cell::new().refused("T-01", &Tar::new().hardlink("h", target).end());
    }
    let cell = Cell::new();
    let victim = cell.victim().display().to_string();
    let tar = || Tar::new().symlink("l", &victim).symlink("s", &format!("{victim}/file"));
    cell.refused("T-03", &tar().hardlink("h", "l/file").end());
    cell.refused("T-03", &tar().hardlink("h", "l").folder("d/", 0o755).hardlink("h", "d").end());
    // A link to a link is that link; writing to it replaces it.
    cell.layer(&tar().hardlink("h", "s").hardlink("g", "s").file("g", "evil").end());
    assert!(cell.root().join("h").is_symlink() && cell.root().join("g").symlink_metadata().unwrap().is_file());
    // What a link replaces may hold what it names.
    cell.layer(&Tar::new().file("t/f", "kept").hardlink("t", "t/f").hardlink("u", "t").end());
    let of = |name: &str| cell.root().join(name).metadata().unwrap().ino();
    assert_eq!((std::fs::read(cell.root().join("t")).unwrap(), of("t")), (b"kept".to_vec(), of("u")));
}

#[test]
fn t04_the_root_keeps_its_type_and_takes_its_mode() {
    let cell = Cell::new();
    cell.refused("T-04", &Tar::new().symlink("./", "../victim").end());
    cell.layer(&Tar::new().folder("./", 0o1750).file("x", "").end());
    let root = cell.root().metadata().unwrap();
    assert_eq!((root.mode() & 0o7777, root.mtime()), (0o1750, 42));
}

#[test]
fn t05_a_folder_that_becomes_a_link_midway_is_no_way_out() {
    let cell = Cell::new();
    let victim = cell.victim().display().to_string();
    let tar = Tar::new().folder("d/", 0o755).file("d/a", "").symlink("d", &victim).file("d/file", "evil");
    let tar = tar.file("d/folder/file", "evil").folder("d/", 0o700).file("d/passwd", "evil");
    cell.layer(&tar.end());
    assert!(cell.root().join("d/passwd").is_file() && !cell.root().join("d/a").exists());
}

#[test]
fn t06_whiteouts_take_what_lies_inside_and_nothing_above() {
    for name in [".wh.", ".wh..", ".wh...", "etc/.wh...", ".wh.etc/somefile"] {
        Cell::new().refused("T-06", &Tar::new().file(name, "").end());
    }
    let cell = Cell::new();
    let victim = cell.victim().display().to_string();
    let tar = Tar::new().symlink("out", &victim).symlink("up", "../victim").symlink("etc2", "/etc");
    cell.layer(&tar.file("etc/passwd", "").file("etc/group", "").end());
    let taken = marks(&["out/file", "up/passwd", "etc2/passwd", "missing/x", "etc/group/x"], &["out", "up/folder"]);
    cell.unpack(&taken, &Tar::new().end()).unwrap();
    assert_eq!(cell.paths(), ["etc", "etc/group", "etc2", "out", "up"]);
    // The link goes, not what it leads to; opaque follows it inside the root.
    cell.unpack(&marks(&["out"], &["etc2"]), &Tar::new().end()).unwrap();
    assert_eq!(cell.paths(), ["etc", "etc2", "up"]);
}

#[test]
fn t07_marks_come_before_entries_wherever_they_stand() {
    let cell = Cell::new();
    cell.layer(&Tar::new().file("a/old", "").file("a/deep/old", "").file("b", "old").end());
    let tar = Tar::new().file("a/new", "").file("a/.wh..wh..opq", "").file("b", "new").file(".wh.b", "").end();
    cell.unpack(&marks(&["b"], &["a"]), &tar).unwrap();
    assert_eq!(cell.paths(), ["a", "a/new", "b"]);
    assert_eq!(std::fs::read(cell.root().join("b")).unwrap(), b"new");
}

#[test]
fn t08_devices_are_never_made_and_pipes_are() {
    let cell = Cell::new();
    cell.layer(&Tar::new().file("null", "old").end());
    let tar = Tar::new().entry(b'3', "null", 0o666, ("", b"")).entry(b'4', "disk", 0o660, ("", b""));
    let tar = tar.hardlink("zero", "null").entry(b'6', "pipe", 0o620, ("", b"")).file("x", "");
    let unpacked = cell.layer(&tar.end());
    assert_eq!((unpacked.skipped, unpacked.entries), (3, 2));
    assert_eq!(cell.paths(), ["pipe", "x"]);
    let pipe = cell.root().join("pipe").symlink_metadata().unwrap();
    assert!(pipe.file_type().is_fifo() && pipe.mode() & 0o7777 == 0o620);
}

#[test]
fn t09_set_id_bits_and_attributes_survive_those_of_the_overlay_do_not() {
    if !may_give_away() {
        return;
    }
    for name in ["trusted.overlay.opaque", "user.overlay.redirect", "trusted.overlay.whiteout"] {
        let tar = pax(Tar::new(), &format!("SCHILY.xattr.{name}"), "y").folder("d/", 0o755).end();
        Cell::new().refused("T-09", &tar);
    }
    let cell = Cell::new();
    let capability = "\u{1}\0\0\u{2}\0\u{4}\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let tar = pax(Tar::new(), "SCHILY.xattr.security.capability", capability);
    let tar = tar.entry(b'0', "owned-ping", 0o755, ("", b"x")).entry(b'0', "owned-su", 0o6755, ("", b"x"));
    let tar = pax(tar, "SCHILY.xattr.user.note", "hello").folder("d/", 0o755);
    cell.layer(&pax(tar, "SCHILY.xattr.trusted.other", "x").file("plain", "").end());
    let value = |path: &str, name: &str| {
        let mut value = [0_u8; 64];
        let found = rustix::fs::getxattr(cell.root().join(path), name, &mut value[..]);
        found.ok().map(|length| value[..length].to_vec())
    };
    assert_eq!(value("owned-ping", "security.capability").unwrap(), capability.as_bytes());
    assert_eq!(value("plain", "trusted.other"), None);
    let su = cell.root().join("owned-su").metadata().unwrap();
    assert_eq!((su.mode() & 0o7777, su.uid()), (0o6755, 1234));
    // A folder said again without attributes has none.
    if value("d", "user.note").is_some() {
        cell.layer(&Tar::new().folder("d/", 0o755).end());
        assert_eq!(value("d", "user.note"), None);
    }
}

#[test]
fn t10_t11_t12_t13_t14_t22_what_the_parser_refuses_reaches_no_folder() {
    let cell = Cell::new();
    cell.refused("T-10", &pax(Tar::new(), "size", "512").file("a", "").end());
    cell.refused("T-11", &Tar::new().entry(b'x', "pax", 0o644, ("", "11 path=abc")).file("a", "").end());
    cell.refused("T-13", &pax(Tar::new(), "uid", "4294967296").file("a", "").end());
    cell.refused("T-14", &pax(Tar::new(), "path", &"n".repeat(256)).file("a", "").end());
    cell.refused("T-14", &pax(Tar::new(), "path", "a\0b").file("a", "").end());
    cell.refused("T-22", &Tar::new().file("a/", "x").end());
    assert_eq!(cell.paths(), [""; 0]);
    cell.refused("T-12", &Tar::new().file("a", &"x".repeat(700)).end()[..1000]);
    cell.layer(&pax(Tar::new(), "path", &("d/".repeat(400) + "deep")).file("a", "x").end());
}

#[test]
fn t15_holes_stay_holes() {
    let cell = Cell::new();
    let zeros = "\0".repeat(1 << 20);
    let unpacked = cell.layer(&Tar::new().file("zeros", &zeros).file("tail", &format!("{zeros}end")).end());
    assert_eq!(unpacked.bytes, (2 << 20) + 3);
    assert!(std::fs::read(cell.root().join("zeros")).unwrap() == zeros.as_bytes());
    assert!(std::fs::read(cell.root().join("tail")).unwrap().ends_with(b"\0end"));
    assert!(cell.root().join("zeros").metadata().unwrap().blocks() < 64);
}

#[test]
fn t19_entries_are_counted_and_missing_parents_made() {
    let cell = Cell::new();
    let limits = Limits { entries: 2, ..Limits::default() };
    let tar = Tar::new().file("a/b/c", "").file("d", "").file("e", "").end();
    let error = cell.unpack_with(&Marks::default(), &tar, limits).unwrap_err().to_string();
    assert!(error.starts_with("T-19"), "{error}");
    assert_eq!(cell.root().join("a/b").metadata().unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn t21_files_and_folders_replace_each_other() {
    let cell = Cell::new();
    cell.layer(&Tar::new().file("f", "").file("f/child", "").file("d/x/y", "").file("d", "file").end());
    assert_eq!(cell.paths(), ["d", "f", "f/child"]);
}

#[test]
fn folders_a_layer_does_not_name_keep_their_times() {
    let cell = Cell::new();
    cell.layer(&Tar::new().folder("a/", 0o755).file("a/old", "").end());
    cell.unpack(&marks(&["a/old"], &[]), &Tar::new().file("a/new", "").end()).unwrap();
    assert_eq!(cell.root().join("a").metadata().unwrap().mtime(), 42);
}

#[test]
fn who_cancels_is_heard_between_entries() {
    let cell = Cell::new();
    let root = std::fs::File::open(cell.root()).unwrap();
    let asked = std::cell::Cell::new(0);
    let cancelled = || asked.replace(asked.get() + 1) >= 2;
    let options = Options { owners: Owners::Ignore, limits: Limits::default(), cancelled: &cancelled };
    let tar = Tar::new().file("a", "").file("b", "").file("c", "").end();
    let error = unpack(std::os::fd::AsFd::as_fd(&root), &Marks::default(), &tar[..], &options).unwrap_err();
    assert!(matches!(error, UnpackError::Cancelled), "{error}");
    assert_eq!(cell.paths(), ["a", "b"]);
}
