//! That a signature was published, and when: a log's entry held against the log's key. An entry for something else is refused
//! (S-06).
//!
//! Source: Rekor, types/dsse and types/hashedrekord; RFC 6962, inclusion proofs; the checkpoint's format of C2SP tlog-checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::certificate::Leaf;
use super::root::{Log, TrustedRoot};
use super::untrusted;
use crate::adapters::signing::key::unarmour;
use crate::domain::oci::parse_strict;
use crate::domain::trust::Outcome;
use crate::domain::trust::attest::{Envelope, InclusionProof, LogEntry};

/// Seconds a log's clock may be ahead of ours.
const SKEW: i64 = 300;

/// When a log took this signature by this leaf; seconds since 1970.
pub(super) fn time_of(
    entry: &LogEntry,
    (envelope, leaf): (&Envelope, &Leaf),
    root: &TrustedRoot,
    now: i64,
) -> Result<i64, Outcome> {
    let log = root.logs.iter().find(|log| log.id[..] == entry.log_id[..]);
    let log = log.ok_or_else(|| untrusted("the log that has it is none of the trusted root's"))?;
    is_about(entry, envelope, leaf)?;
    is_included(entry, log)?;
    let time = promised_time(entry, log)?;
    if !log.valid.holds_at(time) {
        return Err(untrusted("the log that has it was not trusted at that time"));
    }
    if time > now.saturating_add(SKEW) {
        return Err(Outcome::Expired { why: "the log says it was made in the future".to_owned() });
    }
    Ok(time)
}

/// Whether the entry is for this signature, over this payload, by this certificate.
fn is_about(entry: &LogEntry, envelope: &Envelope, leaf: &Leaf) -> Result<(), Outcome> {
    let (kind, version) = (entry.kind.0.as_str(), entry.kind.1.as_str());
    let body =
        parse_strict(&entry.body).map_err(|error| untrusted(format!("the log's entry cannot be read: {error}")))?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let other = |what: &str| Err(untrusted(format!("S-06: the log's entry is for another {what}")));
    if (text("/kind"), text("/apiVersion")) != (kind, version) {
        return other("kind of entry");
    }
    // What was digested, and where the entry keeps digest, signature and certificate.
    let (digested, place) = match (kind, version) {
        ("dsse", "0.0.1") => (envelope.payload.clone(), Logged::DSSE),
        ("hashedrekord", "0.0.1") => (envelope.message(), Logged::HASHED),
        _ => return Err(untrusted(format!("the log's entry is of the kind {kind} {version}, which is not read"))),
    };
    let algorithm = text(&format!("{}/algorithm", place.digest));
    if algorithm != "sha256" || text(&format!("{}/value", place.digest)) != hex::encode(Sha256::digest(&digested)) {
        return other("payload");
    }
    if place.counts_signatures {
        let count = body.pointer("/spec/signatures").and_then(Value::as_array).map_or(0, Vec::len);
        if count != envelope.signatures.len() {
            return other("number of signatures");
        }
    }
    let decoded = |pointer: &str| BASE64.decode(text(pointer)).ok().filter(|bytes| !bytes.is_empty());
    if decoded(place.signature).as_ref() != envelope.signatures.first() {
        return other("signature");
    }
    let verifier = decoded(place.certificate).and_then(|pem| String::from_utf8(pem).ok());
    match verifier.and_then(|pem| unarmour(&pem).ok()) {
        Some((label, der)) if label == "CERTIFICATE" && der == leaf.der => Ok(()),
        _ => other("certificate"),
    }
}

/// Where an entry keeps what it is about.
struct Logged {
    digest: &'static str,
    signature: &'static str,
    certificate: &'static str,
    counts_signatures: bool,
}

impl Logged {
    const DSSE: Self = Self {
        digest: "/spec/payloadHash",
        signature: "/spec/signatures/0/signature",
        certificate: "/spec/signatures/0/verifier",
        counts_signatures: true,
    };
    const HASHED: Self = Self {
        digest: "/spec/data/hash",
        signature: "/spec/signature/content",
        certificate: "/spec/signature/publicKey/content",
        counts_signatures: false,
    };
}

/// The time the log signed for, together with the entry's content and place.
fn promised_time(entry: &LogEntry, log: &Log) -> Result<i64, Outcome> {
    let Some(promise) = &entry.promise else {
        return Err(Outcome::Expired { why: "the log's entry carries no signed time".to_owned() });
    };
    // Keys in order, no blanks: what the log signed.
    let signed = json!({
        "body": BASE64.encode(&entry.body),
        "integratedTime": entry.integrated_time,
        "logID": hex::encode(&entry.log_id),
        "logIndex": entry.log_index,
    });
    match log.key.has_signed(log.key.usual_digest(), signed.to_string().as_bytes(), promise) {
        true => Ok(entry.integrated_time),
        false => Err(untrusted("the log's signature over entry and time does not hold")),
    }
}

