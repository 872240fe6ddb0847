//! Provenance: how an image was made. Source: SLSA provenance v1. Holds names of secrets, never a value (K-01).

mod rebased;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use rebased::Rebased;

use super::error::{AttestError, list, optional_text, text};
use crate::domain::oci::Digest;

/// Something a bake used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What it is called: a reference, a recipe's file, an input's path.
    pub name: String,
    /// What it was, exactly.
    pub digest: Digest,
}

/// How an image was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who made it, as a URI.
    pub builder_id: String,
    /// How it is to be read, as a URI.
    pub build_type: String,
    /// The recipe's name.
    pub recipe_name: String,
    /// Digest of the recipe's text.
    pub recipe: Digest,
    /// The base as the recipe names it; `None` for `scratch`.
    pub base_name: Option<String>,
    /// Platforms it was made for.
    pub platforms: Vec<String>,
    /// Its steps, as the recipe has them.
    pub steps: Vec<String>,
    /// Names of the secrets its steps could read.
    pub secrets: Vec<String>,
    /// What it was made of: base, inputs, …
    pub dependencies: Vec<Dependency>,
    /// Which bake made it.
    pub invocation_id: String,
    /// When that began, in seconds since 1970.
    pub started: Option<i64>,
    /// When that ended.
    pub finished: Option<i64>,
}

impl Provenance {
    /// As a SLSA predicate.
    pub fn to_predicate(&self) -> Value {
        let mut parameters = json!({
            "recipe": {"name": self.recipe_name, "digest": digest_set(&self.recipe)},
            "platforms": self.platforms,
            "steps": self.steps,
            "secrets": self.secrets,
        });
        if let Some(base) = &self.base_name {
            parameters["base"] = json!(base);
        }
        let dependencies = self.dependencies.iter();
        let dependencies: Vec<Value> =
            dependencies.map(|used| json!({"name": used.name, "digest": digest_set(&used.digest)})).collect();
        json!({
            "buildDefinition": {
                "buildType": self.build_type,
                "externalParameters": parameters,
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": self.builder_id},
                "metadata": Metadata {
                    invocation_id: &self.invocation_id,
                    started_on: self.started.and_then(stamp),
                    finished_on: self.finished.and_then(stamp),
                },
            },
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    invocation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_on: Option<String>,
}

/// in-toto's form of a digest.
pub(super) fn digest_set(digest: &Digest) -> Value {
    json!({digest.algorithm().as_str(): digest.encoded()})
}

/// RFC 3339; nothing for a time that has no such form.
pub(super) fn stamp(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

/// What a provenance of anybody's claims. Compared exactly, never by beginning or case (S-12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenanceClaims {
    /// Who made it.
    pub builder_id: String,
    /// How it is to be read.
    pub build_type: String,
    /// Which run made it.
    pub invocation_id: Option<String>,
    /// Hex digests by algorithm of what it was made of, by name or URI.
    pub dependencies: Vec<(String, BTreeMap<String, String>)>,
}

impl ProvenanceClaims {
    /// Reads a predicate; one without builder or type claims nothing.
    pub fn parse(predicate: &Value) -> Result<Self, AttestError> {
        let required = |pointer: &'static str| {
            let text = text(predicate, pointer)?;
            if text.is_empty() { Err(AttestError::field(pointer, "is empty")) } else { Ok(text.to_owned()) }
        };
        let mut dependencies = Vec::new();
        for used in list(predicate, "/buildDefinition/resolvedDependencies")? {
            let name = match optional_text(used, "/name")? {
                Some(name) => name,
                None => optional_text(used, "/uri")?.unwrap_or_default(),
            };
            let mut digests = BTreeMap::new();
            for (algorithm, encoded) in used.get("digest").and_then(Value::as_object).into_iter().flatten() {
                let encoded = encoded.as_str().ok_or_else(|| AttestError::field("/digest", "is no text"))?;
                digests.insert(algorithm.clone(), encoded.to_owned());
            }
            dependencies.push((name.to_owned(), digests));
        }
        Ok(Self {
            builder_id: required("/runDetails/builder/id")?,
            build_type: required("/buildDefinition/buildType")?,
            invocation_id: optional_text(predicate, "/runDetails/metadata/invocationId")?.map(str::to_owned),
            dependencies,
        })
    }

    /// Whether it says it was made of this content.
    pub fn depends_on(&self, digest: &Digest) -> bool {
        let is = |digests: &BTreeMap<String, String>| {
            digests.get(digest.algorithm().as_str()).is_some_and(|encoded| encoded == digest.encoded())
        };
        self.dependencies.iter().any(|(_, digests)| is(digests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            builder_id: "https://bakery.dev/builder/embedded".into(),
            build_type: "https://bakery.dev/recipe/v1".into(),
            recipe_name: "team-a/app".into(),
            recipe: Digest::of(b"recipe"),
            base_name: Some("global/python:3.12".into()),
            platforms: vec!["linux/amd64".into()],
            steps: vec!["run: pip install app".into()],
            secrets: vec!["pip_token".into()],
            dependencies: vec![Dependency { name: "global/python:3.12".into(), digest: Digest::of(b"base") }],
            invocation_id: "01J".into(),
            started: Some(0),
            finished: Some(61),
        }
    }

    #[test]
    fn a_provenance_is_slsas_and_read_again() {
        let predicate = provenance().to_predicate();
        assert_eq!(predicate["runDetails"]["metadata"]["startedOn"], "1970-01-01T00:00:00Z");
        assert_eq!(predicate["runDetails"]["metadata"]["finishedOn"], "1970-01-01T00:01:01Z");
        let parameters = &predicate["buildDefinition"]["externalParameters"];
        assert_eq!(parameters["recipe"]["digest"]["sha256"], Digest::of(b"recipe").encoded());
        assert_eq!(parameters["secrets"], json!(["pip_token"]));
        let claims = ProvenanceClaims::parse(&predicate).unwrap();
        assert_eq!(claims.builder_id, provenance().builder_id);
        assert!(claims.depends_on(&Digest::of(b"base")) && !claims.depends_on(&Digest::of(b"recipe")));
        let unfinished = Provenance { finished: None, base_name: None, ..provenance() }.to_predicate();
        assert!(unfinished["runDetails"]["metadata"].get("finishedOn").is_none());
        assert!(unfinished["buildDefinition"]["externalParameters"].get("base").is_none());
    }

    #[test]
    fn s12_a_provenance_without_a_builder_claims_nothing() {
        let with = |pointer: &str, value: Value| {
            let mut predicate = provenance().to_predicate();
            *predicate.pointer_mut(pointer).unwrap() = value;
            ProvenanceClaims::parse(&predicate)
        };
        assert!(with("/runDetails/builder/id", json!("x")).is_ok());
        for (pointer, value) in [
            ("/runDetails/builder/id", json!("")),
            ("/runDetails/builder/id", json!(["https://bakery.dev/builder/embedded"])),
            ("/runDetails/builder", json!({})),
            ("/buildDefinition/buildType", json!("")),
            ("/buildDefinition/resolvedDependencies", json!({})),
            ("/buildDefinition/resolvedDependencies/0/digest/sha256", json!(7)),
        ] {
            assert!(with(pointer, value.clone()).is_err(), "{pointer} {value}");
        }
    }
}
