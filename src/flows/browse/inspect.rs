//! One image in full: manifest, config, history, layers, referrers. Reads no layer; judges nothing.

use serde::Serialize;
use serde_json::Value;

use super::list::{config_of, image_of, is_attestation, parse, platform_of, told_time};
use crate::adapters::store::{Selector, Store};
use crate::domain::oci::{
    Descriptor, DiffId, Digest, History, ImageConfig, ImageManifest, ImageRef, Manifest, Platform, Repository,
};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// What is known of an image without looking into its layers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// As asked for.
    pub reference: String,
    /// What the reference points at.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// One image a platform, where it is an index.
    pub images: Vec<PlatformImage>,
    /// The platform of what follows.
    pub platform: Option<String>,
    /// Bytes of config and layers.
    pub size: u64,
    /// The image manifest.
    pub manifest: Option<ImageManifest>,
    /// The image config.
    pub config: Option<ImageConfig>,
    /// How it came to be.
    pub history: Vec<History>,
    /// What it is made of, bottom first.
    pub layers: Vec<LayerRow>,
    /// What is attached to it.
    pub referrers: Vec<Referrer>,
}

/// An entry of an index.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlatformImage {
    /// `os/architecture`.
    pub platform: Option<String>,
    /// The image's manifest.
    pub digest: Digest,
}

/// A layer as the manifest and the config describe it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerRow {
    /// Of the blob.
    pub digest: Digest,
    /// Of the uncompressed tar.
    pub diff_id: Option<DiffId>,
    /// Bytes of the blob.
    pub size: u64,
    /// Its compression, in the field's words.
    pub media_type: String,
    /// The history entry that made it.
    pub created_by: Option<String>,
}

/// Something attached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Referrer {
    /// Its manifest.
    pub digest: Digest,
    /// What it is.
    pub artifact_type: Option<String>,
    /// Bytes of its manifest.
    pub size: u64,
}

impl Context {
    /// Looks at the image `text` names; of an index, at the image for `platform`, else at the first.
    pub async fn inspect(&self, text: &str, platform: Option<&Platform>) -> Result<Inspection, Report> {
        let (image, selector) = self.selected(text)?;
        let (store, repository) = self.open(&image)?;
        let found = inspect(&*store, &repository, &selector, platform).await?;
        Ok(Inspection { reference: image.to_string(), ..found })
    }

    /// The same, unless all of the image would have to come here for it: `None` then.
    pub async fn inspect_at_hand(&self, text: &str) -> Result<Option<Inspection>, Report> {
        let (image, selector) = self.selected(text)?;
        let (store, repository) = self.open(&image)?;
        if let Selector::Tag(tag) = &selector
            && store.glimpse(&repository, tag).await?.is_some()
        {
            return Ok(None);
        }
        let found = inspect(&*store, &repository, &selector, None).await?;
        Ok(Some(Inspection { reference: image.to_string(), ..found }))
    }

    fn selected(&self, text: &str) -> Result<(ImageRef, Selector), Report> {
        let image = self.parse_reference(text)?;
        let selector = match (&image.digest, image.tag_or_latest()) {
            (Some(digest), _) => Selector::Digest(digest.clone()),
            (None, Some(tag)) => Selector::Tag(tag),
            (None, None) => return Err(Report::message(Kind::Usage, format!("{image} names no tag and no digest"))),
        };
        Ok((image, selector))
    }
}

