//! The documents of an image on its new base, without a name: put into the local store, or only tried on top of one, wherever they
//! go then.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::find::{Bases, OwnImage, renamed};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{Store, TriedStore};
use crate::domain::oci::{
    Annotations, Descriptor, Digest, ImageConfig, ImageManifest, Platform, annotation, media_type,
};
use crate::flows::browse::told_time;
use crate::flows::verify::Documents;
use crate::report::{Kind, Report};

/// What was made.
pub(super) struct Made {
    /// The image, or the index of several.
    pub(super) top: Descriptor,
    /// Whether it is an index.
    pub(super) is_index: bool,
    /// Each platform's.
    pub(super) manifests: Vec<(Platform, Descriptor)>,
    /// The documents behind them.
    pub(super) images: Vec<(ImageManifest, ImageConfig)>,
    /// Its time, in seconds since 1970.
    pub(super) created: i64,
    /// Every document, as it is written.
    written: BTreeMap<Digest, Vec<u8>>,
}

impl Made {
    /// One of its documents, as it is written.
    pub(super) fn written(&self, document: &Descriptor) -> Vec<u8> {
        self.written.get(&document.digest).cloned().unwrap_or_default()
    }
}

/// Where documents are put.
pub(super) enum Target {
    /// The local store.
    Local(Arc<Layout>),
    /// Nowhere: they are to be judged, and no more, or sent to a registry then. Beside them the local store, for their tests.
    Tried(Arc<TriedStore>, Option<Arc<Layout>>),
}

/// Puts documents, and keeps what was put.
struct Writer<'t> {
    target: &'t Target,
    written: BTreeMap<Digest, Vec<u8>>,
}

impl Target {
    /// Where they are read.
    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Local(layout) => Arc::clone(layout) as _,
            Self::Tried(tried, _) => Arc::clone(tried) as _,
        }
    }

    /// The local store; `None` where nothing is to come of what was judged.
    pub(super) fn local(self) -> Option<Arc<Layout>> {
        match self {
            Self::Local(layout) => Some(layout),
            Self::Tried(_, layout) => layout,
        }
    }
}

impl Writer<'_> {
    fn put(&mut self, kind: &str, document: &impl serde::Serialize) -> Result<Descriptor, Report> {
        let bytes = serde_json::to_vec(document).map_err(|error| Report::new(Kind::Failed, &error))?;
        let put = match self.target {
            Target::Local(layout) => layout.put_bytes(kind, &bytes)?,
            Target::Tried(tried, _) => tried.put(kind, &bytes),
        };
        self.written.insert(put.digest.clone(), bytes);
        Ok(put)
    }
}

/// Puts config and manifest of each platform, and the index where there was one.
pub(super) fn documents(
    target: &Target,
    image: &OwnImage,
    bases: &Bases,
    configs: Vec<ImageConfig>,
) -> Result<Made, Report> {
    let (mut manifests, mut images) = (Vec::new(), Vec::new());
    let mut writer = Writer { target, written: BTreeMap::new() };
    let created = configs.first().and_then(|config| told_time(config.created.as_deref()?)).unwrap_or(0);
    for ((platform, child, _), config) in image.parts.iter().zip(configs) {
        let Some((old, new)) = bases.parts.get(platform) else { continue };
        let manifest = on_new_base(&mut writer, (child, old, new), (&config, bases))?;
        manifests.push((platform.clone(), writer.put(media_type::MANIFEST, &manifest)?));
        images.push((manifest, config));
    }
    let Some(index) = &image.index else {
        let top = manifests.first().map(|(_, manifest)| manifest.clone());
        let top = top.ok_or_else(|| Report::message(Kind::Failed, "an image of no platform"))?;
        return Ok(Made { top, is_index: false, manifests, images, created, written: writer.written });
    };
    let mut index = index.clone();
    // Of whatever kind it was: what it lists is OCI now.
    index.media_type = Some(media_type::INDEX.into());
    let mut made = manifests.iter().map(|(_, manifest)| manifest);
    // What is no image of a platform, such as somebody's attestation, is about the old ones: it stays behind.
    index.manifests.retain(|entry| image.parts.iter().any(|(.., own)| own.as_ref() == Some(entry)));
    for entry in &mut index.manifests {
        if let Some(made) = made.next() {
            let old = std::mem::replace(entry, made.clone());
            (entry.platform, entry.annotations) = (old.platform, old.annotations);
        }
    }
    let times = bases.parts.values().next().map(|(old, new)| (&old.config.created, &new.config.created));
    retimed(&mut index.annotations, times);
    renamed(&mut index.annotations, &bases.name, &bases.new);
    let top = writer.put(media_type::INDEX, &index)?;
    Ok(Made { top, is_index: true, manifests, images, created, written: writer.written })
}

/// The new base's layers below our own.
fn on_new_base(
    writer: &mut Writer<'_>,
    (child, old, new): (&Documents, &Documents, &Documents),
    (config, bases): (&ImageConfig, &Bases),
) -> Result<ImageManifest, Report> {
    let own = child.manifest.layers.iter().skip(old.manifest.layers.len());
    let layers = new.manifest.layers.iter().chain(own).map(Descriptor::as_oci_layer).collect();
    let mut annotations = child.manifest.annotations.clone();
    retimed(&mut annotations, Some((&old.config.created, &new.config.created)));
    // By platform as bakes name it: the manifest itself.
    renamed(&mut annotations, &bases.name, &new.digest);
    let config = writer.put(media_type::CONFIG, config)?;
    Ok(ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: None,
        config,
        layers,
        subject: None,
        annotations,
    })
}

/// A time that was the base's is the new base's.
fn retimed(annotations: &mut Annotations, created: Option<(&Option<String>, &Option<String>)>) {
    if let Some((old, Some(new))) = created
        && annotations.get(annotation::CREATED) == old.as_ref()
    {
        annotations.insert(annotation::CREATED.into(), new.clone());
    }
}
