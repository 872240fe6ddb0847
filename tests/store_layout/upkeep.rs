//! fsck and gc: damage is named, good content survives, what nothing needs goes (H-08).

use std::collections::BTreeSet;
use std::path::PathBuf;

use bakery::adapters::settings::{Paths, StorePlace, StoreSettings, UserSettings, Workspace};
use bakery::adapters::store::layout::{FindingKind, FsckFindings, Layout};
use bakery::adapters::store::{Store, StoreError};
use bakery::domain::oci::{Descriptor, media_type};
use bakery::flows::Context;
use bakery::flows::prune::{self, Freeing};

use super::{fresh, fsck};
use crate::support::images;

fn path(layout: &Layout, blob: &Descriptor) -> PathBuf {
    layout.path().join("blobs/sha256").join(blob.digest.encoded())
}

fn alter(layout: &Layout, blob: &Descriptor) {
    let path = path(layout, blob);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
}

fn kinds(found: &FsckFindings) -> Vec<FindingKind> {
    found.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn h08_fsck_names_every_kind_of_damage_and_what_needs_it() {
    let (_folder, layout) = fresh();
    let [one, two, three] = ["a/one:1", "a/two:1", "a/three:1"].map(|name| images::put_named(&layout, name));
    assert!(fsck(&layout).findings.is_empty());
    alter(&layout, &one.layer);
    std::fs::remove_file(path(&layout, &two.config)).unwrap();
    std::fs::remove_file(path(&layout, &three.manifest)).unwrap();
    let found = fsck(&layout);
    let mut shown: Vec<_> = found.findings.iter().map(|f| (f.kind, f.what.clone(), f.needed_by.clone())).collect();
    shown.sort();
    let mut expected = vec![
        (FindingKind::Corrupt, one.layer.digest.to_string(), vec!["a/one:1".to_owned()]),
        (FindingKind::Missing, two.config.digest.to_string(), vec!["a/two:1".to_owned()]),
        (FindingKind::Missing, three.manifest.digest.to_string(), vec!["a/three:1".to_owned()]),
    ];
    expected.sort();
    assert_eq!(shown, expected);
    assert!(!found.is_sound());
    assert_eq!(found.unreferenced_blobs, 0, "what the missing manifest needs is not called unneeded");
}

#[test]
fn h08_repair_keeps_every_good_blob_and_drops_only_lost_manifests() {
    let (_folder, layout) = fresh();
    let [one, two, good] = ["a/one:1", "a/two:1", "a/good:1"].map(|name| images::put_named(&layout, name));
    alter(&layout, &one.layer);
    alter(&layout, &two.manifest);
    let before: BTreeSet<_> =
        [&one.manifest, &one.config, &two.layer, &two.config, &good.layer].iter().map(|d| d.digest.clone()).collect();
    let found = layout.fsck(true, &mut |_| ()).unwrap();
    assert!(kinds(&found).contains(&FindingKind::Dropped), "{found:?}");
    assert!(!found.is_sound(), "a/one:1 still lacks its layer");
    let names: Vec<_> =
        layout.entries().unwrap().iter().map(|e| e.annotations.values().next().unwrap().clone()).collect();
    assert_eq!(names, ["a/one:1", "a/good:1"]);
    for digest in before {
        assert!(layout.path().join("blobs/sha256").join(digest.encoded()).exists());
    }
    assert!(!path(&layout, &one.layer).exists());
    assert_eq!(std::fs::read_dir(layout.path().join(".bakery/corrupt")).unwrap().count(), 2);
    // Baking again puts back what is missing.
    images::put_named(&layout, "a/one:1");
    assert!(fsck(&layout).is_sound());
}

#[test]
fn fsck_counts_what_nothing_needs_and_reports_progress() {
    let (_folder, layout) = fresh();
    images::put_named(&layout, "a/b:1");
    let loose = layout.put_bytes("x", &vec![7; 600_000]).unwrap();
    let mut last = Default::default();
    let found = layout.fsck(false, &mut |so_far| last = so_far).unwrap();
    assert!(found.findings.is_empty());
    assert_eq!((found.unreferenced_blobs, found.unreferenced_bytes), (1, loose.size));
    assert_eq!((last.blobs, last.blobs_total), (4, 4));
    assert_eq!((last.bytes, found.bytes), (last.bytes_total, last.bytes_total));
}

#[test]
fn fsck_compares_a_config_with_its_manifest() {
    let (_folder, layout) = fresh();
    let image = images::put(&layout, "x");
    let bytes = images::manifest(&image.config, &[image.layer.clone(), image.layer.clone()], None);
    let manifest = layout.put_bytes(media_type::MANIFEST, &bytes).unwrap();
    layout.tag("a/b:1", &manifest).unwrap();
    let found = fsck(&layout);
    assert_eq!(kinds(&found), [FindingKind::Malformed]);
    assert!(found.findings[0].detail.contains("2 layers"), "{found:?}");
}

#[test]
fn j12_fsck_survives_and_moves_aside_what_is_no_file() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    std::fs::remove_file(path(&layout, &image.layer)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", path(&layout, &image.layer)).unwrap();
    assert_eq!(kinds(&fsck(&layout)), [FindingKind::Irregular]);
    layout.fsck(true, &mut |_| ()).unwrap();
    assert_eq!(kinds(&fsck(&layout)), [FindingKind::Missing]);
}

#[test]
fn leftovers_of_a_crash_are_noted_and_swept() {
    let (_folder, layout) = fresh();
    images::put_named(&layout, "a/b:1");
    std::fs::write(layout.path().join(".bakery/tmp/0123456789abcdef"), b"half").unwrap();
    std::fs::write(layout.path().join("blobs/sha256/oci-put-blob1"), b"half").unwrap();
    let found = fsck(&layout);
    assert_eq!(kinds(&found), [FindingKind::Foreign, FindingKind::Temporary]);
    assert!(found.is_sound());
    layout.fsck(true, &mut |_| ()).unwrap();
    assert_eq!(kinds(&fsck(&layout)), [FindingKind::Foreign], "somebody else's file stays");
}

#[test]
fn gc_frees_what_nothing_needs_and_nothing_else() {
    let (_folder, layout) = fresh();
    let kept = images::put_named(&layout, "a/kept:1");
    let gone = images::put_named(&layout, "a/gone:1");
    let cached = layout.put_bytes("x", b"cached layer").unwrap();
    layout.untag("a/gone:1").unwrap();
    let keep = BTreeSet::from([cached.digest.clone()]);
    let would = layout.gc(&keep, true).unwrap();
    assert_eq!((would.blobs, would.bytes), (3, gone.manifest.size + gone.config.size + gone.layer.size));
    assert!(layout.has(&gone.layer));
    assert_eq!(layout.gc(&keep, false).unwrap(), would);
    assert!(!layout.has(&gone.manifest) && !layout.has(&gone.config) && !layout.has(&gone.layer));
    assert!([&kept.manifest, &kept.config, &kept.layer, &cached].iter().all(|blob| layout.has(blob)));
    assert_eq!(layout.gc(&BTreeSet::new(), false).unwrap().blobs, 1);
    assert!(fsck(&layout).findings.is_empty());
}

#[tokio::test]
async fn gc_frees_signatures_with_their_image_and_not_before() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    let name = "a/b".parse().unwrap();
    let writer = Layout::open(layout.path()).unwrap();
    let empty = writer.put_bytes(media_type::EMPTY, b"{}").unwrap();
    let signature = images::manifest(&empty, &[], Some(&image.manifest));
    let signature = writer.put_manifest(&name, None, media_type::MANIFEST, &signature).await.unwrap();
    let of_that = images::manifest(&empty, &[], Some(&signature));
    writer.put_manifest(&name, None, media_type::MANIFEST, &of_that).await.unwrap();
    let legacy = images::manifest(&empty, &[], None);
    let tag = format!("sha256-{}.sig", image.manifest.digest.encoded()).parse().unwrap();
    writer.put_manifest(&name, Some(&tag), media_type::MANIFEST, &legacy).await.unwrap();
    assert!(matches!(layout.gc(&BTreeSet::new(), false), Err(StoreError::Busy { .. })), "what was put is held");
    drop(writer);
    let freed = layout.gc(&BTreeSet::new(), false).unwrap();
    assert_eq!((freed.blobs, freed.entries), (0, 0));
    layout.untag("a/b:1").unwrap();
    let freed = layout.gc(&BTreeSet::new(), false).unwrap();
    assert_eq!((freed.blobs, freed.entries, freed.kept), (7, 3, 0));
    assert!(layout.entries().unwrap().is_empty());
}

