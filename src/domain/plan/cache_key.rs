//! Cache keys: equal keys, equal layer. Looks nothing up.
//!
//! A key is the SHA-256 of canonical JSON over everything a step's layer depends on: what lies below it, what it does,
//! what it reads, the time its entries get, how it is packed; for a step that runs something also what it runs in.

use serde::{Deserialize, Serialize};

use super::model::CacheKey;
use crate::domain::oci::{ChainId, Digest};
use crate::domain::recipe::Action;

/// Version of the key's form; raised when equal keys would no longer mean equal layers.
const FORMAT: u32 = 1;

/// What a step stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Below {
    /// Layers that are known; `None` for none at all.
    Chain(Option<ChainId>),
    /// A step whose result is not known yet.
    Step(CacheKey),
}

/// What becomes of owners and set-id bits in steps that run something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// They are kept: the step has all ids an image may name.
    #[default]
    Exact,
    /// There is one id only: whatever the step makes belongs to root, and changes of owner seem to work.
    Single,
    /// As `Single`, but changes of owner fail.
    Strict,
}

impl Ids {
    /// Whether nothing is lost.
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}

/// What a step's processes see beside the files; only steps that run something have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Running<'a> {
    /// The base image's own environment, `NAME=value` in its order.
    pub env: &'a [String],
    /// Whether owners are kept.
    pub ids: Ids,
    /// Kind of the engine that runs it; `None` for this machine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<&'a str>,
}

impl<'a> Running<'a> {
    /// What `action` runs in; `None` where it runs nothing, and so does not depend on it.
    pub fn of(action: &Action, env: &'a [String], ids: Ids) -> Option<Self> {
        action.runs().then_some(Self { env, ids, engine: None })
    }

    /// The same, run by an engine of another kind.
    pub fn on(self, engine: &'a str) -> Self {
        Self { engine: Some(engine), ..self }
    }
}

/// Everything a step's layer depends on.
#[derive(Clone, Copy, Debug)]
pub struct KeyParts<'a> {
    /// What it stands on.
    pub below: &'a Below,
    /// What it does.
    pub action: &'a Action,
    /// Digest of what it reads from beside the recipe.
    pub inputs: Option<&'a Digest>,
    /// Seconds since 1970 its entries get.
    pub created: i64,
    /// How its layer is packed.
    pub packing: &'a str,
    /// What it runs in.
    pub running: Option<Running<'a>>,
}

#[derive(Serialize)]
struct KeyForm<'a> {
    format: u32,
    below: &'a Below,
    step: &'a Action,
    inputs: Option<&'a Digest>,
    created: i64,
    packing: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<Running<'a>>,
}

/// The key of a step's result.
pub fn step_key(parts: &KeyParts<'_>) -> CacheKey {
    let KeyParts { below, action, inputs, created, packing, running } = *parts;
    CacheKey(digest_of(&KeyForm { format: FORMAT, below, step: action, inputs, created, packing, running }))
}

/// Identity of what a step says, whatever it reads and stands on.
pub fn step_digest(action: &Action) -> Digest {
    digest_of(action)
}

fn digest_of(value: &impl Serialize) -> Digest {
    // Text, numbers and maps with text keys always serialize.
    Digest::of(&serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::Write;

    fn write(content: &str) -> Action {
        Action::Write(Write { to: "/etc/x".parse().unwrap(), content: content.into(), owner: None, mode: None })
    }

    fn key(parts: KeyParts<'_>) -> CacheKey {
        step_key(&parts)
    }

    #[test]
    fn everything_a_layer_depends_on_changes_the_key() {
        let chain = |text: &str| Below::Chain(Some(ChainId(Digest::of(text.as_bytes()))));
        let inputs = Digest::of(b"inputs");
        let env = ["PATH=/usr/bin".to_owned()];
        let (a, b, none) = (chain("a"), chain("b"), Below::Chain(None));
        let (x, y) = (write("x"), write("y"));
        let parts = KeyParts { below: &a, action: &x, inputs: None, created: 0, packing: "gzip", running: None };
        let first = key(parts);
        assert_eq!(first, key(parts));
        let step = Below::Step(first.clone());
        let runs = |env, ids| Some(Running { env, ids, engine: None });
        let others = [
            first,
            key(KeyParts { below: &b, ..parts }),
            key(KeyParts { below: &none, ..parts }),
            key(KeyParts { below: &step, ..parts }),
            key(KeyParts { action: &y, ..parts }),
            key(KeyParts { inputs: Some(&inputs), ..parts }),
            key(KeyParts { created: 1, ..parts }),
            key(KeyParts { packing: "zstd", ..parts }),
            key(KeyParts { running: runs(&[], Ids::Exact), ..parts }),
            key(KeyParts { running: runs(&[], Ids::Single), ..parts }),
            key(KeyParts { running: runs(&env, Ids::Exact), ..parts }),
        ];
        let different: std::collections::BTreeSet<&CacheKey> = others.iter().collect();
        assert_eq!(different.len(), others.len());
    }

    #[test]
    fn only_steps_that_run_something_depend_on_what_they_run_in() {
        assert_eq!(Running::of(&write("x"), &[], Ids::Exact), None);
        let packages = Action::Packages(crate::domain::recipe::Packages { names: vec!["curl".into()] });
        assert_eq!(
            Running::of(&packages, &[], Ids::Single),
            Some(Running { env: &[], ids: Ids::Single, engine: None })
        );
    }

    #[test]
    fn the_form_of_keys_is_fixed() {
        let (below, action) = (Below::Chain(None), write("x"));
        let parts =
            KeyParts { below: &below, action: &action, inputs: None, created: 0, packing: "gzip", running: None };
        assert_eq!(key(parts).to_string(), "sha256:2efb3b16c105daf95a3fdd52b95d839f4e31b2983c62ae3d8cbded10d13ad83a");
    }
}
