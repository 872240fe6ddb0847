//! Check identifiers (contract section 6), and what an exception to each may be about. Judges nothing.

use crate::domain::yaml::nearest;

/// What a check's findings name, as the `path` of an exception is held against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Paths of the image.
    Paths,
    /// The base, as `STORE/NAME`.
    Base,
    /// Packages, by name.
    Packages,
    /// Labels, by key.
    Labels,
    /// Nothing: an exception is to the whole check.
    Nothing,
}

impl Named {
    /// What `path` must be, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paths => "a glob of paths, such as /usr/bin/sudo, or /** for all",
            Self::Base => "a glob of STORE/NAME, such as global/python",
            Self::Packages => "a glob of package names",
            Self::Labels => "a glob of label keys",
            Self::Nothing => "nothing",
        }
    }
}

/// Every check but `test.NAME` and `policy.NAME`, in the order they are judged.
pub const CHECKS: &[(&str, Named)] = &[
    ("base.signature", Named::Base),
    ("base.allowed", Named::Base),
    ("base.age", Named::Base),
    ("base.fresh", Named::Base),
    ("lineage.layers", Named::Nothing),
    ("lineage.contract", Named::Paths),
    ("layer.setuid", Named::Paths),
    ("layer.world-writable", Named::Paths),
    ("layer.secrets", Named::Paths),
    ("layer.device-nodes", Named::Paths),
    ("layer.size", Named::Nothing),
    ("layer.paths", Named::Paths),
    ("image.user", Named::Nothing),
    ("image.labels", Named::Labels),
    ("image.size", Named::Nothing),
    ("image.packages", Named::Packages),
    ("image.signature", Named::Nothing),
    ("image.provenance", Named::Nothing),
    ("image.sbom", Named::Nothing),
    ("repro.match", Named::Nothing),
];

/// What a check's findings name; `None` where there is no such check.
pub fn named_by(check: &str) -> Option<Named> {
    if let Some((_, named)) = CHECKS.iter().find(|(id, _)| *id == check) {
        return Some(*named);
    }
    let own = check.strip_prefix("test.").map(|name| (name, Named::Nothing));
    let own = own.or_else(|| check.strip_prefix("policy.").map(|name| (name, Named::Paths)));
    own.filter(|(name, _)| is_name(name)).map(|(_, named)| named)
}

/// The check most likely meant.
pub fn nearest_check(found: &str) -> Option<&'static str> {
    // A check's name without its family is the likeliest slip of all.
    let family = |id: &&str| id.split_once('.').is_some_and(|(_, name)| name == found);
    let ids = || CHECKS.iter().map(|(id, _)| *id);
    ids().find(family).or_else(|| nearest(found, ids()))
}

/// Letters, digits, `_`, `.`, `-`, beginning with a letter or digit: names of tests and of Rego files.
pub fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && name.bytes().all(allowed) && name.len() <= 100
}
