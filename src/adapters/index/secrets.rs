//! What looks like a secret in a layer, met as the layer is read. Holds where and how it begins, never the secret (K-01).
//! One that a later layer takes away again is still in the layer, and ships with it.

use crate::domain::text::escape_bytes;
use crate::domain::trust::SecretSeen;
use crate::domain::trust::secrets::Hit;

/// Most that are kept of one layer; of the rest only their number is.
const MAX_SECRETS: usize = 1_000;

/// What looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSecret {
    /// The file, relative to the root.
    pub path: Box<[u8]>,
    /// The line, from 1.
    pub line: u32,
    /// Stable name of the rule that found it.
    pub rule: String,
    /// How the value begins, and how long it is.
    pub masked: String,
}

/// What looks like one in a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerSecrets {
    /// The first of them, in the order of the layer.
    pub found: Vec<FoundSecret>,
    /// How many more there are.
    pub beyond: u64,
}

impl LayerSecrets {
    /// Takes in what was found in a file.
    pub fn add(&mut self, path: &[u8], hits: Vec<Hit>) {
        let room = MAX_SECRETS.saturating_sub(self.found.len());
        self.beyond += hits.len().saturating_sub(room) as u64;
        let kept = hits.into_iter().take(room);
        self.found.extend(kept.map(|Hit { rule, line, masked }| FoundSecret {
            path: path.into(),
            line,
            rule: rule.to_owned(),
            masked,
        }));
    }

    /// As evidence on an image of which this is layer `layer`, from 0.
    pub fn seen_in(&self, layer: u32) -> impl Iterator<Item = SecretSeen> {
        let seen = move |found: &FoundSecret| SecretSeen {
            path: escape_bytes(&found.path),
            line: found.line,
            rule: found.rule.clone(),
            masked: found.masked.clone(),
            layer,
        };
        let more = (self.beyond > 0).then(|| SecretSeen {
            path: self.found.last().map(|last| escape_bytes(&last.path)).unwrap_or_default(),
            line: self.found.last().map_or(1, |last| last.line),
            rule: "more".to_owned(),
            masked: format!("and {} more in this layer", self.beyond),
            layer,
        });
        self.found.iter().map(seen).chain(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_full_of_secrets_comes_to_an_end_and_says_how_many_more() {
        let hit = |line| Hit { rule: "private-key", line, masked: "MIIE*** (64 characters)".into() };
        let mut secrets = LayerSecrets::default();
        for file in 0..30 {
            secrets.add(format!("srv/{file}").as_bytes(), (1..=50).map(hit).collect());
        }
        assert_eq!((secrets.found.len(), secrets.beyond), (1_000, 500));
        let seen: Vec<SecretSeen> = secrets.seen_in(3).collect();
        assert_eq!((seen.len(), seen[0].path.as_str(), seen[0].layer), (1_001, "srv/0", 3));
        assert_eq!(seen[1_000].masked, "and 500 more in this layer");
    }
}
