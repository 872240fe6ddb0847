//! The contract of a base: what the global team says children may not do. A child inherits it and can only tighten it.
//! Source: contract section 5; the label `dev.bakery.contract`.

use std::collections::BTreeSet;

/// What children may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// Globs of paths no child may change, replace, chmod or delete.
    pub protected: BTreeSet<String>,
    /// Who the image must run as: `nonroot`, or a name.
    pub user: BTreeSet<String>,
    /// Packages that may not be installed; globs.
    pub forbid_packages: BTreeSet<String>,
    /// Labels a child must have.
    pub require_labels: BTreeSet<String>,
}
