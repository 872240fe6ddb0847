//! Archives of others: unpacked inside `to`, or refused by the family they belong to.

use crate::support::engine::{Bakehouse, Tar, gzip, usrmerged};

fn house(archive: &[u8]) -> Bakehouse {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    house.file("a.tar", archive);
    house
}

fn unpack(archive: &[u8], more: &str) -> Vec<String> {
    let house = house(archive);
    let outcome = house.bake(&format!("steps:\n  - unpack: {{from: a.tar, {more}}}\n"));
    house.listing(&outcome)
}

#[track_caller]
fn refused(family: &str, archive: &[u8], to: &str) {
    let house = house(archive);
    let failure = house.bake(&format!("steps:\n  - unpack: {{from: a.tar, to: {to}}}\n")).failure();
    assert!(failure.contains(family), "expected {family}: {failure}");
    assert!(house.target.entries().unwrap().is_empty());
}

#[test]
fn plain_gzip_and_zstd_archives_with_their_owners_modes_and_links() {
    let tar = Tar::new()
        .folder("./", 0o700)
        .folder("./d/", 0o750)
        .entry(b'0', "d/owned", 0o4755, ("", b"suid"))
        .hardlink("b", "d/owned")
        .symlink("l", "d/owned")
        .file("empty1", "")
        .file("empty2", "")
        .end();
    let expected = [
        "folder 0755 0:0 opt",
        "folder 0700 0:0 opt/x",
        "file 4755 1234:0 opt/x/b",
        "folder 0750 0:0 opt/x/d",
        "hardlink 4755 1234:0 opt/x/d/owned",
        "file 0644 0:0 opt/x/empty1",
        "file 0644 0:0 opt/x/empty2",
        "symlink 0777 0:0 opt/x/l",
    ];
    for archive in [tar.clone(), gzip(&tar), zstd::encode_all(&tar[..], 3).unwrap()] {
        assert_eq!(unpack(&archive, "to: /opt/x"), expected);
    }
    assert_eq!(unpack(&tar, "to: /opt/x, owner: app")[2], "file 4755 1000:2000 opt/x/b");
}

#[test]
fn links_of_the_base_stay_links_and_its_folders_what_they_are() {
    let tar = Tar::new().folder("bin/", 0o700).file("bin/new", "x").folder("tmp/", 0o755).file("tmp/t", "x").end();
    assert_eq!(
        unpack(&tar, "to: /"),
        [
            "folder 1777 0:0 tmp",
            "file 0644 0:0 tmp/t",
            "folder 0755 0:0 usr",
            "folder 0755 0:0 usr/bin",
            "file 0644 0:0 usr/bin/new"
        ]
    );
}

#[test]
fn t16_the_last_of_several_members_wins() {
    let tar =
        Tar::new().file("a", "1").folder("b/", 0o700).file("a", "22").symlink("b", "a").file("c/d", "x").file("c", "y");
    let house = house(&tar.end());
    let outcome = house.bake("steps:\n  - unpack: {from: a.tar, to: /o}\n");
    let top: Vec<_> =
        house.top(&outcome).iter().map(|(e, c)| format!("{} {c}", String::from_utf8_lossy(&e.path))).collect();
    assert_eq!(top, ["o ", "o/a 22", "o/b ", "o/c y"]);
}

#[test]
fn t01_members_that_climb_are_refused_and_absolute_ones_stay_inside() {
    for name in ["../x", "a/../../x", "/../x", ".."] {
        refused("T-01", &Tar::new().file(name, "x").end(), "/opt");
    }
    assert_eq!(
        unpack(&Tar::new().file("/etc/cron.d/x", "x").end(), "to: /opt").pop().unwrap(),
        "file 0644 0:0 opt/etc/cron.d/x"
    );
}

