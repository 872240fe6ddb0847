//! What every store promises, whatever it is made of. Entry point: [`conforms`], on an empty, writable store.

use std::collections::BTreeSet;
use std::io::Cursor;

use bakery::adapters::store::{BlobStream, NewManifest, Selector, SmallBlob, Store, StoreError, read_verified};
use bakery::domain::oci::{
    Annotations, Descriptor, DescriptorPlatform, Digest, ImageConfig, ImageIndex, ImageManifest, Platform, Repository,
    Tag, media_type,
};

/// Holds `store`, which must be empty and writable, against every promise of the port.
pub async fn conforms(store: &dyn Store) {
    absent_things_are_not_found(store).await;
    blobs_come_back_as_they_went(store).await;
    wrong_bytes_are_refused(store).await;
    manifests_come_back_by_tag_and_digest(store).await;
    putting_twice_changes_nothing(store).await;
    tags_move_and_are_listed_once(store).await;
    repositories_are_listed_once(store).await;
    an_index_holds_one_image_a_platform(store).await;
    a_mounted_blob_is_there(store).await;
    referrers_are_found_by_subject_and_type(store).await;
    referrers_put_together_are_found_as_if_one_after_the_other(store).await;
    what_is_put_together_is_there_as_if_one_after_the_other(store).await;
    a_removed_tag_leaves_the_rest(store).await;
}

/// A repository name.
pub fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

/// A tag.
pub fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

/// Bytes as a blob stream.
pub fn stream(bytes: &[u8]) -> BlobStream {
    Box::pin(Cursor::new(bytes.to_vec()))
}

/// A blob's bytes, read through the store.
pub async fn blob_bytes(store: &dyn Store, repository: &Repository, blob: &Descriptor) -> Vec<u8> {
    read_verified(store.open_blob(repository, blob).await.unwrap(), blob, 64 << 20).await.unwrap()
}

/// Puts an image of one layer that holds `content`; gives its manifest's bytes.
pub async fn put_image(store: &dyn Store, repository: &Repository, content: &str, architecture: &str) -> Vec<u8> {
    let layer = Descriptor::of(media_type::LAYER, content.as_bytes());
    store.put_blob(repository, &layer, stream(content.as_bytes())).await.unwrap();
    let platform: Platform = format!("linux/{architecture}").parse().unwrap();
    let mut config = ImageConfig::scratch(&platform);
    config.rootfs.diff_ids.push(bakery::domain::oci::DiffId(layer.digest.clone()));
    let config_bytes = serde_json::to_vec(&config).unwrap();
    let config = Descriptor::of(media_type::CONFIG, &config_bytes);
    store.put_blob(repository, &config, stream(&config_bytes)).await.unwrap();
    manifest_bytes(config, vec![layer], None, None)
}

fn manifest_bytes(
    config: Descriptor,
    layers: Vec<Descriptor>,
    subject: Option<Descriptor>,
    artifact_type: Option<&str>,
) -> Vec<u8> {
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: artifact_type.map(str::to_owned),
        config,
        layers,
        subject,
        annotations: Annotations::from([("made".into(), "by the conformance suite".into())]),
    };
    serde_json::to_vec(&manifest).unwrap()
}

fn assert_not_found<T: std::fmt::Debug>(what: &str, result: Result<T, StoreError>) {
    match result {
        Err(StoreError::NotFound { .. }) => {}
        other => panic!("{what}: {other:?}"),
    }
}

async fn absent_things_are_not_found(store: &dyn Store) {
    let (nowhere, digest) = (repository("conform/nowhere"), Digest::of(b"absent"));
    let blob = Descriptor::new(media_type::LAYER, digest.clone(), 6);
    assert_not_found("tag", store.resolve(&nowhere, &Selector::Tag(tag("absent"))).await);
    assert_not_found("manifest", store.manifest(&nowhere, &Selector::Tag(tag("absent"))).await);
    assert_not_found("digest", store.manifest(&nowhere, &Selector::Digest(digest.clone())).await);
    assert_not_found("blob", store.open_blob(&nowhere, &blob).await.map(|_| ()));
    assert!(!store.has_blob(&nowhere, &blob).await.unwrap());
    assert_not_found("tags", store.tags(&nowhere, None).await);
    assert_not_found("removal", store.remove_tag(&nowhere, &tag("absent")).await);
    assert!(store.referrers(&nowhere, &digest, None).await.unwrap().is_empty());
}

