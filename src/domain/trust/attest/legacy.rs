//! What cosign signed before bundles: the "simple signing" payload of `.sig` tags. Verifies nothing.
//!
//! Source: cosign, specs/SIGNATURE_SPEC.md.

use serde::Serialize;

use super::error::{AttestError, document, text};
use crate::domain::oci::Digest;

/// Largest payload.
const MAX_BYTES: u64 = 64 << 10;
const TYPE: &str = "cosign container image signature";

/// Which image is signed, under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleSigning {
    /// What the image is called; empty where it is not.
    pub reference: String,
    /// Digest of its manifest, as written.
    pub digest: String,
}

impl SimpleSigning {
    /// The payload, byte by byte as cosign writes it.
    pub fn payload(reference: &str, digest: &Digest) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Payload<'a> {
            critical: Critical<'a>,
            optional: (),
        }
        #[derive(Serialize)]
        struct Critical<'a> {
            identity: Identity<'a>,
            image: Image<'a>,
            r#type: &'static str,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Identity<'a> {
            docker_reference: &'a str,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Image<'a> {
            docker_manifest_digest: &'a Digest,
        }
        let (identity, image) = (Identity { docker_reference: reference }, Image { docker_manifest_digest: digest });
        serde_json::to_vec(&Payload { critical: Critical { identity, image, r#type: TYPE }, optional: () })
    }

    /// Reads a payload.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestError> {
        let value = document(bytes, "signed payload", MAX_BYTES)?;
        let kind = text(&value, "/critical/type")?;
        if kind != TYPE {
            return Err(AttestError::field("/critical/type", format!("is {kind:?}, no signature of an image")));
        }
        Ok(Self {
            reference: text(&value, "/critical/identity/docker-reference")?.to_owned(),
            digest: text(&value, "/critical/image/docker-manifest-digest")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_cosigns_to_the_byte() {
        let digest = Digest::of(b"image");
        let bytes = SimpleSigning::payload("127.0.0.1:5999/team/app", &digest).unwrap();
        let expected = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"127.0.0.1:5999/team/app"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        let read = SimpleSigning::parse(&bytes).unwrap();
        assert_eq!((read.reference.as_str(), read.digest), ("127.0.0.1:5999/team/app", digest.to_string()));
    }

    #[test]
    fn s02_payloads_of_another_kind_are_refused() {
        for text in [
            "{}",
            r#"{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"x"},"type":"y"}}"#,
            r#"{"critical":{"identity":{"docker-reference":""},"image":{},"type":"cosign container image signature"}}"#,
            r#"{"critical":{"type":"cosign container image signature"},"critical":{}}"#,
        ] {
            assert!(SimpleSigning::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
