//! Layouts others prepared: J-12 and J-13, never followed, never hung on, always said clearly.

use std::os::unix::fs::symlink;
use std::path::Path;

use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::{Selector, StoreError};
use bakery::domain::oci::{Descriptor, Repository, Tag};

use super::fresh;
use crate::support::images;

fn fifo(path: &Path) {
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    );
    made.unwrap();
}

fn refused(error: &StoreError, family: &str) {
    assert!(error.to_string().contains(family), "{error}");
}

#[test]
fn j12_a_blob_that_is_a_link_a_pipe_or_a_folder_is_refused() {
    let (folder, layout) = fresh();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, b"content").unwrap();
    let blob = Descriptor::of("x", b"content");
    let path = layout.path().join("blobs/sha256").join(blob.digest.encoded());

    symlink(&secret, &path).unwrap();
    refused(&layout.open_blob_file(&blob).unwrap_err(), "J-12");
    assert!(!layout.has(&blob));
    std::fs::remove_file(&path).unwrap();

    fifo(&path);
    refused(&layout.open_blob_file(&blob).unwrap_err(), "J-12");
    assert!(!layout.has(&blob));
    std::fs::remove_file(&path).unwrap();

    std::fs::create_dir(&path).unwrap();
    refused(&layout.open_blob_file(&blob).unwrap_err(), "J-12");
}

#[test]
fn j12_linked_layout_files_and_folders_are_refused() {
    for name in ["oci-layout", "index.json", "blobs", "blobs/sha256"] {
        let (folder, layout) = fresh();
        let path = layout.path().join(name);
        let moved = folder.path().join("moved");
        std::fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let error = Layout::open(layout.path()).and_then(|layout| layout.entries()).unwrap_err();
        refused(&error, "J-12");
    }
    for name in ["oci-layout", "index.json"] {
        let (_folder, layout) = fresh();
        let path = layout.path().join(name);
        std::fs::remove_file(&path).unwrap();
        fifo(&path);
        let error = Layout::open(layout.path()).and_then(|layout| layout.entries()).unwrap_err();
        refused(&error, "J-12");
    }
}

#[test]
fn j13_a_layout_of_another_version_or_without_version_is_refused() {
    for text in [r#"{"imageLayoutVersion":"2.0.0"}"#, "{}", "", "[", r#"{"imageLayoutVersion":1}"#] {
        let (_folder, layout) = fresh();
        std::fs::write(layout.path().join("oci-layout"), text).unwrap();
        refused(&Layout::open(layout.path()).unwrap_err(), "J-13");
    }
    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Layout::open(nowhere.path()), Err(StoreError::NotFound { .. })));
}

#[test]
fn j13_names_that_are_paths_are_refused_when_written_and_skipped_when_read() {
    let (_folder, layout) = fresh();
    let image = images::put(&layout, "x");
    for name in ["../x:1", "a/../../b:1", "a/b:\u{1b}[2J", "/etc/passwd", ""] {
        refused(&layout.tag(name, &image.manifest).unwrap_err(), "J-13");
    }
    let entry = |name: &str| {
        serde_json::json!({"mediaType": image.manifest.media_type, "digest": image.manifest.digest,
            "size": image.manifest.size, "annotations": {"org.opencontainers.image.ref.name": name}})
    };
    let index = serde_json::json!({"schemaVersion": 2, "manifests":
        [entry("../../x:1"), entry("a/b:\u{1b}]52;c;x\u{7}"), entry("good/name:1")]});
    std::fs::write(layout.path().join("index.json"), index.to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store: &dyn bakery::adapters::store::Store = &layout;
    let names = runtime.block_on(store.repositories(None)).unwrap().items;
    assert_eq!(names, ["good/name".parse::<Repository>().unwrap()]);
    let found = super::fsck(&layout);
    assert!(found.is_sound());
    assert_eq!(found.findings.iter().filter(|f| f.detail.starts_with("J-13")).count(), 2);
}

#[test]
fn j13_two_entries_of_one_name_are_told_not_guessed() {
    let (_folder, layout) = fresh();
    let (one, two) = (images::put(&layout, "one"), images::put(&layout, "two"));
    let entry = |d: &Descriptor| {
        serde_json::json!({"mediaType": d.media_type, "digest": d.digest, "size": d.size,
            "annotations": {"org.opencontainers.image.ref.name": "a/b:1"}})
    };
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [entry(&one.manifest), entry(&two.manifest)]});
    std::fs::write(layout.path().join("index.json"), index.to_string()).unwrap();
    let selector = Selector::Tag("1".parse::<Tag>().unwrap());
    let error = layout.resolve_selector(&"a/b".parse().unwrap(), &selector).unwrap_err();
    refused(&error, "J-13");
    layout.tag("a/b:1", &two.manifest).unwrap();
    assert_eq!(layout.entries().unwrap().len(), 1);
    assert_eq!(layout.resolve_selector(&"a/b".parse().unwrap(), &selector).unwrap().digest, two.manifest.digest);
}

#[test]
fn j13_a_missing_manifest_is_named() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    std::fs::remove_file(layout.path().join("blobs/sha256").join(image.manifest.digest.encoded())).unwrap();
    let error = layout.resolve_selector(&"a/b".parse().unwrap(), &Selector::Tag("1".parse().unwrap())).unwrap_err();
    refused(&error, &image.manifest.digest.to_string());
    assert!(matches!(error, StoreError::NotFound { .. }));
}

#[test]
fn an_index_that_is_none_is_refused_and_left_alone() {
    let digest = Descriptor::of("x", b"").digest;
    for text in [
        "".to_owned(),
        "{}".to_owned(),
        r#"{"schemaVersion":2}"#.to_owned(),
        r#"{"schemaVersion":1,"manifests":[]}"#.to_owned(),
        r#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#.to_owned(),
        r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#.to_owned(),
        r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../../etc/passwd","size":1}]}"#
            .to_owned(),
        format!(r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"x","digest":"{digest}","size":-1}}]}}"#),
        "[".repeat(1000),
    ] {
        let (_folder, layout) = fresh();
        let image = images::put(&layout, "x");
        std::fs::write(layout.path().join("index.json"), &text).unwrap();
        assert!(layout.entries().is_err(), "{text}");
        assert!(layout.tag("a/b:1", &image.manifest).is_err());
        assert!(layout.gc(&Default::default(), false).is_err());
        assert!(layout.has(&image.layer));
        assert_eq!(std::fs::read_to_string(layout.path().join("index.json")).unwrap(), text);
        assert!(!super::fsck(&layout).is_sound());
    }
}

#[test]
fn j08_a_manifest_over_the_limit_is_refused_before_it_is_read() {
    let (_folder, layout) = fresh();
    let blob = layout.put_bytes("application/vnd.oci.image.manifest.v1+json", &vec![b' '; (4 << 20) + 1]).unwrap();
    refused(&layout.read_manifest(&blob).unwrap_err(), "J-08");
}