/// Whether the entry is in a tree the log vouches for.
fn is_included(entry: &LogEntry, log: &Log) -> Result<(), Outcome> {
    let proof = entry.proof.as_ref().ok_or_else(|| untrusted("the log's entry carries no proof of inclusion"))?;
    let mut leaf = vec![0];
    leaf.extend_from_slice(&entry.body);
    let root = root_of(Sha256::digest(&leaf).into(), proof);
    if root.is_none_or(|root| root[..] != proof.root[..]) {
        return Err(untrusted("the log's proof of inclusion does not hold"));
    }
    if !is_checkpoint(proof, log) {
        return Err(untrusted("the log's checkpoint does not hold"));
    }
    Ok(())
}

fn node(left: &[u8], right: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update([1]);
    digest.update(left);
    digest.update(right);
    digest.finalize().into()
}

/// The root a leaf's proof leads to (RFC 9162, 2.1.3.2).
fn root_of(leaf: [u8; 32], proof: &InclusionProof) -> Option<[u8; 32]> {
    let (mut at, size) = (u64::try_from(proof.log_index).ok()?, u64::try_from(proof.tree_size).ok()?);
    if at >= size {
        return None;
    }
    let mut last = size - 1;
    let mut digest = leaf;
    for sibling in &proof.hashes {
        if last == 0 || sibling.len() != 32 {
            return None;
        }
        if at & 1 == 1 || at == last {
            digest = node(sibling, &digest);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            digest = node(&digest, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(digest)
}

/// Whether the log signed this size and root.
fn is_checkpoint(proof: &InclusionProof, log: &Log) -> bool {
    let Some((text, signatures)) = proof.checkpoint.split_once("\n\n") else { return false };
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next(), lines.next(), lines.next());
    let is_size = size == Some(proof.tree_size.to_string().as_str());
    let is_root = root.and_then(|root| BASE64.decode(root).ok()).is_some_and(|root| root == proof.root);
    if origin.is_none_or(str::is_empty) || !is_size || !is_root {
        return false;
    }
    let message = format!("{text}\n");
    signatures.lines().filter_map(|line| line.strip_prefix("\u{2014} ")?.rsplit_once(' ')).any(|(_, signature)| {
        let signature = BASE64.decode(signature).unwrap_or_default();
        // Four bytes of the key's digest stand before the signature.
        let Some((key, signature)) = signature.split_at_checked(4) else { return false };
        key == &log.id[..4] && log.key.has_signed(log.key.usual_digest(), message.as_bytes(), signature)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root of a tree, and the proof for one of its leaves, by the definition (RFC 9162, 2.1.1).
    fn tree(leaves: &[[u8; 32]], at: usize) -> ([u8; 32], Vec<Vec<u8>>) {
        if let [only] = leaves {
            return (*only, Vec::new());
        }
        let left = leaves.len().next_power_of_two() / 2;
        let (low, high) = leaves.split_at(left);
        let in_low = at < left;
        let (low, low_proof) = tree(low, if in_low { at } else { 0 });
        let (high, high_proof) = tree(high, if in_low { 0 } else { at - left });
        let (mut proof, sibling) = if in_low { (low_proof, high) } else { (high_proof, low) };
        proof.push(sibling.to_vec());
        (node(&low, &high), proof)
    }

    #[test]
    fn s06_a_proof_holds_for_its_own_leaf_and_place_only() {
        for size in 1..=20_usize {
            let leaves: Vec<[u8; 32]> =
                (0..size).map(|number| Sha256::digest([u8::try_from(number).unwrap()]).into()).collect();
            for at in 0..size {
                let (root, hashes) = tree(&leaves, at);
                let proof = InclusionProof {
                    log_index: i64::try_from(at).unwrap(),
                    tree_size: i64::try_from(size).unwrap(),
                    root: root.to_vec(),
                    hashes,
                    checkpoint: String::new(),
                };
                assert_eq!(root_of(leaves[at], &proof), Some(root), "{at} of {size}");
                let other = leaves[(at + 1) % size];
                assert_eq!(root_of(other, &proof) == Some(root), size == 1, "{at} of {size}");
                let longer =
                    InclusionProof { hashes: [proof.hashes.clone(), vec![vec![0; 32]]].concat(), ..proof.clone() };
                assert_eq!(root_of(leaves[at], &longer), None);
                let outside = InclusionProof { log_index: proof.tree_size, ..proof };
                assert_eq!(root_of(leaves[at], &outside), None);
            }
        }
    }
}
