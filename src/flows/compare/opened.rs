//! An image opened for looking into.

use std::sync::Arc;

use super::Owner;
use crate::adapters::layer_source::LayerSource;
use crate::domain::layer::packages::Installed;
use crate::domain::layer::{CompareOptions, Comparison, Ownership, Side, Tree};
use crate::domain::oci::{DiffId, Digest, ImageConfig, Platform};
use crate::domain::trust::SecretSeen;

/// An image with its layers merged.
#[derive(Clone, Debug)]
pub struct Opened {
    /// How it was asked for, or the bake it is.
    pub reference: String,
    /// Digest of its manifest; of a bake under way there is none yet.
    pub digest: Option<Digest>,
    /// What it runs on.
    pub platform: Platform,
    /// Its config.
    pub config: Arc<ImageConfig>,
    /// Its layers merged; one that cannot be read is empty.
    pub tree: Arc<Tree>,
    /// Its layers, bottom first: as many as the tree has.
    pub layers: Vec<OpenedLayer>,
    /// What is installed in it, as its package managers have it.
    pub packages: Arc<Installed>,
    /// What looks like a secret in its layers, bottom first. What a later layer takes away is among it: it still ships.
    pub secrets: Arc<Vec<SecretSeen>>,
    /// Where each layer is.
    pub(super) sources: Arc<Vec<LayerSource>>,
}

/// One layer of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedLayer {
    /// The blob.
    pub digest: Digest,
    /// The uncompressed archive.
    pub diff_id: DiffId,
    /// Bytes of the blob.
    pub size: u64,
    /// What the config's history says of it.
    pub created_by: Option<String>,
    /// Who made it.
    pub owner: Owner,
    /// Why it, or a part of it, could not be read.
    pub problem: Option<String>,
}

impl Opened {
    /// An image that is nowhere, for those who show what they are given. No content of a file can be had from it.
    pub fn detached(reference: &str, config: ImageConfig, tree: Tree, layers: Vec<OpenedLayer>) -> Self {
        Self {
            reference: reference.to_owned(),
            digest: None,
            platform: config.platform(),
            config: Arc::new(config),
            tree: Arc::new(tree),
            layers,
            packages: Arc::default(),
            secrets: Arc::default(),
            sources: Arc::default(),
        }
    }

    /// All of it, as a side of a comparison.
    pub fn whole(&self) -> Side {
        Side::whole(Arc::clone(&self.tree))
    }

    /// What one layer changes, counted from 0.
    pub fn layer_changes(&self, layer: u32, options: CompareOptions) -> Comparison {
        Comparison::levels(&self.tree, layer, layer.saturating_add(1), options)
    }

    /// Everything that is in it, as if added to nothing.
    pub fn everything(&self) -> Comparison {
        Comparison::levels(&self.tree, 0, self.tree.layers(), CompareOptions { times: false, moves: false })
    }

    /// How many layers, from the bottom, came from a base.
    pub fn inherited(&self) -> u32 {
        u32::try_from(self.layers.iter().take_while(|layer| !layer.owner.is_local).count()).unwrap_or(0)
    }

    /// Who owns its bytes.
    pub fn ownership(&self) -> Ownership {
        Ownership::of(&self.tree)
    }
}
