//! What a daemon's images were exported into: a layout below the cache, where each is named by the repository it was asked by and
//! its id at the daemon. Asks no daemon.

use std::path::{Path, PathBuf};

use super::name::may_be;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{Selector, StoreError};
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{Descriptor, Digest, Manifest, Repository, Tag};

/// Images of one daemon that were exported.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Those of the daemon at an address; each has a folder of its own below `kept`.
    pub(super) fn of(at: &EngineAddress, kept: &Path) -> Self {
        Self { folder: kept.join(&Digest::of(at.to_string().as_bytes()).encoded()[..16]) }
    }

    /// The layout, where there is one yet.
    pub(super) fn layout(&self) -> Result<Option<Layout>, StoreError> {
        match Layout::open(&self.folder) {
            Ok(layout) => Ok(Some(layout)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The layout, made where there is none.
    pub(super) fn make(&self) -> Result<Layout, StoreError> {
        Layout::open_or_create(&self.folder)
    }

    /// An image's manifest, where all of it is here; it then has a name under this repository, too.
    pub(super) fn find(&self, repository: &Repository, id: &Digest) -> Result<Option<Descriptor>, StoreError> {
        let Some(layout) = self.layout()? else { return Ok(None) };
        let tag = tag_of(id)?;
        let found = match layout.resolve_selector(repository, &Selector::Tag(tag.clone())) {
            Ok(found) => Some(found),
            Err(StoreError::NotFound { .. }) => {
                let named = layout.named()?;
                named.into_iter().find(|(_, known, _)| *known == tag).map(|(_, _, entry)| entry)
            }
            Err(error) => return Err(error),
        };
        let Some(found) = found.filter(|found| is_whole(&layout, found)) else { return Ok(None) };
        self.name(repository, id, &found)?;
        Ok(Some(Descriptor::new(found.media_type, found.digest, found.size)))
    }

    /// Names an image that is here.
    pub(super) fn name(&self, repository: &Repository, id: &Digest, manifest: &Descriptor) -> Result<(), StoreError> {
        self.make()?.tag(&format!("{repository}:{}", tag_of(id)?), manifest)
    }

    /// Ids of the images that were had by a repository's name.
    pub(super) fn ids(&self, repository: &Repository) -> Result<Vec<Digest>, StoreError> {
        let Some(layout) = self.layout()? else { return Ok(Vec::new()) };
        let named = layout.named()?.into_iter().filter(|(known, ..)| known == repository);
        Ok(named.filter_map(|(_, tag, _)| format!("sha256:{tag}").parse().ok()).collect())
    }

    /// Whether an image was had by this name, or one like it.
    pub(super) fn knows(&self, repository: &Repository) -> Result<bool, StoreError> {
        let Some(layout) = self.layout()? else { return Ok(false) };
        Ok(layout.named()?.iter().any(|(known, ..)| may_be(known, repository)))
    }
}

/// Ids are digests; as a tag, one is its hex.
fn tag_of(id: &Digest) -> Result<Tag, StoreError> {
    Ok(id.encoded().parse()?)
}

fn is_whole(layout: &Layout, manifest: &Descriptor) -> bool {
    match layout.read_manifest(manifest) {
        Ok(Manifest::Image(image)) => layout.has(&image.config) && image.layers.iter().all(|layer| layout.has(layer)),
        Ok(Manifest::Index(_)) | Err(_) => false,
    }
}
