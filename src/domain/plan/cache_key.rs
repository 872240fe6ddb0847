//! Cache keys: equal keys, equal layer. Looks nothing up.
//!
//! A key is the SHA-256 of canonical JSON over everything a step's layer depends on: what lies below it, what it does,
//! what it reads, the time its entries get, how it is packed.

use serde::Serialize;

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

#[derive(Serialize)]
struct KeyForm<'a> {
    format: u32,
    below: &'a Below,
    step: &'a Action,
    inputs: Option<&'a Digest>,
    created: i64,
    packing: &'a str,
}

/// The key of a step's result.
pub fn step_key(below: &Below, action: &Action, inputs: Option<&Digest>, created: i64, packing: &str) -> CacheKey {
    CacheKey(digest_of(&KeyForm { format: FORMAT, below, step: action, inputs, created, packing }))
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

    #[test]
    fn everything_a_layer_depends_on_changes_the_key() {
        let chain = |text: &str| Below::Chain(Some(ChainId(Digest::of(text.as_bytes()))));
        let inputs = Digest::of(b"inputs");
        let key = step_key(&chain("a"), &write("x"), None, 0, "gzip");
        assert_eq!(key, step_key(&chain("a"), &write("x"), None, 0, "gzip"));
        for other in [
            step_key(&chain("b"), &write("x"), None, 0, "gzip"),
            step_key(&Below::Chain(None), &write("x"), None, 0, "gzip"),
            step_key(&Below::Step(key.clone()), &write("x"), None, 0, "gzip"),
            step_key(&chain("a"), &write("y"), None, 0, "gzip"),
            step_key(&chain("a"), &write("x"), Some(&inputs), 0, "gzip"),
            step_key(&chain("a"), &write("x"), None, 1, "gzip"),
            step_key(&chain("a"), &write("x"), None, 0, "zstd"),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn the_form_of_keys_is_fixed() {
        let key = step_key(&Below::Chain(None), &write("x"), None, 0, "gzip");
        assert_eq!(key.to_string(), "sha256:2efb3b16c105daf95a3fdd52b95d839f4e31b2983c62ae3d8cbded10d13ad83a");
    }
}