#[test]
fn h08_gc_frees_nothing_while_a_manifest_is_damaged() {
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "a/b:1");
    layout.put_bytes("x", b"loose").unwrap();
    alter(&layout, &image.manifest);
    let error = layout.gc(&BTreeSet::new(), false).unwrap_err();
    assert!(error.to_string().contains("H-08"), "{error}");
    assert!(layout.has(&image.layer) && layout.has(&Descriptor::of("x", b"loose")));
}

fn context(home: &std::path::Path, store: PathBuf) -> Context {
    let local = StoreSettings {
        place: StorePlace::Layout(store),
        keys: Vec::new(),
        key: None,
        passphrase: None,
        signature_format: Default::default(),
        keyless: None,
        publish: None,
        repositories: Vec::new(),
        team: false,
    };
    Context {
        passphrase: None,
        frozen_policy: None,
        known: Default::default(),
        frozen_now: None,
        makers: Default::default(),
        trees: Default::default(),
        keys: Default::default(),
        stores: Default::default(),
        secrets: Default::default(),
        paths: Paths::below(home),
        workspace: Workspace {
            secrets: Default::default(),
            root: home.to_owned(),
            stores: [("local".to_owned(), local)].into(),
            recipes: home.join("recipes"),
            policy: None,
            engine: None,
            engines: Vec::new(),
        },
        settings: UserSettings::default(),
    }
}