#[test]
fn t02_members_through_links_that_lead_out_are_refused() {
    for target in ["/etc", "../etc", "../../../../etc", "/", "."] {
        let tar = Tar::new().symlink("l", target).file("l/passwd", "x").end();
        if target == "." {
            assert_eq!(unpack(&tar, "to: /opt").pop().unwrap(), "file 0644 0:0 opt/passwd");
        } else {
            refused("T-02", &tar, "/opt");
        }
    }
    refused("T-02", &Tar::new().symlink("a", "b").symlink("b", "a").file("a/x", "").end(), "/opt");
    refused(
        "T-02",
        &Tar::new().symlink("l", "/etc").folder("d/", 0o755).symlink("d/m", "../l").file("d/m/x", "").end(),
        "/opt",
    );
}

#[test]
fn t03_hard_links_name_files_of_the_archive() {
    for target in ["missing", "d", "../../etc/passwd", "/etc/passwd", "l/passwd"] {
        let tar = Tar::new().folder("d/", 0o755).symlink("l", "/etc").hardlink("h", target).end();
        let family = if target.starts_with("../") { "T-01" } else { "T-03" };
        refused(family, &tar, "/opt");
    }
    refused("T-03", &Tar::new().hardlink("early", "late").file("late", "x").end(), "/opt");
    refused("T-03", &Tar::new().hardlink("h", "etc/passwd").end(), "/");
}

#[test]
fn t04_t05_roots_and_folders_that_change_their_type() {
    refused("T-04", &Tar::new().symlink("./", "/etc").end(), "/opt");
    let tar = Tar::new()
        .folder("d/", 0o755)
        .file("d/a", "1")
        .symlink("d", "/etc")
        .folder("d/", 0o700)
        .file("d/passwd", "2")
        .end();
    assert_eq!(
        unpack(&tar, "to: /opt"),
        ["folder 0755 0:0 opt", "folder 0700 0:0 opt/d", "file 0644 0:0 opt/d/passwd"]
    );
}

#[test]
fn t06_t08_t09_what_no_layer_may_hold() {
    for name in [".wh.x", "d/.wh..wh..opq", ".wh.", ".wh.d/x"] {
        refused("T-06", &Tar::new().file(name, "").end(), "/opt");
    }
    for kind in [b'3', b'4', b'6'] {
        refused("T-08", &Tar::new().entry(kind, "dev", 0o600, ("", b"")).end(), "/opt");
    }
    let record = b"37 SCHILY.xattr.trusted.overlay.x=ab\n";
    refused("T-09", &Tar::new().entry(b'x', "x", 0o644, ("", record)).file("f", "").end(), "/opt");
}

#[test]
fn t10_t12_t20_archives_that_lie_or_end_too_early() {
    refused(
        "T-10",
        &Tar::new().entry(b'x', "x", 0o644, ("", b"12 size=512\n")).file("a", "").file("hidden", "").end(),
        "/opt",
    );
    let whole = Tar::new().file("a", &"x".repeat(5000)).end();
    refused("T-12", &whole[..3000], "/opt");
    for (magic, shown) in [(&b"\xfd7zXZ\0"[..], "xz"), (b"BZh91AY", "bzip2"), (b"PK\x03\x04zip", "zip")] {
        refused("T-20", magic, "/opt");
        let house = house(magic);
        assert!(house.bake("steps:\n  - unpack: {from: a.tar, to: /o}\n").failure().contains(shown));
    }
    let house = house(&gzip(&whole)[..40]);
    house.bake("steps:\n  - unpack: {from: a.tar, to: /o}\n").failure();
}

#[test]
fn t21_a_file_is_no_folder_of_the_base() {
    refused("T-21", &Tar::new().file("passwd/x", "").end(), "/etc");
    refused("T-21", &Tar::new().folder("passwd/", 0o755).end(), "/etc");
    refused("T-21", &Tar::new().file("usr", "").end(), "/");
    // Of the archive's own, the later wins.
    assert_eq!(unpack(&Tar::new().file("a", "").file("a/b", "").end(), "to: /o").pop().unwrap(), "file 0644 0:0 o/a/b");
}
