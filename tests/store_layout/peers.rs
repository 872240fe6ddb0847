//! Other tools read what bakery writes, and bakery what they write.

use std::process::Command;

use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::{Selector, Store};

use super::{fresh, fsck};
use crate::support::images;
use crate::support::peers::need;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn skopeo_inspects_and_copies_by_the_full_name() {
    if !need(&["skopeo"]) {
        return;
    }
    let (folder, layout) = fresh();
    let image = images::put_named(&layout, "team-a/payments-api:1.2.0");
    let source = format!("oci:{}:team-a/payments-api:1.2.0", layout.path().display());
    let text = run("skopeo", &["inspect", &source]);
    assert!(text.contains(&image.layer.digest.to_string()), "{text}");
    let other = folder.path().join("copy");
    let target = format!("oci:{}:mine", other.display());
    run("skopeo", &["copy", "--insecure-policy", &source, &target]);
    let copy = Layout::open(&other).unwrap();
    assert!(copy.has(&image.manifest) && copy.has(&image.layer));
    assert!(fsck(&copy).findings.is_empty());
}

#[tokio::test]
async fn what_skopeo_writes_beside_our_images_is_read() {
    if !need(&["skopeo"]) {
        return;
    }
    let (folder, layout) = fresh();
    images::put_named(&layout, "team-a/x:1");
    let other = Layout::open_or_create(&folder.path().join("other")).unwrap();
    let image = images::put_named(&other, "b/c:2");
    let source = format!("oci:{}:b/c:2", other.path().display());
    for name in ["global/python:3.12", "bare"] {
        let target = format!("oci:{}:{name}", layout.path().display());
        run("skopeo", &["copy", "--insecure-policy", &source, &target]);
    }
    let store: &dyn Store = &layout;
    let names: Vec<String> = store.repositories(None).await.unwrap().items.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["global/python", "store", "team-a/x"]);
    let found =
        store.resolve(&"global/python".parse().unwrap(), &Selector::Tag("3.12".parse().unwrap())).await.unwrap();
    assert_eq!(found.digest, image.manifest.digest);
    assert!(fsck(&layout).findings.is_empty());
    assert_eq!(layout.gc(&Default::default(), true).unwrap().blobs, 0);
}

#[test]
fn umoci_lists_our_names_and_its_gc_leaves_the_store_whole() {
    if !need(&["umoci"]) {
        return;
    }
    let (_folder, layout) = fresh();
    let image = images::put_named(&layout, "team-a/payments-api:1.2.0");
    let path = layout.path().display().to_string();
    assert_eq!(run("umoci", &["ls", "--layout", &path]).trim(), "team-a/payments-api:1.2.0");
    run("umoci", &["gc", "--layout", &path]);
    let layout = Layout::open_or_create(layout.path()).unwrap();
    assert!(layout.has(&image.layer));
    images::put_named(&layout, "team-a/other:1");
    assert!(fsck(&layout).findings.is_empty());
}
