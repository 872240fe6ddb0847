//! Evidence: all that is known of one image of one platform before it is judged. What could not be established is a [`Gap`],
//! with its reason; rules make `unknown` of it. Gathers nothing itself.

use std::sync::Arc;

use serde::Serialize;

use super::signature::Attached;
use crate::domain::layer::Tree;
use crate::domain::layer::packages::Package;
use crate::domain::oci::{Annotations, Descriptor, Digest, ImageConfig, Platform};

/// Why something could not be established.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Stable reason code (`reason`).
    pub reason: &'static str,
    /// What happened, for people; escaped where it is shown.
    pub why: String,
}

/// What is known, or why it is not.
pub type Known<T> = Result<T, Gap>;

/// What a tag was last seen to point to (S-07).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastSeen {
    /// The image.
    pub digest: Digest,
    /// When that image was made, in seconds since 1970.
    pub created: i64,
}

/// What looks like a secret in a layer. Never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SecretSeen {
    /// The file, relative to the root.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// Stable name of the rule that found it: `private-key`, `aws-access-key`, …
    pub rule: String,
    /// The value with all but its beginning masked.
    pub masked: String,
    /// The layer that brought it, from 0.
    pub layer: u32,
}

/// All that is known of one image of one platform.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// As it was asked for, or as its child names it; escaped where it is shown.
    pub reference: String,
    /// The store of the workspace whose keys judge it; `None` where it lies under none, and cannot pass.
    pub store: Option<String>,
    /// Its path in that store, `team-a/payments-api`, as `base.allow` matches it behind the store's name.
    pub repository: String,
    /// The tag it was asked by.
    pub tag: Option<String>,
    /// Made here rather than inherited.
    pub is_local: bool,
    /// Its platform.
    pub platform: Platform,
    /// Digest of its manifest.
    pub digest: Digest,
    /// Digest of the index it was found through, and what is attached to that.
    pub index: Option<(Digest, Known<Attached>)>,
    /// Its manifest's annotations: hints, never proof.
    pub annotations: Annotations,
    /// Its layers' blobs, bottom first: as many as the config has diffIDs.
    pub layers: Vec<Descriptor>,
    /// Its config.
    pub config: Arc<ImageConfig>,
    /// When it was made, in seconds since 1970, where the config tells.
    pub created: Option<i64>,
    /// What is attached to it.
    pub attached: Known<Attached>,
    /// How many of its layers, from the bottom, are its base's: proven by diffIDs. 0 without a base.
    pub inherited: u32,
    /// Its layers merged. One tree may have more layers than this image: rules look at its first `layers.len()`.
    pub tree: Known<Arc<Tree>>,
    /// What is installed.
    pub packages: Known<Arc<Vec<Package>>>,
    /// What looks like a secret in the layers above the inherited ones.
    pub secrets: Known<Vec<SecretSeen>>,
    /// What the tag it was pinned by points to now: an index or a manifest. `Ok(None)` where no tag is known.
    pub tag_now: Known<Option<Digest>>,
    /// What the tag pointed to when it was last used here, where that is another image.
    pub last_seen: Option<LastSeen>,
}

impl Evidence {
    /// The number of its layers.
    pub fn level(&self) -> u32 {
        u32::try_from(self.layers.len()).unwrap_or(u32::MAX)
    }

    /// One of its labels.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.config.as_ref()?.labels.as_ref()?.get(name).map(String::as_str)
    }
}
