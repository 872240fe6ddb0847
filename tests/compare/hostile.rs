//! A hostile layer among good ones: it is named with its family and its digest, the others are still shown, and the command
//! has failed.

use std::collections::BTreeSet;

use bakery::domain::oci::{DiffId, Digest, media_type};

use super::{Blob, put_blobs};
use crate::support::bakery::Bakery;
use crate::support::engine::{Tar, gzip};

/// Holds what the commands say of an image whose middle layer is `hostile`; gives what they still show.
#[track_caller]
fn told(family: &str, hostile: Blob) -> BTreeSet<String> {
    let bakery = Bakery::new();
    let good = |name: &str| Blob::gzip(&Tar::new().file(name, name).end());
    let digests = put_blobs(&bakery.local(), "app:1", &[good("below"), hostile, good("above")]);
    put_blobs(&bakery.local(), "good:1", &[good("below")]);
    let mut shown = BTreeSet::new();
    for arguments in [
        &["files", "local/app:1", "--json"][..],
        &["diff", "local/app:1", "--json"],
        &["diff", "local/good:1", "local/app:1", "--json"],
        &["du", "local/app:1", "--json"],
        &["files", "local/app:1"],
        &["cat", "local/app:1", "/above"],
    ] {
        let output = bakery.run(arguments);
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{family} {arguments:?}: {stdout}\n{stderr}");
        assert!(stderr.contains(&digests[1]) && stderr.contains(family), "{family} {arguments:?}: {stderr}");
        assert!(!stderr.contains(&digests[0]) && !stderr.contains(&digests[2]), "{family}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        if arguments[0] == "du" {
            assert!(stdout.contains(&digests[1]), "{stdout}");
            continue;
        }
        assert!(stdout.contains("above"), "{family} {arguments:?}: {stdout}\n{stderr}");
        let row =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].as_str().unwrap().to_owned();
        if arguments == ["files", "local/app:1", "--json"] {
            shown.extend(stdout.lines().map(row));
            assert!(shown.contains("/below"), "{family}: {stdout}");
        }
    }
    shown
}

fn layer(family: &str, tar: Tar) -> BTreeSet<String> {
    told(family, Blob::gzip(&tar.end()))
}

/// A PAX header for the next entry.
fn pax(key: &str, value: &str) -> Tar {
    let rest = key.len() + value.len() + 3;
    let length = (1..).find(|digits| (rest + digits).to_string().len() == *digits).unwrap() + rest;
    Tar::new().entry(b'x', "pax", 0o644, ("", format!("{length} {key}={value}\n")))
}

#[test]
fn t01_t04_t06_names_that_mean_harm() {
    for name in ["../x", "/../x", "some/../../x", ".."] {
        layer("T-01", Tar::new().file(name, ""));
    }
    layer("T-04", Tar::new().symlink("./", "/etc"));
    for name in [".wh.", ".wh..", ".wh...", "etc/.wh...", ".wh.etc/somefile"] {
        layer("T-06", Tar::new().file(name, ""));
    }
}

#[test]
fn t02_t03_links_that_lead_nowhere() {
    let shown = layer("T-02", Tar::new().file("first", "").symlink("l1", "l2").symlink("l2", "l1").file("l1/x", ""));
    assert!(shown.contains("/first"), "{shown:?}");
    let shown = layer("T-03", Tar::new().file("first", "").hardlink("h", "absent").file("later", ""));
    assert!(shown.contains("/first"), "{shown:?}");
}

#[test]
fn t10_t11_t12_t13_t14_t22_archives_that_lie() {
    let shown =
        layer("T-10", Tar::new().file("first", "").entry(b'x', "x", 0o644, ("", b"12 size=512\n")).file("a", ""));
    assert!(!shown.contains("/first"), "nothing counts before its end was seen: {shown:?}");
    layer("T-11", Tar::new().entry(b'x', "pax", 0o644, ("", "11 path=abc")).file("a", ""));
    layer("T-13", pax("uid", "4294967296").file("a", ""));
    layer("T-14", pax("path", &"n".repeat(256)).file("a", ""));
    layer("T-14", pax("path", "a\0b").file("a", ""));
    layer("T-22", Tar::new().file("a/", "x"));
    let cut = Tar::new().file("first", "").file("a", &"x".repeat(700)).end()[..1500].to_vec();
    told("T-12", Blob::gzip(&cut));
    told("T-12", Blob::gzip(b"this is no archive at all, whatever its length may be"));
}

#[test]
fn t15_t17_archives_that_grow_stop_at_their_budget() {
    let sized = |size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_path("large").unwrap();
        header.set_mode(0o644);
        header.set_size(size);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    let begun = std::time::Instant::now();
    told("T-17", Blob::gzip(&[sized(21 << 30), vec![0; 4096]].concat()));
    let mut sparse = tar::Header::new_gnu();
    sparse.set_path("holes").unwrap();
    sparse.set_mode(0o644);
    sparse.set_size(0);
    sparse.set_entry_type(tar::EntryType::GNUSparse);
    sparse.as_gnu_mut().unwrap().set_real_size(8 << 40);
    sparse.set_cksum();
    told("T-15", Blob::gzip(&[sparse.as_bytes().to_vec(), vec![0; 1024]].concat()));
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn t17_t18_t20_blobs_that_are_not_what_they_are_said_to_be() {
    let tar = Tar::new().file("inside", "x").end();
    let blob = |media_type, bytes: Vec<u8>| Blob { media_type, bytes, diff_id: DiffId(Digest::of(&tar)) };
    told("T-17", Blob { diff_id: DiffId(Digest::of(b"another")), ..Blob::gzip(&tar) });
    told("T-20", blob(media_type::LAYER_GZIP, tar.clone()));
    told("T-20", blob(media_type::LAYER_GZIP, zstd::encode_all(&tar[..], 1).unwrap()));
    told("T-20", blob(media_type::LAYER, b"\xfd7zXZ\0 and so on".to_vec()));
    told("T-12", blob(media_type::LAYER_GZIP, gzip(&gzip(&tar))));
    let mut damaged = gzip(&tar);
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    told("", blob(media_type::LAYER_GZIP, damaged));
    let half = gzip(&tar)[..60].to_vec();
    told("", blob(media_type::LAYER_GZIP, half));
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(28)).unwrap();
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    told("", blob(media_type::LAYER_ZSTD, encoder.finish().unwrap()));
}

#[test]
fn a_blob_that_was_changed_or_is_gone_hides_no_other() {
    let bakery = Bakery::new();
    let good = |name: &str| Blob::gzip(&Tar::new().file(name, name).end());
    let digests = put_blobs(&bakery.local(), "app:1", &[good("below"), good("middle"), good("above")]);
    let blob = bakery.local().join("blobs").join(digests[1].replace(':', "/"));
    let mut bytes = std::fs::read(&blob).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, bytes).unwrap();
    let output = bakery.run(&["files", "local/app:1"]);
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{stdout}\n{stderr}");
    assert!(
        stderr.contains(&digests[1]) && stdout.contains("/below") && stdout.contains("/above"),
        "{stdout}\n{stderr}"
    );
    // One that is gone is no worse.
    std::fs::remove_file(&blob).unwrap();
    let output = bakery.run(&["files", "local/app:1"]);
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{stdout}\n{stderr}");
    assert!(stderr.contains(&digests[1]) && stderr.contains("not found") && stdout.contains("/above"), "{stderr}");
}
