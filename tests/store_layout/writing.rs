//! Blobs and names: what is committed is there whole, what is not leaves nothing.

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use bakery::adapters::store::StoreError;
use bakery::adapters::store::layout::{BlobWriter, Layout};
use bakery::domain::oci::{Algorithm, Descriptor, Digest};

use super::fresh;
use crate::support::images;

#[test]
fn a_blob_appears_under_its_digest_when_committed() {
    let (_folder, layout) = fresh();
    let mut writer = layout.begin_blob().unwrap();
    writer.write_all(b"con").unwrap();
    writer.write_all(b"tent").unwrap();
    let descriptor = writer.commit("text/plain").unwrap();
    assert_eq!(descriptor, Descriptor::of("text/plain", b"content"));
    let path = layout.path().join("blobs/sha256").join(descriptor.digest.encoded());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o444);
    let mut text = String::new();
    layout.open_blob_file(&descriptor).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "content");
    assert!(layout.has(&descriptor));
    assert!(!layout.has(&Descriptor { size: 6, ..descriptor }));
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let (_folder, layout) = fresh();
    let mut writer = layout.begin_blob().unwrap();
    writer.write_all(b"content").unwrap();
    drop(writer);
    assert_eq!(temporaries(&layout), 0);
    assert!(!layout.has(&Descriptor::of("x", b"content")));
}

fn temporaries(layout: &Layout) -> usize {
    std::fs::read_dir(layout.path().join(".bakery/tmp")).map_or(0, Iterator::count)
}

#[test]
fn putting_again_changes_nothing_and_heals_what_was_altered() {
    let (_folder, layout) = fresh();
    let descriptor = layout.put_bytes("x", b"content").unwrap();
    let path = layout.path().join("blobs/sha256").join(descriptor.digest.encoded());
    let before = path.metadata().unwrap().ino();
    layout.put_bytes("x", b"content").unwrap();
    assert_eq!(path.metadata().unwrap().ino(), before);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"kontent").unwrap();
    layout.put_bytes("x", b"content").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"content");
    assert_eq!(temporaries(&layout), 0);
}

#[test]
fn several_blobs_commit_together() {
    let (_folder, layout) = fresh();
    let writers = ["one", "two", "one"].map(|text| {
        let mut writer = layout.begin_blob().unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        (writer, "text/plain")
    });
    let descriptors = BlobWriter::commit_all(writers.into()).unwrap();
    assert_eq!(descriptors[0], descriptors[2]);
    assert!(descriptors.iter().all(|descriptor| layout.has(descriptor)));
    assert_eq!(temporaries(&layout), 0);
}

#[test]
fn j05_sha512_blobs_work() {
    let (_folder, layout) = fresh();
    let mut writer = layout.begin_blob_as(Algorithm::Sha512).unwrap();
    writer.write_all(b"content").unwrap();
    let descriptor = writer.commit("x").unwrap();
    assert_eq!(descriptor.digest.algorithm(), Algorithm::Sha512);
    assert_eq!(layout.read_blob(&descriptor, 100).unwrap(), b"content");
    assert!(super::fsck(&layout).is_sound());
}

#[test]
fn j03_a_commit_that_is_not_what_was_expected_leaves_nothing() {
    let (_folder, layout) = fresh();
    let mut writer = layout.begin_blob().unwrap();
    writer.write_all(b"kontent").unwrap();
    let error = writer.commit_expected(&Descriptor::of("x", b"content")).unwrap_err();
    assert!(matches!(error, StoreError::Mismatch { family: "J-03", .. }), "{error}");
    assert!(!layout.has(&Descriptor::of("x", b"kontent")));
}

