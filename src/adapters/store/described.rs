//! What a manifest says about itself: descriptor, subject, and how it looks among referrers. Stores nothing.

use super::StoreError;
use crate::domain::oci::{Annotations, Descriptor, Manifest};

/// A parsed manifest with what a store keeps beside its bytes.
pub(super) struct Described {
    /// The document.
    pub(super) manifest: Manifest,
    /// Media type, digest, size, and the document's own artifact type.
    pub(super) descriptor: Descriptor,
}

impl Described {
    /// Reads `bytes` announced as `media_type`; `what` names it in the message.
    pub(super) fn read(store: &str, what: &str, media_type: Option<&str>, bytes: &[u8]) -> Result<Self, StoreError> {
        let manifest = Manifest::parse(bytes, media_type).map_err(|source| StoreError::Manifest {
            store: store.to_owned(),
            what: what.to_owned(),
            source,
        })?;
        let (inside, artifact_type) = match &manifest {
            Manifest::Image(image) => (&image.media_type, &image.artifact_type),
            Manifest::Index(index) => (&index.media_type, &index.artifact_type),
        };
        let fallback = match &manifest {
            Manifest::Image(_) => crate::domain::oci::media_type::MANIFEST,
            Manifest::Index(_) => crate::domain::oci::media_type::INDEX,
        };
        let media_type = inside.as_deref().or(media_type).unwrap_or(fallback);
        let mut descriptor = Descriptor::of(media_type, bytes);
        descriptor.artifact_type.clone_from(artifact_type);
        Ok(Self { manifest, descriptor })
    }

    /// The manifest this one is about.
    pub(super) fn subject(&self) -> Option<&Descriptor> {
        match &self.manifest {
            Manifest::Image(image) => image.subject.as_ref(),
            Manifest::Index(index) => index.subject.as_ref(),
        }
    }

    /// The entry a list of referrers shows (distribution-spec, listing referrers): an image's config type stands in
    /// for an artifact type it does not have.
    pub(super) fn referrer(&self) -> Descriptor {
        let (artifact_type, annotations): (_, &Annotations) = match &self.manifest {
            Manifest::Image(image) => {
                (image.artifact_type.clone().or_else(|| Some(image.config.media_type.clone())), &image.annotations)
            }
            Manifest::Index(index) => (index.artifact_type.clone(), &index.annotations),
        };
        Descriptor { artifact_type, annotations: annotations.clone(), ..self.descriptor.clone() }
    }
}

/// Keeps the referrers of one artifact type, in a stable order.
pub(super) fn of_type(mut referrers: Vec<Descriptor>, artifact_type: Option<&str>) -> Vec<Descriptor> {
    referrers.retain(|entry| artifact_type.is_none() || entry.artifact_type.as_deref() == artifact_type);
    referrers
}
