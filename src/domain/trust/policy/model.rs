//! A policy as a value, and the one that counts where a workspace has none: strict on trust, lenient on style.

use std::time::Duration;

use crate::domain::oci::Digest;

/// What becomes of something that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It fails.
    Forbid,
    /// It is told, and passes.
    Warn,
    /// Nobody asks.
    Allow,
}

/// What is asked of bases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePolicy {
    /// Stores whose keys may vouch for a base; `None`: any store of the workspace, the base's own. Empty: nobody has to.
    pub signed_by: Option<Vec<String>>,
    /// Globs of `STORE/NAME` a base may be; `None`: any.
    pub allow: Option<Vec<String>>,
    /// How old it may be.
    pub max_age: Option<Duration>,
    /// What becomes of a base whose tag has moved on.
    pub stale: Demand,
}

/// What is asked of images made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePolicy {
    /// Who they must run as: `nonroot`, or a name.
    pub user: Option<String>,
    /// Files that run as their owner.
    pub setuid: Demand,
    /// Paths anybody may write.
    pub world_writable: Demand,
    /// What looks like a secret.
    pub secrets: Demand,
    /// Device nodes.
    pub device_nodes: Demand,
    /// Bytes of the largest layer of ours, as stored.
    pub max_layer: Option<u64>,
    /// Bytes of all layers, as stored.
    pub max_total: Option<u64>,
    /// Labels that must be there.
    pub require_labels: Vec<String>,
    /// Globs of paths that may not be there.
    pub forbid_paths: Vec<String>,
    /// Packages that may not be installed; globs.
    pub forbid_packages: Vec<String>,
    /// Builders whose provenance counts, by their whole id; empty: any (S-12).
    pub builders: Vec<String>,
}

/// Something that is let pass, by whose word and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Check identifier.
    pub check: String,
    /// Glob of the paths it is about; `None`: whatever the check found.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day it counts, `2027-01-31`; `None`: for good.
    pub until: Option<time::Date>,
    /// Its line in the policy file.
    pub line: u32,
}

/// A rule of the workspace's own, in Rego.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegoFile {
    /// The file's name without its ending; its check is `policy.NAME`.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What a workspace asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The file as people know it; `None`: the built-in default.
    pub file: Option<String>,
    /// Digest of all its texts; of the default, of its name and version.
    pub digest: Digest,
    /// Of bases.
    pub base: BasePolicy,
    /// Of images.
    pub image: ImagePolicy,
    /// What is let pass.
    pub exceptions: Vec<Exception>,
    /// Rules of the workspace's own.
    pub rego: Vec<RegoFile>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            file: None,
            digest: Digest::of(b"bakery built-in policy 1"),
            base: BasePolicy { signed_by: None, allow: None, max_age: None, stale: Demand::Warn },
            image: ImagePolicy {
                user: None,
                setuid: Demand::Forbid,
                world_writable: Demand::Warn,
                secrets: Demand::Forbid,
                device_nodes: Demand::Forbid,
                max_layer: None,
                max_total: None,
                require_labels: Vec::new(),
                forbid_paths: Vec::new(),
                forbid_packages: Vec::new(),
                builders: Vec::new(),
            },
            exceptions: Vec::new(),
            rego: Vec::new(),
        }
    }
}
