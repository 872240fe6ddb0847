//! Documents of images by digest: kept ones, then those of a store. A tag is asked by nobody here.

use std::sync::Arc;

use crate::adapters::host;
use crate::adapters::store::{KeptDocuments, Selector, Store, StoreError, read_verified};
use crate::domain::oci::{
    Descriptor, Digest, ImageConfig, ImageIndex, ImageManifest, MAX_CONFIG_BYTES, Manifest, Platform, Repository,
};
use crate::domain::trust::{Gap, reason};
use crate::flows::browse::{is_attestation, parse};
use crate::flows::compare::one_line;
use crate::report::{Kind, Report};

/// Most images of one index that are verified.
const MAX_PLATFORMS: usize = 64;

/// Why a document cannot be had.
#[derive(Debug)]
pub(in crate::flows) enum Unread {
    /// Its store.
    Store(StoreError),
    /// Itself.
    Unusable(Report),
}

impl Unread {
    fn unusable(why: impl AsRef<str>) -> Self {
        Self::Unusable(Report::message(Kind::Failed, why))
    }
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Unread> for Report {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Store(error) => error.into(),
            Unread::Unusable(report) => report,
        }
    }
}

impl From<Unread> for Gap {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Store(error) => gap_of_store(error),
            Unread::Unusable(report) => Self { reason: reason::UNUSABLE, why: one_line(&report) },
        }
    }
}

/// Why a store gave nothing.
pub(super) fn gap_of_store(error: StoreError) -> Gap {
    let reason = match &error {
        StoreError::Unreachable { .. } | StoreError::Refused { .. } => reason::UNREACHABLE,
        StoreError::NotFound { .. } => reason::NOT_FOUND,
        _ => reason::UNUSABLE,
    };
    Gap { reason, why: one_line(&Report::from(error)) }
}

/// Why a flow gave nothing.
pub(super) fn gap_of_report(report: &Report) -> Gap {
    let reason = if report.kind == Kind::Unreachable { reason::UNREACHABLE } else { reason::UNUSABLE };
    Gap { reason, why: one_line(report) }
}

/// An image's documents.
#[derive(Clone)]
pub(in crate::flows) struct Documents {
    pub(in crate::flows) digest: Digest,
    pub(in crate::flows) manifest: ImageManifest,
    pub(in crate::flows) config: ImageConfig,
    /// The index it was found through.
    pub(super) index: Option<(Digest, ImageIndex)>,
}

/// Reads documents of one repository.
pub(in crate::flows) struct Reading<'r> {
    pub(in crate::flows) kept: KeptDocuments,
    pub(in crate::flows) store: &'r Arc<dyn Store>,
    pub(in crate::flows) repository: &'r Repository,
}

