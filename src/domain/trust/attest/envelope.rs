//! DSSE envelopes: a payload, its type, and signatures over both. Verifies nothing.
//!
//! Source: DSSE, protocol.md and envelope.md.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::error::{AttestError, bytes, document, list, text};

/// Most signatures of one envelope; bundles have one.
pub const MAX_ENVELOPE_SIGNATURES: usize = 10;
/// Largest envelope.
const MAX_BYTES: u64 = 4 << 20;

/// A payload with signatures over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What is signed, exactly.
    #[serde(serialize_with = "base64_text")]
    pub payload: Vec<u8>,
    /// Type of the payload; signed too.
    pub payload_type: String,
    /// The signatures.
    #[serde(serialize_with = "signature_list")]
    pub signatures: Vec<Vec<u8>>,
}

/// What a signature in an envelope is made over: type and payload, with their lengths, so that neither can run into the other.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

impl Envelope {
    /// Reads an envelope that stands alone, as layers of `.att` tags do.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestError> {
        Self::from_value(&document(bytes, "envelope", MAX_BYTES)?)
    }

    /// Reads an envelope out of a document already read.
    pub(super) fn from_value(value: &Value) -> Result<Self, AttestError> {
        let listed = list(value, "/signatures")?;
        if listed.is_empty() {
            return Err(AttestError::field("/signatures", "is empty"));
        }
        if listed.len() > MAX_ENVELOPE_SIGNATURES {
            return Err(AttestError::TooLarge { what: "signatures", limit: MAX_ENVELOPE_SIGNATURES as u64 });
        }
        Ok(Self {
            payload: bytes(value, "/payload")?,
            payload_type: text(value, "/payloadType")?.to_owned(),
            signatures: listed.iter().map(|signature| bytes(signature, "/sig")).collect::<Result<_, _>>()?,
        })
    }

    /// What its signatures are made over.
    pub fn message(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

fn base64_text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(bytes))
}

fn signature_list<S: Serializer>(signatures: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry {
        sig: String,
    }
    serializer.collect_seq(signatures.iter().map(|bytes| Entry { sig: BASE64.encode(bytes) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_as_dsse_says() {
        // The example of DSSE's own protocol.md.
        let message = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn an_envelope_survives_its_json() {
        let envelope =
            Envelope { payload: b"{}".to_vec(), payload_type: "a/b".into(), signatures: vec![vec![0xff, 0xfe, 0xfd]] };
        let bytes = serde_json::to_vec(&envelope).unwrap();
        assert_eq!(bytes, br#"{"payload":"e30=","payloadType":"a/b","signatures":[{"sig":"//79"}]}"#);
        assert_eq!(Envelope::parse(&bytes).unwrap(), envelope);
        // URL-safe base64, and a key id nobody may rely on.
        let other = br#"{"payloadType":"a/b","payload":"e30=","signatures":[{"keyid":"x","sig":"__79"}]}"#;
        assert_eq!(Envelope::parse(other).unwrap(), envelope);
    }

    #[test]
    fn r13_envelopes_without_or_with_too_many_signatures_are_refused() {
        let with = |signatures: &str| format!(r#"{{"payloadType":"a","payload":"e30=","signatures":[{signatures}]}}"#);
        assert!(Envelope::parse(with("").as_bytes()).is_err());
        let many = [r#"{"sig":""}"#; MAX_ENVELOPE_SIGNATURES + 1].join(",");
        assert!(Envelope::parse(with(&many).as_bytes()).unwrap_err().to_string().starts_with("R-13"));
        for broken in [r#"{"sig":"?"}"#, r#"{"sig":1}"#, "{}", "7"] {
            assert!(Envelope::parse(with(broken).as_bytes()).is_err(), "{broken}");
        }
    }
}
