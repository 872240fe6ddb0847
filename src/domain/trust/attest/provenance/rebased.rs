//! Provenance of an image that was put on another version of its base: no step ran. Source: SLSA provenance v1.

use serde_json::{Value, json};

use super::{Dependency, digest_set, stamp};

/// How an image was rebased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebased {
    /// Who did it, as a URI.
    pub builder_id: String,
    /// How it is to be read, as a URI.
    pub build_type: String,
    /// The image as it was.
    pub image: Dependency,
    /// The base it was on.
    pub before: Dependency,
    /// The base it is on: as the tag has it, and the manifest of each platform.
    pub onto: Vec<Dependency>,
    /// When, in seconds since 1970.
    pub at: i64,
}

impl Rebased {
    /// As a SLSA predicate.
    pub fn to_predicate(&self) -> Value {
        let used = |used: &Dependency| json!({"name": used.name, "digest": digest_set(&used.digest)});
        // The new base first: whoever looks for what the image is built on takes the first of that name.
        let mut dependencies: Vec<Value> = self.onto.iter().map(used).collect();
        dependencies.push(used(&self.image));
        let before = json!({"name": format!("{} before", self.before.name), "digest": digest_set(&self.before.digest)});
        dependencies.push(before);
        json!({
            "buildDefinition": {
                "buildType": self.build_type,
                "externalParameters": {
                    "rebase": used(&self.image),
                    "base": self.before.name,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": self.builder_id},
                "metadata": {"startedOn": stamp(self.at), "finishedOn": stamp(self.at)},
            },
        })
    }
}