/// Looks at one image of a store.
pub async fn inspect(
    store: &dyn Store,
    repository: &Repository,
    selector: &Selector,
    platform: Option<&Platform>,
) -> Result<Inspection, Report> {
    let raw = store.manifest(repository, selector).await?;
    let (image, images) = match parse(store, repository, &raw.bytes, &raw.descriptor)? {
        Manifest::Image(image) => (Some(image), Vec::new()),
        Manifest::Index(index) => {
            let chosen = choose(&index.manifests, platform, repository, selector)?;
            let image = match chosen {
                Some(entry) => Some(image_of(store, repository, entry).await?),
                None => None,
            };
            let row = |entry: &Descriptor| PlatformImage { platform: platform_of(entry), digest: entry.digest.clone() };
            (image, index.manifests.iter().filter(|entry| !is_attestation(entry)).map(row).collect())
        }
    };
    let config = match &image {
        Some(image) => config_of(store, repository, image).await?,
        None => None,
    };
    if images.is_empty() {
        let is = config.as_ref().map(ImageConfig::platform);
        refuse_other(format_args!("{repository}:{selector}"), (platform, is.as_ref()))?;
    }
    let referrers = store.referrers(repository, &raw.descriptor.digest, None).await?;
    let parts = image.iter().flat_map(|image| std::iter::once(&image.config).chain(&image.layers));
    Ok(Inspection {
        reference: format!("{repository}:{selector}"),
        digest: raw.descriptor.digest,
        media_type: raw.descriptor.media_type,
        images,
        platform: config.as_ref().map(|config| config.platform().to_string()),
        size: parts.map(|part| part.size).fold(0, u64::saturating_add),
        history: config.as_ref().map(|config| config.history.clone()).unwrap_or_default(),
        layers: image.as_ref().map(|image| layers(image, config.as_ref())).unwrap_or_default(),
        manifest: image,
        config,
        referrers: referrers
            .into_iter()
            .map(|entry| Referrer { digest: entry.digest, artifact_type: entry.artifact_type, size: entry.size })
            .collect(),
    })
}

pub(in crate::flows) fn choose<'a>(
    entries: &'a [Descriptor],
    platform: Option<&Platform>,
    repository: &Repository,
    selector: &Selector,
) -> Result<Option<&'a Descriptor>, Report> {
    let mut images = entries.iter().filter(|entry| entry.is_manifest() && !is_attestation(entry));
    let Some(wanted) = platform else { return Ok(images.next()) };
    let serves = |entry: &&Descriptor| {
        entry.platform.as_ref().is_some_and(|platform| wanted.is_served_by(&platform.to_platform()))
    };
    match images.clone().find(serves) {
        Some(entry) => Ok(Some(entry)),
        None => {
            let there: Vec<String> = images.filter_map(platform_of).collect();
            let text = format!("{repository}:{selector} has no image for {wanted}");
            Err(Report::message(Kind::Usage, text).help(format!("it has {}", there.join(", "))))
        }
    }
}

/// Refuses an image that is not for the platform asked for: one that is in no index is for the one its config says.
pub(in crate::flows) fn refuse_other(
    name: impl std::fmt::Display,
    (wanted, is): (Option<&Platform>, Option<&Platform>),
) -> Result<(), Report> {
    let Some(wanted) = wanted.filter(|wanted| !is.is_some_and(|is| wanted.is_served_by(is))) else { return Ok(()) };
    let is = is.map_or_else(|| "for no platform".to_owned(), |is| format!("for {is}"));
    Err(Report::message(Kind::Usage, format!("{name} is {is}, not for {wanted}")).help("leave out --platform"))
}

/// Each layer with the history entry that made it: those that made none are passed over.
fn layers(image: &ImageManifest, config: Option<&ImageConfig>) -> Vec<LayerRow> {
    let mut made_by = config.into_iter().flat_map(|config| config.history.iter().filter(|entry| !entry.empty_layer));
    let mut diff_ids = config.into_iter().flat_map(|config| config.rootfs.diff_ids.iter());
    image
        .layers
        .iter()
        .map(|layer| LayerRow {
            digest: layer.digest.clone(),
            diff_id: diff_ids.next().cloned(),
            size: layer.size,
            media_type: layer.media_type.clone(),
            created_by: made_by.next().and_then(|entry| entry.created_by.clone()),
        })
        .collect()
}

impl Inspection {
    /// When it was made, where somebody told.
    pub fn created(&self) -> Option<&str> {
        self.config.as_ref()?.created.as_deref().filter(|text| told_time(text).is_some())
    }

    /// A field of the config's execution parameters as text: `["a","b"]` reads as JSON.
    pub fn setting(&self, name: &str) -> Option<String> {
        let value = serde_json::to_value(self.config.as_ref()?.config.as_ref()?).ok()?;
        match value.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        }
    }
}
