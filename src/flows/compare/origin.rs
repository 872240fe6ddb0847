//! Who made a layer: found from content. An image is the base of another when its diffIDs are the beginning of the other's;
//! names and digests in annotations only say where to look.

use std::time::Duration;

use serde::Serialize;

use super::found::Found;
use crate::domain::oci::{Annotations, DiffId, ImageRef, Platform, annotation};
use crate::domain::text::escape;
use crate::flows::Context;

/// Bases looked for below each other.
const MAX_DEPTH: usize = 16;
/// How long one of them is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// The image that brought a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// How the lowest image of the chain is named that has the layer; escaped.
    pub image: String,
    /// Made here: no base from elsewhere brought it.
    pub is_local: bool,
    /// Whether that image was looked at, and its diffIDs are the beginning of this one's. Where a base could not be looked
    /// at, nobody knows which layers are its, and they count as those of the image above.
    pub proven: bool,
}

/// An image whose layers want owners.
pub(super) struct Child<'c> {
    pub(super) name: String,
    pub(super) is_local: bool,
    pub(super) diff_ids: &'c [DiffId],
    /// Its base, as annotations name it: where to look.
    pub(super) base: Option<(String, Option<String>)>,
}

/// What annotations say of a base.
pub(in crate::flows) fn told_base(annotations: &Annotations) -> Option<(String, Option<String>)> {
    let name = annotations.get(annotation::BASE_NAME)?;
    Some((name.clone(), annotations.get(annotation::BASE_DIGEST).cloned()))
}

impl Context {
    /// The owner of each layer, bottom first.
    pub(super) async fn owners(&self, child: Child<'_>, platform: &Platform) -> Vec<Owner> {
        let count = child.diff_ids.len();
        // Each image of the chain with how many layers it has, the uppermost first.
        let mut chain = vec![(count, child.name, child.is_local, child.base.is_none())];
        let mut told = child.base;
        while let Some(base) = told.take().filter(|_| chain.len() <= MAX_DEPTH) {
            let Some(found) = self.base_of(&base, platform).await else { break };
            let ids = &found.config.rootfs.diff_ids;
            if ids.is_empty() || ids.len() > count || child.diff_ids[..ids.len()] != ids[..] {
                break;
            }
            if let Some(above) = chain.last_mut() {
                above.3 = true;
            }
            told = told_base(&found.manifest.annotations);
            let is_local = self.is_ours(&found.reference);
            chain.push((ids.len(), escape(&base.0), is_local, told.is_none()));
        }
        let owner = |layer: usize| {
            let lowest = chain.iter().rev().find(|(layers, ..)| layer < *layers);
            lowest.map(|(_, image, is_local, proven)| Owner {
                image: image.clone(),
                is_local: *is_local,
                proven: *proven,
            })
        };
        (0..count).filter_map(owner).collect()
    }

    /// The base where annotations say it is: by its digest, else by what its name points at now.
    async fn base_of(&self, (name, digest): &(String, Option<String>), platform: &Platform) -> Option<Found> {
        let mut image = self.parse_reference(name).ok()?;
        if let Some(digest) = digest.as_ref().and_then(|digest| digest.parse().ok()) {
            image.digest = Some(digest);
        }
        // A registry that does not answer must not hold up what is here.
        let finding = tokio::time::timeout(PATIENCE, self.find_image(&image, Some(platform)));
        finding.await.ok()?.ok()
    }

    /// Whether an image was made here rather than inherited: in the local store, or published from it.
    pub(super) fn is_ours(&self, image: &ImageRef) -> bool {
        self.jurisdiction(image, image.repository.as_ref()).is_local
    }
}
