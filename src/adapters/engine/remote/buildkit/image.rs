//! What a build stands on as an image the builder asks us for, blob by blob and each once; and the image it leaves, which must
//! stand on just that. Sends nothing itself.

use std::collections::BTreeMap;
use std::io::{Error, Read};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::pb::{
    self, Definition, FileAction, FileActionMkFile, FileOp, Input, Op, SourceOp, file_action, op,
};
use prost::Message;

use super::content::{Blob, GIVEN};
use crate::adapters::engine::remote::GroundImage;
use crate::domain::oci::{Descriptor, DiffId, Digest, ImageManifest, Platform, media_type};

/// Where a build tells what it made: an option of BuildKit's answer.
const MADE: &str = "containerimage.descriptor";
/// Largest document of an image.
const MAX_DOCUMENT: u64 = 4 << 20;

/// An image as it is offered.
pub(super) struct Offer {
    /// Its name in a `FROM`.
    pub name: String,
    /// All of it, by digest.
    pub blobs: Arc<BTreeMap<String, Blob>>,
    manifest: Digest,
    /// Its layers as they are called here: blob, and plain tar.
    layers: Vec<(Digest, DiffId)>,
    /// The image in a registry that its first layers are had from, where there is one.
    pub elsewhere: Option<String>,
}

impl Offer {
    pub(super) fn of(ground: &GroundImage, elsewhere: Option<String>) -> Self {
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config: Descriptor::of(media_type::CONFIG, &ground.config),
            layers: ground.layers.iter().map(|layer| bare(layer.blob())).collect(),
            subject: None,
            annotations: BTreeMap::new(),
        };
        // A manifest always is JSON.
        let bytes = serde_json::to_vec(&manifest).unwrap_or_default();
        let manifest = Digest::of(&bytes);
        let mut blobs = BTreeMap::from([
            (manifest.to_string(), Blob::Document(bytes)),
            (ground.id.to_string(), Blob::Document(ground.config.clone())),
        ]);
        for layer in &ground.layers {
            blobs.insert(layer.blob().digest.to_string(), Blob::Layer(Box::new(layer.clone())));
        }
        let layers = ground.layers.iter().map(|layer| (layer.blob().digest.clone(), layer.diff_id.clone())).collect();
        let name = format!("bakery-{}", &manifest.encoded()[..24]);
        Self { name, blobs: Arc::new(blobs), manifest, layers, elsewhere }
    }

    /// The option of a build that has its name mean it.
    pub(super) fn option(&self) -> (String, String) {
        (format!("context:{}", self.name), format!("oci-layout://{GIVEN}@{}", self.manifest))
    }

    /// The image in a registry that steps upon this one are kept in: one for each that is stood on, since BuildKit writes the
    /// whole image anew. Its tag is the given one and what is stood on.
    pub(super) fn cache(&self, image: &str) -> String {
        let ground = self.name.trim_start_matches("bakery-");
        let name = image.rfind('/').map_or(image, |at| &image[at..]);
        match name {
            _ if image.contains('@') => image.to_owned(),
            _ if name.contains(':') => format!("{image}-{ground}"),
            _ => format!("{image}:{ground}"),
        }
    }

    /// Makes a layout of what came into `folder`, with its layers below called by their plain tars: they did not travel. What is
    /// wrong with it is said.
    pub(super) fn settle(&self, answer: &std::collections::HashMap<String, String>, folder: &Path) -> Result<(), Flaw> {
        let made = answer.get(MADE).ok_or("no image")?;
        let made = STANDARD.decode(made).map_err(|_| "an image whose name is none")?;
        let made: Descriptor = serde_json::from_slice(&made).map_err(|_| "an image whose name is none")?;
        let blob = |digest: &Digest| folder.join("blobs/sha256").join(digest.encoded());
        let mut bytes = Vec::new();
        let file = std::fs::File::open(blob(&made.digest)).map_err(|_| "an image without its manifest")?;
        file.take(MAX_DOCUMENT).read_to_end(&mut bytes)?;
        let mut manifest: ImageManifest =
            serde_json::from_slice(&bytes).map_err(|_| "an image whose manifest is none")?;
        if manifest.layers.len() < self.layers.len() {
            return Err("an image with fewer layers than it was given".into());
        }
        for (layer, (digest, id)) in manifest.layers.iter_mut().zip(&self.layers) {
            if layer.digest != *digest {
                return Err("an image with other layers below than it was given".into());
            }
            *layer = Descriptor::new(media_type::LAYER, id.0.clone(), 0);
        }
        let own = manifest.layers.iter().skip(self.layers.len()).chain([&manifest.config]);
        if own.into_iter().any(|part| !blob(&part.digest).is_file()) {
            return Err("an image without all of its parts".into());
        }
        let bytes = serde_json::to_vec(&manifest).map_err(Error::from)?;
        let manifest = Descriptor::of(media_type::MANIFEST, &bytes);
        std::fs::write(blob(&manifest.digest), bytes)?;
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [manifest] });
        std::fs::write(folder.join("index.json"), index.to_string())?;
        std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(())
    }
}

