//! The contract of a base: what the global team says children may not do. A child inherits it and can only tighten it.
//! Source: contract section 5; the label `dev.bakery.contract`.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::evidence::{Evidence, Gap, Known};
use super::globs::{GlobError, MAX_GLOBS, check_glob};
use super::reason;
use crate::domain::oci::{JsonError, annotation, parse_strict};
use crate::domain::text::escape;

/// Largest label, in bytes.
pub const MAX_CONTRACT: usize = 64 << 10;
const KEYS: [&str; 4] = ["protected", "user", "forbid-packages", "require-labels"];

/// What children may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
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

/// Why a label is no contract. Whoever cannot be understood is obeyed by nobody: the check fails closed.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Larger than anybody writes by hand.
    #[error("larger than {MAX_CONTRACT} bytes")]
    Size,
    /// No strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("{0}")]
    Shape(String),
    /// A glob that means nothing.
    #[error("{key}: {source}")]
    Glob {
        /// Where.
        key: &'static str,
        /// Why.
        #[source]
        source: GlobError,
    },
}

impl Contract {
    /// Reads a label.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        if text.len() > MAX_CONTRACT {
            return Err(ContractError::Size);
        }
        let Value::Object(members) = parse_strict(text.as_bytes())? else {
            return Err(ContractError::Shape("not an object".into()));
        };
        if let Some(key) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let short: String = key.chars().take(80).collect();
            let known = KEYS.join(", ");
            return Err(ContractError::Shape(format!("unknown key {:?}; known are {known}", escape(&short))));
        }
        let list = |key: &'static str| match members.get(key) {
            None => Ok(BTreeSet::new()),
            Some(value) => texts(key, value),
        };
        let contract = Self {
            protected: list("protected")?,
            user: list("user")?,
            forbid_packages: list("forbid-packages")?,
            require_labels: list("require-labels")?,
        };
        for (key, globs) in [("protected", &contract.protected), ("forbid-packages", &contract.forbid_packages)] {
            let wrong = globs.iter().find_map(|glob| check_glob(glob).err());
            if let Some(source) = wrong {
                return Err(ContractError::Glob { key, source });
            }
        }
        Ok(contract)
    }

    /// What an image forbids its children; `None` where it carries no contract.
    pub fn of(image: &Evidence) -> Known<Option<Self>> {
        let Some(label) = image.label(annotation::CONTRACT) else { return Ok(None) };
        Self::parse(label).map(Some).map_err(|error| Gap {
            reason: reason::CONTRACT_UNREADABLE,
            why: format!("the contract of {} cannot be read: {error}", image.reference),
        })
    }

    /// What all bases of an image together forbid it. The image's own label is no part of it.
    pub fn of_bases<'e>(bases: impl IntoIterator<Item = &'e Evidence>) -> Known<Self> {
        bases.into_iter().try_fold(Self::default(), |all, base| {
            Ok(match Self::of(base)? {
                Some(own) => all.tightened(&own),
                None => all,
            })
        })
    }

    /// With what a child adds for its own children. Nothing goes: what a child leaves out still counts.
    #[must_use]
    pub fn tightened(&self, child: &Self) -> Self {
        let both = |base: &BTreeSet<String>, child: &BTreeSet<String>| base.union(child).cloned().collect();
        Self {
            protected: both(&self.protected, &child.protected),
            user: both(&self.user, &child.user),
            forbid_packages: both(&self.forbid_packages, &child.forbid_packages),
            require_labels: both(&self.require_labels, &child.require_labels),
        }
    }

    /// Whether it forbids nothing.
    pub fn is_empty(&self) -> bool {
        [&self.protected, &self.user, &self.forbid_packages, &self.require_labels].iter().all(|list| list.is_empty())
    }
}

/// A list of texts, or one text.
fn texts(key: &'static str, value: &Value) -> Result<BTreeSet<String>, ContractError> {
    let wrong = || ContractError::Shape(format!("{key} must be a list of texts"));
    let items = match value {
        Value::String(_) if key == "user" => std::slice::from_ref(value),
        Value::Array(items) => items.as_slice(),
        _ => return Err(wrong()),
    };
    if items.len() > MAX_GLOBS {
        return Err(ContractError::Shape(format!("{key} has more than {MAX_GLOBS} items")));
    }
    let text = |item: &Value| match item {
        Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
        _ => Err(wrong()),
    };
    items.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_label_is_read_strictly() {
        let text = r#"{"protected": ["/etc/ssl/**"], "user": "nonroot", "forbid-packages": ["telnet*"], "require-labels": ["team"]}"#;
        let contract = Contract::parse(text).unwrap();
        assert_eq!(contract.protected, BTreeSet::from(["/etc/ssl/**".to_owned()]));
        assert_eq!(contract.user, BTreeSet::from(["nonroot".to_owned()]));
        assert!(Contract::parse("{}").unwrap().is_empty());
        for text in [
            "",
            "null",
            "[]",
            r#"{"protect": ["/a"]}"#,
            r#"{"protected": "/a"}"#,
            r#"{"protected": [1]}"#,
            r#"{"protected": [""]}"#,
            r#"{"protected": ["/a["]}"#,
            r#"{"forbid-packages": ["{a"]}"#,
            r#"{"user": null}"#,
            r#"{"user": "a", "user": "b"}"#,
            r#"{"user": "a"} {}"#,
        ] {
            assert!(Contract::parse(text).is_err(), "{text}");
        }
        assert!(matches!(Contract::parse(&" ".repeat(MAX_CONTRACT + 1)), Err(ContractError::Size)));
        assert!(Contract::parse(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).is_err());
    }

    #[test]
    fn a_child_that_leaves_something_out_is_still_held_to_it() {
        let base = Contract::parse(r#"{"protected": ["/etc/ssl/**", "/bin/sh"], "require-labels": ["team"]}"#).unwrap();
        let child = Contract::parse(r#"{"protected": ["/srv/**"]}"#).unwrap();
        let both = base.tightened(&child);
        assert_eq!(both.protected.len(), 3);
        assert_eq!(both.require_labels, base.require_labels);
        assert_eq!(base.tightened(&Contract::default()), base);
    }

    fn contract() -> impl Strategy<Value = Contract> {
        let list = || prop::collection::btree_set("[a-c]{1,2}", 0..4);
        (list(), list(), list(), list()).prop_map(|(protected, user, forbid_packages, require_labels)| Contract {
            protected,
            user,
            forbid_packages,
            require_labels,
        })
    }

    proptest! {
        #[test]
        fn tightening_never_loosens(contracts in prop::collection::vec(contract(), 1..6)) {
            let mut all = Contract::default();
            for next in &contracts {
                let before = all.clone();
                all = all.tightened(next);
                for one in [&before, next] {
                    prop_assert!(one.protected.is_subset(&all.protected) && one.user.is_subset(&all.user));
                    prop_assert!(one.forbid_packages.is_subset(&all.forbid_packages));
                    prop_assert!(one.require_labels.is_subset(&all.require_labels));
                }
            }
        }

        #[test]
        fn no_label_breaks_the_reader(text in "\\PC{0,200}") {
            let _ = Contract::parse(&text);
        }
    }
}
