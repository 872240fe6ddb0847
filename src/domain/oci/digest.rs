//! Content digests and the three identities built on them. Knows nothing of blobs, files or the network.
//!
//! `Digest` names stored bytes, [`DiffId`] an uncompressed layer tar, [`ChainId`] a stack of applied layers; the types
//! never mix. Source: image-spec descriptor.md#digests, config.md#layer-diffid, config.md#layer-chainid.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// Digest algorithms registered by the image-spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, which every implementation must support.
    Sha256,
    /// SHA-512, accepted wherever outside content uses it; bakery itself writes SHA-256.
    Sha512,
}

impl Algorithm {
    /// The name used before the colon and as a folder name in an image layout.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// `algorithm:encoded`, validated: a known algorithm, lowercase hex of its exact length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    encoded: Box<str>,
}

/// Why a text is no digest (hostile input family J-04).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// No `:` between algorithm and hex.
    #[error("J-04: digest has no algorithm: {0:?}")]
    NoAlgorithm(String),
    /// An algorithm this code does not compute.
    #[error("J-04: unknown digest algorithm {0:?} (known: sha256, sha512)")]
    UnknownAlgorithm(String),
    /// Not lowercase hex of the algorithm's length.
    #[error("J-04: digest is not {expected} lowercase hex characters: {text:?}")]
    NotHex {
        /// Characters the algorithm asks for.
        expected: usize,
        /// What stood there, shortened.
        text: String,
    },
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::sha256();
        digester.update(bytes);
        digester.finish()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hex part.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// `3f9a…c1`: for reading, never for comparing.
    pub fn short(&self) -> String {
        format!("{}…{}", &self.encoded[..4], &self.encoded[self.encoded.len() - 2..])
    }

    /// A digester of this digest's algorithm.
    pub fn digester(&self) -> Digester {
        Digester::new(self.algorithm)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, encoded) = text.split_once(':').ok_or_else(|| DigestError::NoAlgorithm(shorten(text)))?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            other => return Err(DigestError::UnknownAlgorithm(shorten(other))),
        };
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if encoded.len() != algorithm.hex_len() || !encoded.bytes().all(is_hex) {
            return Err(DigestError::NotHex { expected: algorithm.hex_len(), text: shorten(encoded) });
        }
        Ok(Self { algorithm, encoded: encoded.into() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.encoded)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Computes a [`Digest`] over streamed bytes.
#[derive(Clone)]
pub struct Digester(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Digester {
    /// A fresh digester of `algorithm`.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// A fresh SHA-256 digester.
    pub fn sha256() -> Self {
        Self::new(Algorithm::Sha256)
    }

    /// Feeds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of everything fed.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => {
                Digest { algorithm: Algorithm::Sha256, encoded: hex::encode(state.finalize()).into() }
            }
            State::Sha512(state) => {
                Digest { algorithm: Algorithm::Sha512, encoded: hex::encode(state.finalize()).into() }
            }
        }
    }
}

/// Digest of an uncompressed layer tar. Never the digest of a stored blob.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiffId(pub Digest);

impl fmt::Display for DiffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identity of a stack of applied layers; `None` in an `Option<ChainId>` is the empty stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId(pub Digest);

impl ChainId {
    /// The chain after laying `layer` on `below`.
    pub fn extend(below: Option<&Self>, layer: &DiffId) -> Self {
        match below {
            None => Self(layer.0.clone()),
            Some(chain) => Self(Digest::of(format!("{} {}", chain.0, layer.0).as_bytes())),
        }
    }

    /// The chain of a whole stack, bottom first; `None` for no layers.
    pub fn of(layers: &[DiffId]) -> Option<Self> {
        layers.iter().fold(None, |chain, layer| Some(Self::extend(chain.as_ref(), layer)))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j04_refuses_everything_that_is_no_digest() {
        let upper = format!("sha256:{}", "A".repeat(64));
        for text in ["", "sha256", "sha256:", "crc32:00", "md5:0", "sha256:../../etc/passwd", &upper] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn j05_sha512_is_accepted_and_computed() {
        let mut digester = Digester::new(Algorithm::Sha512);
        digester.update(b"bakery");
        let digest = digester.finish();
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }

    #[test]
    fn chain_of_one_layer_is_its_diff_id() {
        let layer = DiffId(Digest::of(b"a"));
        assert_eq!(ChainId::of(std::slice::from_ref(&layer)).unwrap().0, layer.0);
        assert_eq!(ChainId::of(&[]), None);
    }
}
