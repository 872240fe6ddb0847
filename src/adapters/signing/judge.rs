//! Judging one signature or attestation: whose it is, and whether it is about this image. Reads no store.
//!
//! The order decides what is told: first whether anybody trusted made it, then what it is about. So nothing a stranger wrote is
//! believed far enough to be called a signature of another image, and nothing unsigned is ever good.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::keyring::{Keyring, NamedKey};
use super::legacy_tag::signature_of;
use crate::domain::oci::{Descriptor, Digest};
use crate::domain::text::escape;
use crate::domain::trust::attest::{
    Bundle, Envelope, Material, SimpleSigning, Statement, StatementSubject, is_called, predicate,
};
use crate::domain::trust::{Outcome, Signer};

/// Longest text from outside that is kept of a signature.
const MAX_SHOWN: usize = 200;

/// What is judged by: the image, its names, and whose signatures count.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) digest: &'a Digest,
    pub(super) names: &'a [String],
    pub(super) ring: &'a Keyring,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// What came out of an envelope.
pub(super) struct Judged {
    /// The predicate type; of one that is not good, what it says of itself. Empty where it cannot be read.
    pub(super) predicate_type: String,
    pub(super) outcome: Outcome,
    /// Only of one that is good.
    pub(super) predicate: Option<Value>,
}

/// Text from outside, short enough and harmless to show.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escape(&short)
}

pub(super) fn malformed(why: &dyn std::fmt::Display) -> Outcome {
    Outcome::Malformed { why: shown(&why.to_string()) }
}

impl Judge<'_> {
    /// Judges a sigstore bundle.
    pub(super) fn bundle(&self, bytes: &[u8]) -> Judged {
        let bundle = match Bundle::parse(bytes) {
            Ok(bundle) => bundle,
            Err(error) => {
                return Judged { predicate_type: String::new(), outcome: malformed(&error), predicate: None };
            }
        };
        let signer = match &bundle.material {
            Material::Key { hint } => {
                self.signer_of(&bundle.envelope).ok_or(Outcome::WrongKey { hint: key_hint(hint) })
            }
            Material::Certificate(_) => self.ring.identify(&bundle, self.now),
        };
        self.envelope(&bundle.envelope, signer)
    }

    /// Judges a layer of an `.att` tag.
    pub(super) fn attestation_layer(&self, layer: &Descriptor, bytes: &[u8]) -> Judged {
        match Envelope::parse(bytes) {
            Ok(envelope) => {
                let signer = self.signer_of(&envelope).ok_or_else(|| stranger(layer));
                self.envelope(&envelope, signer)
            }
            Err(error) => Judged { predicate_type: String::new(), outcome: malformed(&error), predicate: None },
        }
    }

    /// Judges a layer of a `.sig` tag.
    pub(super) fn signature_layer(&self, layer: &Descriptor, payload: &[u8]) -> Outcome {
        let Some(signature) = signature_of(layer) else {
            return malformed(&"the layer carries no signature");
        };
        let by = self.ring.keys.iter().find(|named| named.key.verify(payload, &signature).is_ok());
        let Some(by) = by else {
            // What cannot even be read is no stranger's signature.
            return match SimpleSigning::parse(payload) {
                Ok(_) => stranger(layer),
                Err(error) => malformed(&error),
            };
        };
        let signed = match SimpleSigning::parse(payload) {
            Ok(signed) => signed,
            Err(error) => return malformed(&error),
        };
        if signed.digest != self.digest.to_string() {
            return Outcome::OtherDigest { signed: shown(&signed.digest) };
        }
        if !signed.reference.is_empty() && !is_called(&signed.reference, self.names) {
            return Outcome::OtherRepository { signed: shown(&signed.reference) };
        }
        Outcome::Good { signer: by.signer() }
    }

    /// Whose key of the ring signed an envelope.
    fn signer_of(&self, envelope: &Envelope) -> Option<Signer> {
        let message = envelope.message();
        let made_by =
            |signature: &Vec<u8>| self.ring.keys.iter().find(|named| named.key.verify(&message, signature).is_ok());
        envelope.signatures.iter().find_map(made_by).map(NamedKey::signer)
    }

    /// Judges what an envelope says, its signer settled.
    fn envelope(&self, envelope: &Envelope, signer: Result<Signer, Outcome>) -> Judged {
        let statement = match envelope.payload_type.as_str() {
            predicate::IN_TOTO => Statement::parse(&envelope.payload).map_err(|error| malformed(&error)),
            other => Err(malformed(&format!("it holds {other:?}, no in-toto statement"))),
        };
        let statement = match statement {
            Ok(statement) => statement,
            Err(outcome) => {
                // Of no use, whoever signed it.
                return Judged { predicate_type: String::new(), outcome, predicate: None };
            }
        };
        let predicate_type = shown(&statement.predicate_type);
        let signer = match signer {
            Ok(signer) => signer,
            Err(outcome) => return Judged { predicate_type, outcome, predicate: None },
        };
        let outcome = self.about(&statement).unwrap_or(Outcome::Good { signer });
        let good = matches!(outcome, Outcome::Good { .. });
        Judged { predicate_type, outcome, predicate: good.then_some(statement.predicate) }
    }

    /// What is wrong with what a statement is about; `None` where it is about this image.
    fn about(&self, statement: &Statement) -> Option<Outcome> {
        let ours: Vec<_> = statement.subjects_of(self.digest).collect();
        if ours.is_empty() {
            let signed = statement.subjects.first().map(StatementSubject::shown_digest);
            return Some(Outcome::OtherDigest { signed: shown(&signed.unwrap_or_default()) });
        }
        let is_right = |name: &Option<String>| name.as_ref().is_none_or(|name| is_called(name, self.names));
        if ours.iter().any(|subject| is_right(&subject.name)) {
            return None;
        }
        let signed = ours.iter().find_map(|subject| subject.name.as_deref()).unwrap_or_default();
        Some(Outcome::OtherRepository { signed: shown(signed) })
    }
}

/// A signature none of the store's keys made.
fn stranger(layer: &Descriptor) -> Outcome {
    match layer.annotations.get(predicate::LEGACY_CERTIFICATE) {
        Some(_) => Outcome::Untrusted {
            why: "it is signed with a certificate in cosign's older form; those are read from bundles only".to_owned(),
        },
        None => Outcome::WrongKey { hint: None },
    }
}

/// A bundle's hint as the fingerprint it is when cosign or bakery wrote it.
fn key_hint(hint: &str) -> Option<String> {
    let digest = BASE64.decode(hint).ok().filter(|bytes| bytes.len() == 32);
    match digest {
        Some(digest) => Some(hex::encode(digest)),
        None => Some(shown(hint)).filter(|hint| !hint.is_empty()),
    }
}