async fn blobs_come_back_as_they_went(store: &dyn Store) {
    let here = repository("conform/blobs");
    // Nothing, one byte, and more than one chunk of any implementation.
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [&b""[..], b"x", b"some content", &large] {
        let blob = Descriptor::of(media_type::LAYER, bytes);
        store.put_blob(&here, &blob, stream(bytes)).await.unwrap();
        assert!(store.has_blob(&here, &blob).await.unwrap());
        assert!(blob_bytes(store, &here, &blob).await == bytes, "{} bytes", bytes.len());
    }
}

async fn wrong_bytes_are_refused(store: &dyn Store) {
    let here = repository("conform/blobs");
    let large = vec![b'w'; 9_000_000];
    for (described, sent) in [
        (&b"announced"[..], &b"different"[..]),
        (b"announced one", b"announced"),
        (b"announced", b"announced two"),
        (&large, &large[1..]),
    ] {
        let blob = Descriptor::of(media_type::LAYER, described);
        let error = store.put_blob(&here, &blob, stream(sent)).await.unwrap_err();
        assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
        assert!(!store.has_blob(&here, &blob).await.unwrap(), "nothing half-written is visible");
    }
    let error = store.put_manifest(&here, None, media_type::MANIFEST, b"{\"schemaVersion\":2}").await.unwrap_err();
    assert!(matches!(error, StoreError::Manifest { .. }), "{error}");
}

async fn manifests_come_back_by_tag_and_digest(store: &dyn Store) {
    let here = repository("conform/images");
    let bytes = put_image(store, &here, "first", "amd64").await;
    let put = store.put_manifest(&here, Some(&tag("1.0")), media_type::MANIFEST, &bytes).await.unwrap();
    assert_eq!(put, Descriptor::of(media_type::MANIFEST, &bytes));
    for selector in [Selector::Tag(tag("1.0")), Selector::Digest(put.digest.clone())] {
        let raw = store.manifest(&here, &selector).await.unwrap();
        assert_eq!((&raw.bytes, &raw.descriptor), (&bytes, &put));
        let resolved = store.resolve(&here, &selector).await.unwrap();
        assert_eq!(
            (resolved.digest, resolved.size, resolved.media_type),
            (put.digest.clone(), put.size, put.media_type.clone())
        );
    }
    assert_not_found("another tag", store.resolve(&here, &Selector::Tag(tag("2.0"))).await);
    let other = repository("conform/blobs");
    assert_not_found("another repository", store.resolve(&other, &Selector::Tag(tag("1.0"))).await);
}

async fn putting_twice_changes_nothing(store: &dyn Store) {
    let here = repository("conform/images");
    let bytes = put_image(store, &here, "first", "amd64").await;
    let once = store.put_manifest(&here, Some(&tag("1.0")), media_type::MANIFEST, &bytes).await.unwrap();
    let twice = store.put_manifest(&here, Some(&tag("1.0")), media_type::MANIFEST, &bytes).await.unwrap();
    assert_eq!(once, twice);
    assert_eq!(all_tags(store, &here).await, [tag("1.0")]);
}

/// Every page of a repository's tags.
pub async fn all_tags(store: &dyn Store, repository: &Repository) -> Vec<Tag> {
    let (mut tags, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.tags(repository, after.as_deref()).await.unwrap();
        tags.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return tags,
        }
    }
}

async fn tags_move_and_are_listed_once(store: &dyn Store) {
    let here = repository("conform/tags");
    let first = put_image(store, &here, "one", "amd64").await;
    let second = put_image(store, &here, "two", "amd64").await;
    let mut expected = BTreeSet::new();
    for number in 0..120 {
        let name = tag(&format!("v{number}"));
        store.put_manifest(&here, Some(&name), media_type::MANIFEST, &first).await.unwrap();
        expected.insert(name);
    }
    let listed = all_tags(store, &here).await;
    assert_eq!(listed.len(), 120, "each tag once");
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(listed.is_sorted(), "in order");
    let moved = store.put_manifest(&here, Some(&tag("v7")), media_type::MANIFEST, &second).await.unwrap();
    assert_eq!(store.resolve(&here, &Selector::Tag(tag("v7"))).await.unwrap().digest, moved.digest);
    assert_eq!(store.resolve(&here, &Selector::Tag(tag("v8"))).await.unwrap().digest, Digest::of(&first));
}