/// Has a builder pull and unpack an image: a build that puts an empty file on it, and is thrown away. Whatever stands on the same
/// layers finds them there.
pub(super) fn pull(image: &str, platform: &Platform) -> Definition {
    let variant = platform.variant.clone().unwrap_or_default();
    let (os, architecture) = (platform.os.clone(), platform.architecture.clone());
    let platform = pb::Platform { os, architecture, variant, ..pb::Platform::default() };
    let source = SourceOp { identifier: format!("docker-image://{image}"), ..SourceOp::default() };
    let source = Op { platform: Some(platform.clone()), op: Some(op::Op::Source(source)), ..Op::default() };
    let empty = FileActionMkFile { path: "/.bakery".into(), mode: 0o600, timestamp: 0, ..FileActionMkFile::default() };
    let put = FileAction { input: 0, secondary_input: -1, output: 0, action: Some(file_action::Action::Mkfile(empty)) };
    let file = Op { platform: Some(platform), op: Some(op::Op::File(FileOp { actions: vec![put] })), ..Op::default() };
    let mut definition = Definition::default();
    for mut op in [source, file, Op::default()] {
        let below = definition.def.last().map(|below: &Vec<u8>| Digest::of(below).to_string());
        op.inputs = below.into_iter().map(|digest| Input { digest, index: 0 }).collect();
        definition.def.push(op.encode_to_vec());
    }
    definition
}

/// What is said of a blob elsewhere does not make another image of it.
fn bare(blob: &Descriptor) -> Descriptor {
    Descriptor::new(&blob.media_type, blob.digest.clone(), blob.size)
}

/// Why what came is no image.
#[derive(Debug)]
pub(super) enum Flaw {
    /// What the builder sent is none.
    There(&'static str),
    /// It cannot be written here.
    Here(Error),
}

impl From<&'static str> for Flaw {
    fn from(what: &'static str) -> Self {
        Self::There(what)
    }
}

impl From<Error> for Flaw {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_kept_apart_by_what_is_stood_on() {
        let offer = Offer {
            name: "bakery-0a1b".into(),
            blobs: Arc::default(),
            manifest: Digest::of(b""),
            layers: Vec::new(),
            elsewhere: None,
        };
        assert_eq!(offer.cache("r.example:5000/a/b"), "r.example:5000/a/b:0a1b");
        assert_eq!(offer.cache("r.example/a:main"), "r.example/a:main-0a1b");
        assert_eq!(offer.cache("r.example/a@sha256:1"), "r.example/a@sha256:1");
    }

    #[test]
    fn a_pull_is_an_image_with_a_file_on_it() {
        let definition = pull("r.example/a@sha256:1", &"linux/arm/v7".parse().unwrap());
        let ops: Vec<Op> = definition.def.iter().map(|bytes| Op::decode(bytes.as_slice()).unwrap()).collect();
        let [source, file, end] = ops.as_slice() else { panic!("{ops:?}") };
        let Some(op::Op::Source(image)) = &source.op else { panic!("{source:?}") };
        assert_eq!(image.identifier, "docker-image://r.example/a@sha256:1");
        assert_eq!(source.platform.as_ref().unwrap().variant, "v7");
        assert_eq!(file.inputs[0].digest, Digest::of(&definition.def[0]).to_string());
        assert_eq!((end.inputs[0].digest.clone(), &end.op), (Digest::of(&definition.def[1]).to_string(), &None));
    }
}
