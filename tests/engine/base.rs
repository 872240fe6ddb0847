//! Bases: fetched, proven, indexed; and hostile ones refused before anything is built upon them.

use std::sync::Arc;

use bakery::adapters::engine::EngineError;
use bakery::adapters::store::{MemoryStore, Store};
use bakery::domain::journal::EventKind;
use bakery::domain::oci::{Descriptor, DiffId, Digest, ImageConfig, media_type};

use crate::support::engine::{Bakehouse, Tar, amd64, base_image, gzip, usrmerged};

const WRITE: &str = "steps:\n  - write: {to: /x, content: x}\n";

/// A house whose base has this blob as its one layer, in a store that is no layout.
fn house_on(media_type: &str, blob: &[u8], diff_id: &Digest) -> Bakehouse {
    let mut house = Bakehouse::new();
    let store = MemoryStore::new();
    let descriptor = Descriptor::of(media_type, blob);
    let repository = "base".parse().unwrap();
    let bytes = std::io::Cursor::new(blob.to_vec());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.put_blob(&repository, &descriptor, Box::pin(bytes))).unwrap();
    let mut config = ImageConfig::scratch(&amd64());
    config.rootfs.diff_ids.push(DiffId(diff_id.clone()));
    house.base = Some(base_image(Arc::new(store), config, vec![descriptor]));
    house
}

#[track_caller]
fn refused(family: &str, media_type: &str, blob: &[u8], tar: &[u8]) {
    let house = house_on(media_type, blob, &Digest::of(tar));
    let outcome = house.bake(WRITE);
    let failure = outcome.failure();
    assert!(failure.contains(family), "expected {family}: {failure}");
    assert!(house.target.entries().unwrap().is_empty());
    let events = outcome.heard.events();
    assert!(events.iter().any(|event| matches!(event, EventKind::StepFailed { step, .. } if step.0 == "base")));
}

#[test]
fn a_base_from_a_store_that_streams_is_fetched_once() {
    let tar = usrmerged();
    let house = house_on(media_type::LAYER_GZIP, &gzip(&tar), &Digest::of(&tar));
    let outcome = house.bake(WRITE);
    assert_eq!(house.manifest(outcome.image()).layers.len(), 2);
    let blob = &house.manifest(outcome.image()).layers[0];
    assert_eq!(house.tar(blob), tar);
    assert_eq!(house.config(outcome.image()).rootfs.diff_ids[0].0, Digest::of(&tar));
}

#[test]
fn docker_layers_keep_their_bytes_and_get_oci_types() {
    let tar = usrmerged();
    let house = house_on(media_type::DOCKER_LAYER_GZIP, &gzip(&tar), &Digest::of(&tar));
    let manifest = house.manifest(house.bake(WRITE).image());
    assert_eq!(manifest.layers[0].media_type, media_type::LAYER_GZIP);
    assert_eq!(manifest.layers[0].digest, Digest::of(&gzip(&tar)));
}

#[test]
fn plain_zstd_and_several_gzip_members_are_read() {
    let tar = usrmerged();
    let members = [gzip(&tar[..1000]), gzip(&tar[1000..])].concat();
    for (kind, blob) in [
        (media_type::LAYER, tar.clone()),
        (media_type::LAYER_ZSTD, zstd::encode_all(&tar[..], 1).unwrap()),
        (media_type::LAYER_GZIP, members),
    ] {
        let house = house_on(kind, &blob, &Digest::of(&tar));
        let outcome = house.bake("steps:\n  - write: {to: /bin/x, content: x, owner: app}\n");
        assert_eq!(house.listing(&outcome).pop().unwrap(), "file 0644 1000:2000 usr/bin/x");
    }
}

#[test]
fn t17_t20_layers_that_are_not_what_they_are_said_to_be() {
    let tar = usrmerged();
    let zipped = gzip(&tar);
    refused("T-17", media_type::LAYER_GZIP, &zipped, b"another tar");
    refused("T-20", media_type::LAYER_GZIP, &tar, &tar);
    refused("T-20", media_type::LAYER_GZIP, &zstd::encode_all(&tar[..], 1).unwrap(), &tar);
    refused("T-20", media_type::LAYER, &zipped, &tar);
    refused("T-20", media_type::LAYER, b"\xfd7zXZ\0 and so on", &tar);
    refused("T-12", media_type::LAYER_GZIP, &gzip(&zipped), &zipped);
    refused("layer", media_type::LAYER_GZIP, &zipped[..zipped.len() / 2], &tar);
    let mut damaged = zipped;
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    refused("layer", media_type::LAYER_GZIP, &damaged, &tar);
}