async fn repositories_are_listed_once(store: &dyn Store) {
    let (mut listed, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.repositories(after.as_deref()).await.unwrap();
        listed.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    for name in ["conform/images", "conform/tags"] {
        assert_eq!(listed.iter().filter(|found| found.as_str() == name).count(), 1, "{name} in {listed:?}");
    }
}

async fn an_index_holds_one_image_a_platform(store: &dyn Store) {
    let here = repository("conform/index");
    let mut entries = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let bytes = put_image(store, &here, architecture, architecture).await;
        let mut entry = store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap();
        entry.platform = Some(DescriptorPlatform::from(&format!("linux/{architecture}").parse::<Platform>().unwrap()));
        entries.push(entry);
    }
    let bytes = serde_json::to_vec(&ImageIndex::new(entries.clone())).unwrap();
    let put = store.put_manifest(&here, Some(&tag("multi")), media_type::INDEX, &bytes).await.unwrap();
    assert_eq!(put.media_type, media_type::INDEX);
    let raw = store.manifest(&here, &Selector::Tag(tag("multi"))).await.unwrap();
    assert_eq!(raw.bytes, bytes);
    for entry in entries {
        let image = store.manifest(&here, &Selector::Digest(entry.digest.clone())).await.unwrap();
        assert_eq!(image.descriptor.digest, entry.digest);
    }
    assert_eq!(all_tags(store, &here).await, [tag("multi")], "images without a tag have none");
}

async fn a_mounted_blob_is_there(store: &dyn Store) {
    let (from, to) = (repository("conform/blobs"), repository("conform/mounted"));
    for (bytes, name) in [(&b"some content"[..], "there"), (b"mounted from nowhere", "absent")] {
        let blob = Descriptor::of(media_type::LAYER, bytes);
        let mounted = store.mount_blob(&to, &blob, &from).await.unwrap();
        assert!(!(mounted && name == "absent"), "what is not there cannot be mounted");
        if !mounted {
            store.put_blob(&to, &blob, stream(bytes)).await.unwrap();
        }
        assert!(store.has_blob(&to, &blob).await.unwrap(), "{name}");
        assert_eq!(blob_bytes(store, &to, &blob).await, bytes, "{name}");
    }
}

async fn referrers_are_found_by_subject_and_type(store: &dyn Store) {
    let here = repository("conform/referrers");
    let image = put_image(store, &here, "signed", "amd64").await;
    let subject = store.put_manifest(&here, Some(&tag("1.0")), media_type::MANIFEST, &image).await.unwrap();
    assert!(store.referrers(&here, &subject.digest, None).await.unwrap().is_empty());
    let empty = Descriptor::of(media_type::EMPTY, b"{}");
    store.put_blob(&here, &empty, stream(b"{}")).await.unwrap();
    let mut attached = Vec::new();
    for kind in ["application/vnd.example.sbom", "application/vnd.example.signature"] {
        let about = Descriptor::new(&*subject.media_type, subject.digest.clone(), subject.size);
        let bytes = manifest_bytes(empty.clone(), vec![empty.clone()], Some(about), Some(kind));
        attached.push(store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap());
        // Once more: still one entry.
        store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap();
    }
    let found = store.referrers(&here, &subject.digest, None).await.unwrap();
    let digests = |list: &[Descriptor]| list.iter().map(|entry| entry.digest.clone()).collect::<BTreeSet<_>>();
    assert_eq!(digests(&found), digests(&attached));
    assert_eq!(found.len(), 2);
    let kind = "application/vnd.example.signature";
    let found = store.referrers(&here, &subject.digest, Some(kind)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].digest.clone(), found[0].artifact_type.as_deref()), (attached[1].digest.clone(), Some(kind)));
    assert_eq!(found[0].annotations.get("made").map(String::as_str), Some("by the conformance suite"));
    assert!(store.referrers(&here, &subject.digest, Some("application/x")).await.unwrap().is_empty());
    assert!(store.referrers(&here, &attached[0].digest, None).await.unwrap().is_empty());
}

