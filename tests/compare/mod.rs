//! Looking into images and comparing them, with the real program, held against what others make of the same bytes: Python's
//! tarfile, umoci, the files of an unpacked image.

mod content;
mod ends;
mod hostile;
mod layers;
mod merged;
mod names;
mod pairs;
mod random;
mod shares;

use std::path::Path;

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, DiffId, Digest, ImageConfig, media_type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::bakery::peer;
use crate::support::engine::{amd64, gzip};
use crate::support::{images, peers};

/// Whether files can be given to others; without, the test is skipped by name.
fn may_give_away() -> bool {
    rustix::process::geteuid().is_root() || peers::need(&["root, for whom this test is made,"])
}

/// Puts an image of these archives into a layout and names it.
fn put(layout: &Path, name: &str, tars: &[Vec<u8>]) {
    let blobs: Vec<Blob> = tars.iter().map(|tar| Blob::gzip(tar)).collect();
    put_blobs(layout, name, &blobs);
}

/// A layer as it lies in a layout.
struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
    diff_id: DiffId,
}

impl Blob {
    fn gzip(tar: &[u8]) -> Self {
        Self { media_type: media_type::LAYER_GZIP, bytes: gzip(tar), diff_id: DiffId(Digest::of(tar)) }
    }
}

/// Puts an image of these blobs, whatever they are; gives their digests.
fn put_blobs(layout: &Path, name: &str, blobs: &[Blob]) -> Vec<String> {
    let layout = Layout::open_or_create(layout).unwrap();
    let mut config = ImageConfig::scratch(&amd64());
    let put = |blob: &Blob| layout.put_bytes(blob.media_type, &blob.bytes).unwrap();
    let layers: Vec<Descriptor> = blobs.iter().map(put).collect();
    config.rootfs.diff_ids = blobs.iter().map(|blob| blob.diff_id.clone()).collect();
    let config = layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let manifest = layout.put_bytes(media_type::MANIFEST, &images::manifest(&config, &layers, None)).unwrap();
    layout.tag(name, &manifest).unwrap();
    layers.iter().map(|layer| layer.digest.to_string()).collect()
}

/// What the other opinion is on this.
fn oracle(arguments: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compare/oracle.py");
    serde_json::from_str(&peer("python3", &[&[script], arguments].concat())).unwrap()
}

/// A name of a row as hexadecimal bytes, exact whatever it holds.
fn exact(row: &Value, key: &str) -> Option<String> {
    let shown = row[key].as_str()?;
    let bytes = match row[format!("{key}_base64")].as_str() {
        Some(exact) => STANDARD.decode(exact).unwrap(),
        None => shown.as_bytes().to_vec(),
    };
    Some(hex::encode(bytes))
}

/// Hexadecimal as text for people.
fn readable(name: &Value) -> String {
    String::from_utf8_lossy(&hex::decode(name.as_str().unwrap()).unwrap()).into_owned()
}

/// A change as the other opinion tells it.
fn plain(change: &Value) -> Value {
    let mut out = serde_json::json!({"path": exact(change, "path").unwrap()});
    for key in ["op", "what", "type", "size", "mode", "uid", "gid"] {
        out[key] = change[key].clone();
    }
    if let Some(from) = exact(change, "from") {
        out["from"] = from.into();
    }
    out
}

/// Asserts two lists equal, and tells the first rows that are not.
fn same(what: &str, ours: &[Value], theirs: &[Value]) {
    let shown = |row: Option<&Value>| match row {
        Some(row) => format!("{} {row}", readable(&row["path"])),
        None => "nothing".to_owned(),
    };
    for at in 0..ours.len().max(theirs.len()) {
        let (our, their) = (ours.get(at), theirs.get(at));
        assert_eq!(our, their, "{what}, row {at}:\nours   {}\ntheirs {}", shown(our), shown(their));
    }
}
