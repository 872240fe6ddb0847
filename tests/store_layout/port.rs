//! The layout through the store port: listings, manifests, referrers, streams.

use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::{BlobStream, Selector, Store, StoreError};
use bakery::domain::oci::{Descriptor, ImageIndex, Repository, media_type};
use tokio::io::AsyncReadExt;

use super::fresh;
use crate::support::images;

fn stream(bytes: &'static [u8]) -> BlobStream {
    Box::pin(bytes)
}

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

fn tag(text: &str) -> Selector {
    Selector::Tag(text.parse().unwrap())
}

#[tokio::test]
async fn what_is_put_is_listed_resolved_and_read() {
    let (_folder, layout) = fresh();
    let store: &dyn Store = &layout;
    let name = repository("team-a/payments-api");
    let config = Descriptor::of(media_type::CONFIG, b"{}");
    store.put_blob(&name, &config, stream(b"{}")).await.unwrap();
    assert!(store.has_blob(&name, &config).await.unwrap());
    let bytes = images::manifest(&config, &[], None);
    let put = store.put_manifest(&name, Some(&"1.4.0".parse().unwrap()), media_type::MANIFEST, &bytes).await.unwrap();
    assert_eq!(store.repositories(None).await.unwrap().items, std::slice::from_ref(&name));
    assert_eq!(store.tags(&name, None).await.unwrap().items, ["1.4.0".parse().unwrap()]);
    for selector in [tag("1.4.0"), Selector::Digest(put.digest.clone())] {
        assert_eq!(store.resolve(&name, &selector).await.unwrap(), put);
        let raw = store.manifest(&name, &selector).await.unwrap();
        assert_eq!((raw.descriptor, raw.bytes), (put.clone(), bytes.clone()));
    }
    let elsewhere = store.resolve(&repository("team-b/x"), &Selector::Digest(put.digest.clone())).await.unwrap_err();
    assert!(matches!(elsewhere, StoreError::NotFound { .. }), "{elsewhere}");
    let mut read = Vec::new();
    store.open_blob(&name, &config).await.unwrap().read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"{}");
    store.remove_tag(&name, &"1.4.0".parse().unwrap()).await.unwrap();
    let error = store.resolve(&name, &tag("1.4.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
    assert!(store.remove_tag(&name, &"1.4.0".parse().unwrap()).await.is_err());
}

#[tokio::test]
async fn j03_a_stream_that_is_not_the_blob_leaves_nothing() {
    let (_folder, layout) = fresh();
    let store: &dyn Store = &layout;
    let blob = Descriptor::of("x", b"content");
    for bytes in [&b"conten"[..], b"content!", b"kontent", b""] {
        let error = store.put_blob(&repository("a/b"), &blob, stream(bytes)).await.unwrap_err();
        assert!(error.to_string().starts_with("J-03"), "{error}");
        assert!(!layout.has(&blob));
    }
    assert_eq!(std::fs::read_dir(layout.path().join("blobs/sha256")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(layout.path().join(".bakery/tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn h08_altered_content_fails_at_the_end_of_the_stream() {
    let (_folder, layout) = fresh();
    let blob = layout.put_bytes("x", b"content").unwrap();
    let path = layout.path().join("blobs/sha256").join(blob.digest.encoded());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(path, b"kontent").unwrap();
    let store: &dyn Store = &layout;
    let mut read = Vec::new();
    let error = store.open_blob(&repository("a/b"), &blob).await.unwrap().read_to_end(&mut read).await.unwrap_err();
    assert!(error.to_string().contains("J-03"), "{error}");
}

#[tokio::test]
async fn a_manifest_waits_for_what_it_names() {
    let (_folder, layout) = fresh();
    let store: &dyn Store = &layout;
    let bytes = images::manifest(&Descriptor::of(media_type::CONFIG, b"{}"), &[], None);
    let error = store.put_manifest(&repository("a/b"), None, media_type::MANIFEST, &bytes).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    let error = store.put_manifest(&repository("a/b"), None, media_type::INDEX, &bytes).await.unwrap_err();
    assert!(error.to_string().contains("manifest"), "{error}");
}

#[tokio::test]
async fn referrers_stand_nameless_in_the_index_and_are_found() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    let store: &dyn Store = &layout;
    let name = repository("a/b");
    let empty = layout.put_bytes(media_type::EMPTY, b"{}").unwrap();
    let bytes = images::manifest(&empty, &[], Some(&image.manifest));
    let put = store.put_manifest(&name, None, media_type::MANIFEST, &bytes).await.unwrap();
    store.put_manifest(&name, None, media_type::MANIFEST, &bytes).await.unwrap();
    assert_eq!(layout.entries().unwrap().len(), 2);
    let found = store.referrers(&name, &image.manifest.digest, None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].digest, found[0].artifact_type.as_deref()), (&put.digest, Some("application/x.test")));
    let wanted = |kind| store.referrers(&name, &image.manifest.digest, Some(kind));
    assert_eq!(wanted("application/x.test").await.unwrap().len(), 1);
    assert_eq!(wanted("application/y").await.unwrap().len(), 0);
    assert_eq!(store.referrers(&name, &empty.digest, None).await.unwrap().len(), 0);
    // A name given and taken leaves the referrer listed.
    let sign = "sign".parse().unwrap();
    store.put_manifest(&name, Some(&sign), media_type::MANIFEST, &bytes).await.unwrap();
    store.remove_tag(&name, &sign).await.unwrap();
    assert_eq!(wanted("application/x.test").await.unwrap().len(), 1);
    assert_eq!(store.tags(&name, None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn the_fallback_tag_of_other_tools_is_read_too() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    let empty = layout.put_bytes(media_type::EMPTY, b"{}").unwrap();
    let referrer =
        layout.put_bytes(media_type::MANIFEST, &images::manifest(&empty, &[], Some(&image.manifest))).unwrap();
    let index = serde_json::to_vec(&ImageIndex::new(vec![referrer.clone(), image.manifest.clone()])).unwrap();
    let index = layout.put_bytes(media_type::INDEX, &index).unwrap();
    layout.tag(&format!("a/b:sha256-{}", image.manifest.digest.encoded()), &index).unwrap();
    let store: &dyn Store = &layout;
    let found = store.referrers(&repository("a/b"), &image.manifest.digest, None).await.unwrap();
    assert_eq!(found.iter().map(|d| &d.digest).collect::<Vec<_>>(), [&referrer.digest]);
}

#[tokio::test]
async fn bare_tags_and_a_single_nameless_image_are_readable_under_the_folders_name() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(&folder.path().join("Base.Images")).unwrap();
    let bare = images::put(&layout, "bare");
    layout.tag("3.12", &bare.manifest).unwrap();
    let nameless = images::put(&layout, "nameless");
    layout.list(&nameless.manifest).unwrap();
    let name = layout.bare_repository().unwrap();
    assert_eq!(name, repository("base-images"));
    let store: &dyn Store = &layout;
    let tags: Vec<String> = store.tags(&name, None).await.unwrap().items.iter().map(ToString::to_string).collect();
    assert_eq!(tags, ["3.12", "latest"]);
    assert_eq!(store.resolve(&name, &tag("latest")).await.unwrap().digest, nameless.manifest.digest);
    assert_eq!(store.resolve(&name, &tag("3.12")).await.unwrap().digest, bare.manifest.digest);
    store.remove_tag(&name, &"3.12".parse().unwrap()).await.unwrap();
    assert_eq!(layout.entries().unwrap().len(), 1);
}

#[tokio::test]
async fn long_listings_come_in_pages() {
    let (_folder, layout) = fresh();
    let image = images::put(&layout, "x");
    let entries: Vec<_> = (0..2500)
        .map(|n| {
            serde_json::json!({"mediaType": image.manifest.media_type, "digest": image.manifest.digest,
                "size": image.manifest.size, "annotations": {"org.opencontainers.image.ref.name": format!("a/b:{n}")}})
        })
        .collect();
    let index = serde_json::json!({"schemaVersion": 2, "manifests": entries});
    std::fs::write(layout.path().join("index.json"), index.to_string()).unwrap();
    let store: &dyn Store = &layout;
    let (mut after, mut tags, mut pages) = (None, std::collections::BTreeSet::new(), 0);
    loop {
        let page = store.tags(&repository("a/b"), after.as_deref()).await.unwrap();
        tags.extend(page.items);
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, tags.len()), (3, 2500));
}