async fn referrers_put_together_are_found_as_if_one_after_the_other(store: &dyn Store) {
    let here = repository("conform/together");
    let mut subjects = Vec::new();
    for content in ["one", "two"] {
        let image = put_image(store, &here, content, "amd64").await;
        subjects.push(store.put_manifest(&here, Some(&tag(content)), media_type::MANIFEST, &image).await.unwrap());
    }
    let empty = Descriptor::of(media_type::EMPTY, b"{}");
    store.put_blob(&here, &empty, stream(b"{}")).await.unwrap();
    let about = |subject: &Descriptor, kind: &str| {
        let about = Descriptor::new(&*subject.media_type, subject.digest.clone(), subject.size);
        manifest_bytes(empty.clone(), vec![empty.clone()], Some(about), Some(kind))
    };
    let first = about(&subjects[0], "application/vnd.example.first");
    let known = store.put_manifest(&here, None, media_type::MANIFEST, &first).await.unwrap();
    let kinds = ["application/vnd.example.sbom", "application/vnd.example.signature"];
    let of = |subject: usize| kinds.map(|kind| about(&subjects[subject], kind));
    // What is there already is among them.
    let all = [&[first][..], &of(0)[..], &of(1)[..]].concat();
    let all: Vec<NewManifest> = all.into_iter().map(|bytes| new(None, bytes)).collect();
    for _ in 0..2 {
        let put = store.put_manifests(&here, &all).await.unwrap();
        assert_eq!((put.len(), &put[0].digest), (5, &known.digest));
        for (subject, own) in [(&subjects[0], &put[..3]), (&subjects[1], &put[3..])] {
            let found = store.referrers(&here, &subject.digest, None).await.unwrap();
            let digests = |list: &[Descriptor]| list.iter().map(|entry| entry.digest.clone()).collect::<BTreeSet<_>>();
            assert_eq!((found.len(), digests(&found)), (own.len(), digests(own)));
        }
    }
    let absent = Descriptor::of(media_type::EMPTY, b"not there");
    let dangling = manifest_bytes(empty.clone(), vec![absent], Some(subjects[0].clone()), Some(kinds[0]));
    assert!(store.put_manifests(&here, &[new(None, dangling)]).await.is_err());
    assert_eq!(store.referrers(&here, &subjects[0].digest, None).await.unwrap().len(), 3);
}

/// A manifest on its way.
fn new(name: Option<&str>, bytes: Vec<u8>) -> NewManifest {
    NewManifest { tag: name.map(tag), media_type: media_type::MANIFEST.into(), bytes }
}

async fn what_is_put_together_is_there_as_if_one_after_the_other(store: &dyn Store) {
    let here = repository("conform/batch");
    let platform: Platform = "linux/amd64".parse().unwrap();
    let config = SmallBlob::new(media_type::CONFIG, serde_json::to_vec(&ImageConfig::scratch(&platform)).unwrap());
    let layers = ["one", "two"].map(|content| SmallBlob::new(media_type::LAYER, content.into()));
    let blobs = [&[config.clone()][..], &layers[..]].concat();
    for _ in 0..2 {
        store.put_blobs(&here, &blobs).await.unwrap();
        for blob in &blobs {
            assert_eq!(blob_bytes(store, &here, &blob.descriptor).await, blob.bytes);
        }
    }
    let wrong = SmallBlob { bytes: b"other".to_vec(), ..SmallBlob::new(media_type::LAYER, b"right".to_vec()) };
    assert!(store.put_blobs(&here, std::slice::from_ref(&wrong)).await.is_err());
    assert!(!store.has_blob(&here, &wrong.descriptor).await.unwrap(), "nothing under the digest of something else");

    let image =
        |layer: &SmallBlob| manifest_bytes(config.descriptor.clone(), vec![layer.descriptor.clone()], None, None);
    let subject = Descriptor::of(media_type::MANIFEST, &image(&layers[0]));
    let (config, layer) = (config.descriptor.clone(), layers[1].descriptor.clone());
    let about = manifest_bytes(config, vec![layer], Some(subject.clone()), Some("application/vnd.example.sbom"));
    let all = [new(Some("1"), image(&layers[0])), new(Some("2"), image(&layers[1])), new(None, about)];
    for _ in 0..2 {
        let put = store.put_manifests(&here, &all).await.unwrap();
        for (name, put) in ["1", "2"].iter().zip(&put) {
            assert_eq!(store.resolve(&here, &Selector::Tag(tag(name))).await.unwrap().digest, put.digest);
        }
        assert_eq!(all_tags(store, &here).await.iter().filter(|tag| tag.as_str().len() == 1).count(), 2);
        let found = store.referrers(&here, &subject.digest, None).await.unwrap();
        assert_eq!(found.iter().map(|entry| &entry.digest).collect::<Vec<_>>(), [&put[2].digest]);
    }
}

async fn a_removed_tag_leaves_the_rest(store: &dyn Store) {
    let here = repository("conform/removed");
    let bytes = put_image(store, &here, "kept", "amd64").await;
    for name in ["keep", "drop"] {
        store.put_manifest(&here, Some(&tag(name)), media_type::MANIFEST, &bytes).await.unwrap();
    }
    store.remove_tag(&here, &tag("drop")).await.unwrap();
    assert_not_found("removed tag", store.resolve(&here, &Selector::Tag(tag("drop"))).await);
    assert_not_found("removed again", store.remove_tag(&here, &tag("drop")).await);
    assert_eq!(all_tags(store, &here).await, [tag("keep")]);
    assert_eq!(store.manifest(&here, &Selector::Tag(tag("keep"))).await.unwrap().bytes, bytes);
}