#[test]
fn a_linked_blob_is_the_same_file_and_is_verified_first() {
    let (folder, global) = fresh();
    let local = Layout::open_or_create(&folder.path().join("local")).unwrap();
    let blob = global.put_bytes("x", b"content").unwrap();
    local.link_blob(&global, &blob).unwrap();
    local.link_blob(&global, &blob).unwrap();
    let inode =
        |layout: &Layout| layout.path().join("blobs/sha256").join(blob.digest.encoded()).metadata().unwrap().ino();
    assert_eq!(inode(&global), inode(&local));

    let bad = global.path().join("blobs/sha256").join(Digest::of(b"good").encoded());
    std::fs::write(bad, b"evil").unwrap();
    let error = local.link_blob(&global, &Descriptor::of("x", b"good")).unwrap_err();
    assert!(error.to_string().starts_with("J-03"), "{error}");
    assert!(!local.has(&Descriptor::of("x", b"good")));
}

#[test]
fn a_link_replaces_a_truncated_blob() {
    let (folder, global) = fresh();
    let local = Layout::open_or_create(&folder.path().join("local")).unwrap();
    let blob = global.put_bytes("x", b"content").unwrap();
    std::fs::write(local.path().join("blobs/sha256").join(blob.digest.encoded()), b"con").unwrap();
    local.link_blob(&global, &blob).unwrap();
    assert_eq!(local.read_blob(&blob, 100).unwrap(), b"content");
}

#[test]
fn a_blob_crosses_file_systems() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("SKIPPED a_blob_crosses_file_systems: no /dev/shm");
        return;
    };
    let (_folder, global) = fresh();
    let local = Layout::open_or_create(&elsewhere.path().join("local")).unwrap();
    let blob = global.put_bytes("x", b"content").unwrap();
    local.link_blob(&global, &blob).unwrap();
    assert_eq!(local.read_blob(&blob, 100).unwrap(), b"content");
}

#[test]
fn a_name_moves_and_goes() {
    let (_folder, layout) = fresh();
    let one = images::put_named(&layout, "team-a/x:1");
    let other = images::put(&layout, "other");
    layout.tag("team-a/x:1", &other.manifest).unwrap();
    let entries = layout.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].digest, other.manifest.digest);
    assert!(layout.has(&one.manifest));
    assert!(layout.untag("team-a/x:1").unwrap());
    assert!(!layout.untag("team-a/x:1").unwrap());
    assert!(layout.entries().unwrap().is_empty());
}

#[test]
fn only_content_that_is_there_can_be_named() {
    let (_folder, layout) = fresh();
    let error = layout.tag("a/b:1", &Descriptor::of("x", b"nowhere")).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
}

#[test]
fn what_others_wrote_into_the_index_stays() {
    let (_folder, layout) = fresh();
    let image = images::put(&layout, "x");
    let text = format!(
        r#"{{"schemaVersion":2,"annotations":{{"a":"b"}},"manifests":[{{"mediaType":"{}","digest":"{}","size":{},
           "annotations":{{"org.opencontainers.image.ref.name":"latest"}},"x-unknown":[1]}}]}}"#,
        image.manifest.media_type, image.manifest.digest, image.manifest.size
    );
    std::fs::write(layout.path().join("index.json"), text).unwrap();
    layout.tag("a/b:1", &image.manifest).unwrap();
    let text = std::fs::read_to_string(layout.path().join("index.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["annotations"]["a"], "b");
    assert_eq!(value["manifests"][0]["x-unknown"][0], 1);
    assert_eq!(value["manifests"][1]["annotations"]["org.opencontainers.image.ref.name"], "a/b:1");
}

#[test]
fn a_folder_with_other_things_in_it_does_not_become_a_store() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), b"").unwrap();
    let error = Layout::open_or_create(folder.path()).unwrap_err();
    assert!(error.to_string().contains("thesis.txt"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_whole_write_path_of_a_small_bake_is_quick() {
    let (_folder, layout) = fresh();
    images::put_named(&layout, "team-a/x:0");
    let mut times: Vec<_> = (1..=9)
        .map(|n| {
            let start = std::time::Instant::now();
            images::put_named(&layout, &format!("team-a/x:{n}"));
            start.elapsed()
        })
        .collect();
    times.sort();
    eprintln!("image put and named in {:?} (median)", times[4]);
    assert!(times[4].as_millis() < 500, "{times:?}");
}
