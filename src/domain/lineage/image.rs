//! Images as lineage sees them: where they are, what they run on, which layers they have, what they say of their base.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::oci::{DiffId, Digest, Platform};

/// Who holds an image; in the order of inheritance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// The global team.
    Global,
    /// The baker.
    Local,
    /// A project team.
    Team,
}

impl Holder {
    /// Its name in results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Local => "local",
            Self::Team => "team",
        }
    }
}

/// A tag that points to an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Whose it is.
    pub holder: Holder,
    /// Store and repository, as references name them: `global/python`.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

/// What a tag is known to have pointed to once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointed {
    /// Store and repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// To a manifest or an index.
    pub digest: Digest,
    /// When that was seen first: seconds since 1970, where anybody remembers.
    pub seen: Option<i64>,
}

/// What an image says of its base: a hint, never a proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Store and repository, as references name them.
    pub repository: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// The base's manifest or index.
    pub digest: Option<Digest>,
    /// Whether it may be the base's own word: not every program that lays layers upon an image says anything of its own.
    pub may_be_inherited: bool,
}

/// What others than the image itself say of its base, by the image's digest: the provenance attached to it, the lock of its recipe.
pub type FurtherHints = BTreeMap<Digest, Vec<Hint>>;

/// The image for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its manifest.
    pub digest: Digest,
    /// Its layers, the lowest first.
    pub diff_ids: Vec<DiffId>,
}

/// An image: a manifest, or an index of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Of the manifest or index.
    pub digest: Digest,
    /// The tags that point to it now; none for one that only others know of.
    pub places: Vec<Place>,
    /// Seconds since 1970, where it tells.
    pub created: Option<i64>,
    /// By platform; never empty.
    pub parts: BTreeMap<Platform, Part>,
    /// What it says of its base.
    pub hint: Option<Hint>,
}

impl Image {
    /// Whose it is: of the first in the order of inheritance that holds it. What no tag points to was a base once.
    pub fn holder(&self) -> Holder {
        self.places.iter().map(|place| place.holder).min().unwrap_or(Holder::Global)
    }

    /// Whether this digest names it or one of its parts.
    pub fn is_named_by(&self, digest: &Digest) -> bool {
        self.digests().any(|own| own == digest)
    }

    /// Every digest that names it: its own and those of its parts.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.digest).chain(self.parts.values().map(|part| &part.digest))
    }

    /// Whether its layers lie below all of `child`'s, on every platform `child` has; and how many those are at least.
    pub fn lies_below(&self, child: &Self) -> Option<usize> {
        let mut least = usize::MAX;
        for (platform, part) in &child.parts {
            let own = &self.parts.get(platform)?.diff_ids;
            if own.is_empty() || !part.diff_ids.starts_with(own) {
                return None;
            }
            least = least.min(own.len());
        }
        (least < usize::MAX).then_some(least)
    }

    /// Whether a child gets the same from both: the same manifests on every platform it has.
    pub fn serves_as(&self, other: &Self, child: &Self) -> bool {
        let same = |platform: &Platform| match (self.parts.get(platform), other.parts.get(platform)) {
            (Some(own), Some(others)) => own.digest == others.digest,
            _ => false,
        };
        self.digest == other.digest || child.parts.keys().all(same)
    }

    /// How it is called: by its first tag, else by its digest.
    pub fn name(&self) -> String {
        self.places.first().map_or_else(|| self.digest.to_string(), ToString::to_string)
    }
}