#[test]
fn t18_a_zstd_window_over_the_cap_is_refused() {
    let tar = usrmerged();
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(28)).unwrap();
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    refused("layer", media_type::LAYER_ZSTD, &encoder.finish().unwrap(), &tar);
}

#[test]
fn hostile_layers_are_refused_by_their_family() {
    let layer = |family, tar: Tar| {
        let tar = tar.end();
        refused(family, media_type::LAYER_GZIP, &gzip(&tar), &tar);
    };
    layer("T-01", Tar::new().file("../x", ""));
    layer("T-04", Tar::new().symlink("./", "/etc"));
    layer("T-06", Tar::new().file("etc/.wh...", ""));
    layer("T-06", Tar::new().file(".wh.etc/x", ""));
    layer("T-10", Tar::new().entry(b'x', "x", 0o644, ("", b"12 size=512\n")).file("a", "").file("hidden", ""));
    layer("T-11", Tar::new().entry(b'x', "x", 0o644, ("", b"99 path=a\n")).file("a", ""));
    layer("T-22", Tar::new().entry(b'M', "a", 0o644, ("", b"")));
}

#[test]
fn t02_t03_links_of_layers_are_resolved_inside_the_root() {
    let lower = Tar::new().symlink("out", "../../../../etc").folder("etc/", 0o700).file("etc/a", "1").end();
    let upper = Tar::new().file("out/b", "2").hardlink("etc/c", "etc/a").end();
    let house = Bakehouse::new().with_base(&[lower, upper]);
    let outcome = house.bake("steps:\n  - remove: [/etc/b, /etc/c]\n");
    assert_eq!(house.listing(&outcome), ["folder 0700 0:0 etc", "file 0600 0:0 etc/.wh.b", "file 0600 0:0 etc/.wh.c"]);
    let house = Bakehouse::new().with_base(&[Tar::new().hardlink("h", "nothing").end()]);
    assert!(house.bake(WRITE).failure().contains("T-03"));
}

#[test]
fn t23_account_files_that_are_none_are_not_read() {
    let base = Tar::new().symlink("etc/passwd", "/proc/self/environ").entry(b'6', "etc/group", 0o644, ("", b"")).end();
    let house = Bakehouse::new().with_base(&[base]);
    for owner in ["app", "\"0:staff\""] {
        let failure = house.bake(&format!("steps:\n  - write: {{to: /x, content: x, owner: {owner}}}\n")).failure();
        assert!(failure.contains("T-23"), "{failure}");
    }
}

#[test]
fn a_config_and_a_manifest_that_disagree_are_no_base() {
    let mut house = Bakehouse::new().with_base(&[usrmerged()]);
    house.base.as_mut().unwrap().config.rootfs.diff_ids.clear();
    assert!(matches!(house.bake(WRITE).baked, Err(EngineError::Store(_))));
}

#[test]
fn a_layer_damaged_in_the_store_is_never_built_upon() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let digest = house.base.as_ref().unwrap().manifest.layers[0].digest.clone();
    let path = house.path("global/blobs/sha256").join(digest.encoded());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    assert!(house.bake(WRITE).failure().contains("J-03"));
}

#[test]
fn t17_a_known_diff_id_does_not_vouch_for_another_blob() {
    let tar = usrmerged();
    let mut house = house_on(media_type::LAYER_GZIP, &gzip(&tar), &Digest::of(&tar));
    house.bake(WRITE).baked.unwrap();
    let other = gzip(&Tar::new().file("backdoor", "x").end());
    let liar = house_on(media_type::LAYER_GZIP, &other, &Digest::of(&tar));
    house.base = liar.base;
    assert!(house.bake("steps:\n  - write: {to: /z, content: z}\n").failure().contains("T-17"));
}

#[test]
fn t19_more_layers_than_a_kernel_stacks_are_refused() {
    let mut house = Bakehouse::new().with_base(&[usrmerged()]);
    let base = house.base.as_mut().unwrap();
    let layer = base.manifest.layers[0].clone();
    base.manifest.layers = vec![layer; 500];
    let baked = house.bake(WRITE).baked;
    assert!(baked.unwrap_err().to_string().contains("T-19"));
}

#[test]
fn a_store_that_stops_in_the_middle_leaves_no_blob() {
    let tar = usrmerged();
    let mut house = house_on(media_type::LAYER_GZIP, &gzip(&tar), &Digest::of(&tar));
    house.base.as_mut().unwrap().store = Arc::new(MemoryStore::new());
    assert!(house.bake(WRITE).failure().contains("not found"));
    let blobs = std::fs::read_dir(house.path("store/blobs/sha256")).map_or(0, Iterator::count);
    assert_eq!(blobs, 0);
}
