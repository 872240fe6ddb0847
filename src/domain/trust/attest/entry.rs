//! Entries of a transparency log as bundles carry them. Verifies nothing.
//!
//! Source: sigstore protobuf-specs, sigstore_rekor.proto.

use serde_json::Value;

use super::error::{AttestError, bytes, list, number, optional_text, text};

/// Most hashes of one proof: a log of 2^64 entries needs 64.
const MAX_HASHES: usize = 64;
/// Longest checkpoint.
const MAX_CHECKPOINT: usize = 64 << 10;

/// What a log says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number in the log.
    pub log_index: i64,
    /// Digest of the log's key.
    pub log_id: Vec<u8>,
    /// Type and version of its body: `dsse`, `0.0.1`.
    pub kind: (String, String),
    /// When the log took it, in seconds since 1970; 0 where it does not say.
    pub integrated_time: i64,
    /// The log's signature over body, time, id and index.
    pub promise: Option<Vec<u8>>,
    /// That it is in the log.
    pub proof: Option<InclusionProof>,
    /// The entry itself.
    pub body: Vec<u8>,
}

/// That an entry is in a log of a certain size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Its number in the tree.
    pub log_index: i64,
    /// Entries of the tree.
    pub tree_size: i64,
    /// Root of the tree.
    pub root: Vec<u8>,
    /// Hashes from the leaf's sibling to the root's child.
    pub hashes: Vec<Vec<u8>>,
    /// The log's signed word for size and root.
    pub checkpoint: String,
}

impl LogEntry {
    pub(super) fn from_value(value: &Value) -> Result<Self, AttestError> {
        let optional = |pointer| match value.pointer(pointer) {
            None | Some(Value::Null) => Ok(0),
            Some(_) => number(value, pointer),
        };
        let promise = match value.pointer("/inclusionPromise/signedEntryTimestamp") {
            None | Some(Value::Null) => None,
            Some(_) => Some(bytes(value, "/inclusionPromise/signedEntryTimestamp")?),
        };
        let proof = value.pointer("/inclusionProof").filter(|proof| !proof.is_null());
        Ok(Self {
            log_index: optional("/logIndex")?,
            log_id: bytes(value, "/logId/keyId")?,
            kind: (text(value, "/kindVersion/kind")?.to_owned(), text(value, "/kindVersion/version")?.to_owned()),
            integrated_time: optional("/integratedTime")?,
            promise,
            proof: proof.map(InclusionProof::from_value).transpose()?,
            body: bytes(value, "/canonicalizedBody")?,
        })
    }
}

impl InclusionProof {
    fn from_value(value: &Value) -> Result<Self, AttestError> {
        let listed = list(value, "/hashes")?;
        if listed.len() > MAX_HASHES {
            return Err(AttestError::TooLarge { what: "hashes of a proof", limit: MAX_HASHES as u64 });
        }
        let checkpoint = optional_text(value, "/checkpoint/envelope")?.unwrap_or_default();
        if checkpoint.len() > MAX_CHECKPOINT {
            return Err(AttestError::TooLarge { what: "checkpoint", limit: MAX_CHECKPOINT as u64 });
        }
        let log_index = match value.pointer("/logIndex") {
            None | Some(Value::Null) => 0,
            Some(_) => number(value, "/logIndex")?,
        };
        Ok(Self {
            log_index,
            tree_size: number(value, "/treeSize")?,
            root: bytes(value, "/rootHash")?,
            hashes: listed.iter().map(|hash| bytes(hash, "")).collect::<Result<_, _>>()?,
            checkpoint: checkpoint.to_owned(),
        })
    }
}
