//! Small real images in a layout: one gzip layer with one file, a config that fits, a manifest.

use std::io::Write;

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Annotations, Descriptor, DiffId, Digest, ImageConfig, ImageManifest, Platform, media_type};

/// The parts of an image that was put.
#[derive(Clone, Debug)]
pub struct Image {
    pub manifest: Descriptor,
    pub config: Descriptor,
    pub layer: Descriptor,
}

/// Bytes of a layer with the file `salt`: gzip, and its diffID.
pub fn layer(salt: &str) -> (Vec<u8>, DiffId) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(salt.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "salt", salt.as_bytes()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar).unwrap();
    (gzip.finish().unwrap(), DiffId(Digest::of(&tar)))
}

/// An image config with one layer.
pub fn config(diff_id: &DiffId) -> Vec<u8> {
    let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let mut config = ImageConfig::scratch(&platform);
    config.rootfs.diff_ids.push(diff_id.clone());
    serde_json::to_vec(&config).unwrap()
}

/// A manifest, as bytes.
pub fn manifest(config: &Descriptor, layers: &[Descriptor], subject: Option<&Descriptor>) -> Vec<u8> {
    serde_json::to_vec(&ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: subject.map(|_| "application/x.test".to_owned()),
        config: config.clone(),
        layers: layers.to_vec(),
        subject: subject.cloned(),
        annotations: Annotations::new(),
    })
    .unwrap()
}

/// Puts an image whose content depends on `salt`, without a name.
pub fn put(layout: &Layout, salt: &str) -> Image {
    let (bytes, diff_id) = layer(salt);
    let layer = layout.put_bytes(media_type::LAYER_GZIP, &bytes).unwrap();
    let config = layout.put_bytes(media_type::CONFIG, &config(&diff_id)).unwrap();
    let bytes = manifest(&config, std::slice::from_ref(&layer), None);
    let manifest = layout.put_bytes(media_type::MANIFEST, &bytes).unwrap();
    Image { manifest, config, layer }
}

/// Puts an image and names it.
pub fn put_named(layout: &Layout, name: &str) -> Image {
    let image = put(layout, name);
    layout.tag(name, &image.manifest).unwrap();
    image
}