impl Reading<'_> {
    /// A manifest or index by its digest.
    pub(in crate::flows) async fn manifest(&self, digest: &Digest) -> Result<Manifest, Unread> {
        if let Some(bytes) = self.kept.read(digest) {
            return Manifest::parse(&bytes, None).map_err(|error| Unread::unusable(format!("{digest}: {error}")));
        }
        let raw = self.store.manifest(self.repository, &Selector::Digest(digest.clone())).await?;
        self.kept.keep(&raw.descriptor.digest, &raw.bytes);
        parse(&**self.store, self.repository, &raw.bytes, &raw.descriptor).map_err(Unread::Unusable)
    }

    /// The image a digest names; of an index the one for `platform`, else the one for this machine, else the first. Whatever
    /// lists it, its own config says what it is for: for another platform than the one asked for it is not given.
    pub(in crate::flows) async fn image(
        &self,
        digest: &Digest,
        platform: Option<&Platform>,
    ) -> Result<Documents, Unread> {
        let documents = self.listed(digest, platform).await?;
        let own = documents.config.platform();
        match platform.filter(|wanted| !may_serve(&own, wanted)) {
            None => Ok(documents),
            Some(wanted) => {
                let named = format!("{}@{}", self.repository, documents.digest);
                Err(Unread::unusable(match own.architecture.is_empty() {
                    true => format!("{named} does not say that it is for {wanted}"),
                    false => format!("{named} is for {own}, not for {wanted}"),
                }))
            }
        }
    }

    async fn listed(&self, digest: &Digest, platform: Option<&Platform>) -> Result<Documents, Unread> {
        match self.manifest(digest).await? {
            Manifest::Image(manifest) => self.with_config(digest.clone(), manifest, None).await,
            Manifest::Index(index) => {
                let entries = images_of(&index)?;
                let here = host::platform();
                let serves = |wanted: &Platform| entries.iter().find(|entry| is_for(entry, wanted)).copied();
                let entry = match platform {
                    Some(wanted) => serves(wanted).ok_or_else(|| {
                        Unread::unusable(format!("{}@{digest} has no image for {wanted}", self.repository))
                    })?,
                    None => serves(&here).or(entries.first().copied()).ok_or_else(|| none(digest))?,
                };
                let entry = entry.digest.clone();
                self.child(&entry, (digest.clone(), index)).await
            }
        }
    }

    /// The image an index's entry names.
    pub(in crate::flows) async fn child(
        &self,
        digest: &Digest,
        index: (Digest, ImageIndex),
    ) -> Result<Documents, Unread> {
        match self.manifest(digest).await? {
            Manifest::Image(manifest) => self.with_config(digest.clone(), manifest, Some(index)).await,
            Manifest::Index(_) => Err(Unread::unusable(format!("{digest}: J-11: an index inside an index"))),
        }
    }

    async fn with_config(
        &self,
        digest: Digest,
        manifest: ImageManifest,
        index: Option<(Digest, ImageIndex)>,
    ) -> Result<Documents, Unread> {
        let blob = &manifest.config;
        let bytes = match self.kept.read(&blob.digest) {
            Some(bytes) => bytes,
            None => {
                let source = self.store.open_blob(self.repository, blob).await?;
                let bytes = read_verified(source, blob, MAX_CONFIG_BYTES).await?;
                self.kept.keep(&blob.digest, &bytes);
                bytes
            }
        };
        let config =
            ImageConfig::parse(&bytes).map_err(|error| Unread::unusable(format!("{}: {error}", blob.digest)))?;
        let (layers, ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
        if layers != ids {
            return Err(Unread::unusable(format!("J-01: {digest}: {layers} layers, and its config lists {ids}")));
        }
        Ok(Documents { digest, manifest, config, index })
    }
}

/// The entries of an index that are images.
pub(in crate::flows) fn images_of(index: &ImageIndex) -> Result<Vec<&Descriptor>, Unread> {
    let images = index.manifests.iter().filter(|entry| entry.is_manifest() && !is_attestation(entry));
    let images: Vec<&Descriptor> = images.collect();
    if images.len() > MAX_PLATFORMS {
        let count = images.len();
        return Err(Unread::unusable(format!(
            "J-11: an index of {count} images, at most {MAX_PLATFORMS} are verified"
        )));
    }
    Ok(images)
}

/// An index without images.
pub(super) fn none(digest: &Digest) -> Unread {
    Unread::unusable(format!("{digest} is an index of no images"))
}

/// Whether an image whose config names `own` may be taken for `wanted`. Many configs leave the variant to their index.
fn may_serve(own: &Platform, wanted: &Platform) -> bool {
    let wanted = Platform { variant: wanted.variant.clone().filter(|_| own.variant.is_some()), ..wanted.clone() };
    wanted.is_served_by(own)
}

/// Whether an entry serves a platform.
pub(super) fn is_for(entry: &Descriptor, wanted: &Platform) -> bool {
    entry.platform.as_ref().is_some_and(|platform| wanted.is_served_by(&platform.to_platform()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_without_a_variant_leaves_it_to_its_index_and_one_with_another_does_not() {
        let serves = |own: &str, wanted: &str| may_serve(&own.parse().unwrap(), &wanted.parse().unwrap());
        assert!(serves("linux/arm", "linux/arm/v7") && serves("linux/arm/v7", "linux/arm/v7"));
        assert!(serves("linux/arm/v7", "linux/arm") && serves("linux/arm64/v8", "linux/arm64"));
        assert!(!serves("linux/arm/v6", "linux/arm/v7"));
        assert!(!serves("linux/arm64", "linux/amd64") && !serves("windows/amd64", "linux/amd64"));
    }
}
