//! The documents of an image on its new base, put without a name; and the new base's layers, brought to the local store.

use std::sync::Arc;

use super::find::{Bases, OwnImage, renamed};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{Store, StoreError};
use crate::domain::oci::{Annotations, Descriptor, ImageConfig, ImageManifest, Platform, annotation, media_type};
use crate::flows::browse::told_time;
use crate::flows::verify::Documents;
use crate::report::{Kind, Report};

/// What was made.
pub(super) struct Made {
    /// The image, or the index of several.
    pub(super) top: Descriptor,
    /// Each platform's.
    pub(super) manifests: Vec<(Platform, Descriptor)>,
    /// Its time, in seconds since 1970.
    pub(super) created: i64,
}

/// Puts config and manifest of each platform, and the index where there was one.
pub(super) fn documents(
    target: &Arc<Layout>,
    image: &OwnImage,
    bases: &Bases,
    configs: Vec<ImageConfig>,
) -> Result<Made, Report> {
    let mut manifests = Vec::new();
    let created = configs.first().and_then(|config| told_time(config.created.as_deref()?)).unwrap_or(0);
    for ((platform, child, _), config) in image.parts.iter().zip(configs) {
        let Some((old, new)) = bases.parts.get(platform) else { continue };
        let manifest = on_new_base(target, (child, old, new), (&config, bases))?;
        manifests.push((platform.clone(), put(target, media_type::MANIFEST, &manifest)?));
    }
    let Some(index) = &image.index else {
        let top = manifests.first().map(|(_, manifest)| manifest.clone());
        let top = top.ok_or_else(|| Report::message(Kind::Failed, "an image of no platform"))?;
        return Ok(Made { top, manifests, created });
    };
    let mut index = index.clone();
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
    Ok(Made { top: put(target, media_type::INDEX, &index)?, manifests, created })
}

/// The new base's layers below our own.
fn on_new_base(
    target: &Layout,
    (child, old, new): (&Documents, &Documents, &Documents),
    (config, bases): (&ImageConfig, &Bases),
) -> Result<ImageManifest, Report> {
    let mut layers: Vec<Descriptor> = new.manifest.layers.iter().map(Descriptor::as_oci_layer).collect();
    layers.extend(child.manifest.layers.iter().skip(old.manifest.layers.len()).cloned());
    let mut annotations = child.manifest.annotations.clone();
    retimed(&mut annotations, Some((&old.config.created, &new.config.created)));
    // By platform as bakes name it: the manifest itself.
    renamed(&mut annotations, &bases.name, &new.digest);
    let config = put(target, media_type::CONFIG, config)?;
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

fn put(target: &Layout, kind: &str, document: &impl serde::Serialize) -> Result<Descriptor, Report> {
    let bytes = serde_json::to_vec(document).map_err(|error| Report::new(Kind::Failed, &error))?;
    Ok(target.put_bytes(kind, &bytes)?)
}

/// Brings what the local store lacks of the new base's layers; our own are there.
pub(super) async fn bring_layers(target: &Arc<Layout>, bases: &Bases) -> Result<(), StoreError> {
    for (_, new) in bases.parts.values() {
        for layer in new.manifest.layers.iter().filter(|layer| !target.has(layer)) {
            match bases.store.as_layout() {
                Some(from) => {
                    let (target, from, layer) = (Arc::clone(target), from.clone(), layer.clone());
                    let linked = tokio::task::spawn_blocking(move || target.link_blob(&from, &layer)).await;
                    linked.map_err(|error| StoreError::Io {
                        action: "link",
                        path: "blob".into(),
                        source: error.into(),
                    })??;
                }
                None => {
                    let source = bases.store.open_blob(&bases.repository, layer).await?;
                    target.put_blob(&bases.repository, layer, source).await?;
                }
            }
        }
    }
    Ok(())
}