#[tokio::test]
async fn the_gc_flow_keeps_cached_layers_unless_told_otherwise() {
    let (folder, layout) = fresh();
    let context = context(folder.path(), layout.path().to_owned());
    let cached = layout.put_bytes("x", b"cached").unwrap();
    layout.put_bytes("x", b"loose").unwrap();
    let steps = folder.path().join("cache/steps/ab");
    std::fs::create_dir_all(&steps).unwrap();
    let entry = serde_json::json!({"layer": {"descriptor": cached, "diff_id": cached.digest, "uncompressed": 1}});
    std::fs::write(steps.join("cd.json"), entry.to_string()).unwrap();
    std::fs::write(steps.join("torn.json"), "{\"layer\":").unwrap();
    let pruned = prune::gc(&context, Freeing::default()).await.unwrap();
    assert_eq!((pruned.freed.blobs, pruned.freed.kept, pruned.cache_removed), (1, 1, false));
    let pruned = prune::gc(&context, Freeing { all: true, ..Freeing::default() }).await.unwrap();
    assert_eq!((pruned.freed.blobs, pruned.cache_removed), (1, true));
    assert!(!steps.exists());
    let checked = prune::fsck(&context, false, |_| ()).await.unwrap();
    assert!(checked.sound);
    assert_eq!(serde_json::to_value(&checked).unwrap()["blobs"], 0);
}

#[tokio::test]
async fn a_store_that_is_not_there_yet_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), folder.path().join("nowhere"));
    assert_eq!(prune::gc(&context, Freeing::default()).await.unwrap().freed.blobs, 0);
    assert!(prune::fsck(&context, true, |_| ()).await.unwrap().sound);
    assert!(!folder.path().join("nowhere").exists());
}
