//! sigstore bundles v0.3: an envelope with what verifies it. Verifies nothing.
//!
//! Source: sigstore protobuf-specs, sigstore_bundle.proto; what cosign 3 writes.

use serde::Serialize;
use serde_json::Value;

use super::entry::LogEntry;
use super::envelope::Envelope;
use super::error::{AttestError, bytes, document, list, optional_text, text};
use super::predicate::{BUNDLE, BUNDLE_OLDER};

/// Largest bundle (R-13).
const MAX_BYTES: u64 = 4 << 20;
/// Most log entries of one bundle.
const MAX_ENTRIES: usize = 8;

/// An envelope with what verifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Whose signature it says it is.
    pub material: Material,
    /// What logs say of it.
    pub entries: Vec<LogEntry>,
    /// What is signed.
    pub envelope: Envelope,
}

/// Whose signature a bundle says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A key's, known elsewhere.
    Key {
        /// base64 of SHA-256 of the public key, as cosign writes it; anything, as others may.
        hint: String,
    },
    /// A certificate's, in DER.
    Certificate(Vec<u8>),
}

impl Bundle {
    /// The bytes of a bundle signed by a key.
    pub fn signed_by_key(hint: &str, envelope: &Envelope) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            media_type: &'static str,
            verification_material: WrittenMaterial<'a>,
            dsse_envelope: &'a Envelope,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct WrittenMaterial<'a> {
            public_key: Hint<'a>,
        }
        #[derive(Serialize)]
        struct Hint<'a> {
            hint: &'a str,
        }
        serde_json::to_vec(&Written {
            media_type: BUNDLE,
            verification_material: WrittenMaterial { public_key: Hint { hint } },
            dsse_envelope: envelope,
        })
    }

    /// Reads a bundle.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestError> {
        let value = document(bytes, "bundle", MAX_BYTES)?;
        let media_type = text(&value, "/mediaType")?;
        if media_type != BUNDLE && media_type != BUNDLE_OLDER {
            return Err(AttestError::field("/mediaType", format!("is {media_type:?}; bundles v0.3 are read")));
        }
        if value.get("messageSignature").is_some_and(|found| !found.is_null()) {
            return Err(AttestError::field("/messageSignature", "is there, where a statement is needed"));
        }
        let envelope = value.get("dsseEnvelope").filter(|found| !found.is_null());
        let envelope = envelope.ok_or_else(|| AttestError::field("/dsseEnvelope", "is missing"))?;
        let entries = list(&value, "/verificationMaterial/tlogEntries")?;
        if entries.len() > MAX_ENTRIES {
            return Err(AttestError::TooLarge { what: "log entries", limit: MAX_ENTRIES as u64 });
        }
        Ok(Self {
            material: Material::of(&value)?,
            entries: entries.iter().map(LogEntry::from_value).collect::<Result<_, _>>()?,
            envelope: Envelope::from_value(envelope)?,
        })
    }
}

impl Material {
    fn of(value: &Value) -> Result<Self, AttestError> {
        let there = |pointer: &str| value.pointer(pointer).is_some_and(|found| !found.is_null());
        let key = there("/verificationMaterial/publicKey");
        let certificate = there("/verificationMaterial/certificate");
        let chain = there("/verificationMaterial/x509CertificateChain");
        match (key, certificate, chain) {
            (true, false, false) => {
                let hint = optional_text(value, "/verificationMaterial/publicKey/hint")?.unwrap_or_default();
                Ok(Self::Key { hint: hint.to_owned() })
            }
            (false, true, false) => Ok(Self::Certificate(bytes(value, "/verificationMaterial/certificate/rawBytes")?)),
            // Only the leaf: the rest of a chain comes from the trusted root.
            (false, false, true) => {
                let leaf = "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes";
                Ok(Self::Certificate(bytes(value, leaf)?))
            }
            _ => Err(AttestError::field("/verificationMaterial", "must name one key or one certificate")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope { payload: b"{}".to_vec(), payload_type: "a/b".into(), signatures: vec![vec![1]] }
    }

    #[test]
    fn a_bundle_is_written_as_cosign_writes_it_and_read_again() {
        let bytes = Bundle::signed_by_key("aGludA==", &envelope()).unwrap();
        let expected = concat!(
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"#,
            r#""hint":"aGludA=="}},"dsseEnvelope":{"payload":"e30=","payloadType":"a/b","signatures":[{"sig":"AQ=="}]}}"#
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        let read = Bundle::parse(&bytes).unwrap();
        assert_eq!(read.material, Material::Key { hint: "aGludA==".into() });
        assert_eq!((read.envelope, read.entries.len()), (envelope(), 0));
    }

    #[test]
    fn s02_bundles_of_another_shape_are_refused() {
        let good: Value = serde_json::from_slice(&Bundle::signed_by_key("", &envelope()).unwrap()).unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut value = good.clone();
            change(&mut value);
            Bundle::parse(&serde_json::to_vec(&value).unwrap())
        };
        assert!(with(&|_| {}).is_ok());
        let cases: [&dyn Fn(&mut Value); 7] = [
            &|v| v["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.4+json".into(),
            &|v| v["messageSignature"] = serde_json::json!({"signature": ""}),
            &|v| v["dsseEnvelope"] = Value::Null,
            &|v| v["verificationMaterial"] = serde_json::json!({}),
            &|v| v["verificationMaterial"]["certificate"] = serde_json::json!({"rawBytes": ""}),
            &|v| v["verificationMaterial"]["tlogEntries"] = serde_json::json!([{}]),
            &|v| v["verificationMaterial"]["tlogEntries"] = Value::Array(vec![serde_json::json!({}); 9]),
        ];
        for (number, change) in cases.iter().enumerate() {
            assert!(with(change).is_err(), "case {number}");
        }
        assert!(Bundle::parse(&vec![b' '; (4 << 20) + 1]).unwrap_err().to_string().starts_with("R-13"));
    }
}
