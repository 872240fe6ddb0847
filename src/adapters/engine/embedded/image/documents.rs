//! The image around the layers: config, manifest, and an index where there are several platforms. Never a host fact.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::config::apply;
use crate::adapters::engine::BaseImage;
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::Layout;
use crate::domain::journal::LayerBlob;
use crate::domain::oci::{
    Annotations, Descriptor, DescriptorPlatform, Digest, ExecConfig, History, ImageConfig, ImageIndex, ImageManifest,
    Platform, annotation, media_type,
};
use crate::domain::recipe::ConfigChange;

/// What one step left: a line of history, and a layer unless nothing changed.
pub(in crate::adapters::engine::embedded) struct StepOutcome {
    pub(in crate::adapters::engine::embedded) created_by: String,
    pub(in crate::adapters::engine::embedded) layer: Option<LayerBlob>,
}

/// Seconds since 1970 as RFC 3339; times no calendar holds are the beginning.
pub(in crate::adapters::engine::embedded) fn rfc3339(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

/// What all images of a bake share.
#[derive(Clone)]
pub(in crate::adapters::engine::embedded) struct Frame {
    /// Where documents go.
    pub(in crate::adapters::engine::embedded) target: Layout,
    /// Time of everything.
    pub(in crate::adapters::engine::embedded) created: i64,
    /// What the recipe changes in the config.
    pub(in crate::adapters::engine::embedded) change: ConfigChange,
    /// Base as the recipe names it, and what its tag was pinned to.
    pub(in crate::adapters::engine::embedded) base: (String, Option<Digest>),
    /// Steps ran with one id only: the image says so.
    pub(in crate::adapters::engine::embedded) ownership_lost: bool,
}

/// What containers of an image run with that is made of `base` by `change`.
pub fn config_in_force(change: &ConfigChange, base: Option<&BaseImage>) -> ExecConfig {
    let mut config = base.and_then(|base| base.config.config.clone()).unwrap_or_default();
    apply(&mut config, change);
    config
}

/// What containers of the image run with, and what has to be known about it.
pub(in crate::adapters::engine::embedded) fn exec_config(frame: &Frame, base: Option<&BaseImage>) -> ExecConfig {
    let mut config = config_in_force(&frame.change, base);
    if frame.ownership_lost {
        let labels = config.labels.get_or_insert_default();
        labels.insert(annotation::OWNERSHIP.into(), "lost: steps ran with a single user id".into());
    }
    config
}

/// Stores config and manifest of one platform; gives the manifest's descriptor.
pub(in crate::adapters::engine::embedded) fn put_image(
    frame: &Frame,
    platform: &Platform,
    base: Option<&BaseImage>,
    outcomes: &[StepOutcome],
) -> Result<Descriptor, StoreError> {
    let created = rfc3339(frame.created);
    let mut config = base.map_or_else(|| ImageConfig::scratch(platform), |base| base.config.clone());
    let mut layers: Vec<Descriptor> =
        base.map_or_else(Vec::new, |base| base.manifest.layers.iter().map(Descriptor::as_oci_layer).collect());
    for outcome in outcomes {
        config.history.push(History {
            created: Some(created.clone()),
            created_by: Some(outcome.created_by.clone()),
            comment: Some("bakery".into()),
            empty_layer: outcome.layer.is_none(),
            ..History::default()
        });
        if let Some(layer) = &outcome.layer {
            config.rootfs.diff_ids.push(layer.diff_id.clone());
            layers.push(layer.descriptor.clone());
        }
    }
    config.created = Some(created.clone());
    config.config = Some(exec_config(frame, base));
    let mut annotations = Annotations::from([(annotation::CREATED.to_owned(), created)]);
    if let Some(base) = base {
        annotations.insert(annotation::BASE_NAME.into(), frame.base.0.clone());
        annotations.insert(annotation::BASE_DIGEST.into(), base.digest.to_string());
    }
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: None,
        config: frame.target.put_bytes(media_type::CONFIG, &to_json(&config)?)?,
        layers,
        subject: None,
        annotations,
    };
    frame.target.put_bytes(media_type::MANIFEST, &to_json(&manifest)?)
}

/// Stores an index of several platforms' manifests, in the recipe's order.
pub(in crate::adapters::engine::embedded) fn put_index(
    frame: &Frame,
    manifests: Vec<(Platform, Descriptor)>,
) -> Result<Descriptor, StoreError> {
    let entries = manifests.into_iter().map(|(platform, mut descriptor)| {
        descriptor.platform = Some(DescriptorPlatform::from(&platform));
        descriptor
    });
    let mut index = ImageIndex::new(entries.collect());
    index.annotations.insert(annotation::CREATED.into(), rfc3339(frame.created));
    if let Some(digest) = &frame.base.1 {
        index.annotations.insert(annotation::BASE_NAME.into(), frame.base.0.clone());
        index.annotations.insert(annotation::BASE_DIGEST.into(), digest.to_string());
    }
    frame.target.put_bytes(media_type::INDEX, &to_json(&index)?)
}

fn to_json(document: &impl serde::Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(document).map_err(|error| StoreError::Io {
        action: "write",
        path: "image".into(),
        source: error.into(),
    })
}
