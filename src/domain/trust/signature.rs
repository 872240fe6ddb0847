//! Signatures and attestations as they were found attached to an image, each with how verifying it ended. Verifies nothing:
//! that needs keys.

use serde::Serialize;

use crate::domain::oci::Digest;

/// Who signed, as far as verifying established it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signer {
    /// A key the store's settings name.
    Key {
        /// The key file's name without its ending: `global` of `keys/global.pub`.
        name: String,
        /// Hex SHA-256 of the public key.
        fingerprint: String,
    },
    /// A person or machine whose certificate a trusted root vouches for.
    Identity {
        /// Who vouched for the identity: an OpenID Connect issuer.
        issuer: String,
        /// The subject: a mail address or URI.
        subject: String,
    },
}

/// How a signature is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A sigstore bundle v0.3, a referrer of the image.
    Bundle,
    /// cosign's older tags `sha256-HEX.sig` and `.att`.
    Legacy,
}

/// How verifying one signature ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds, is about this image, and its signer is trusted.
    Good {
        /// Who signed.
        signer: Signer,
    },
    /// None of the store's keys made it.
    WrongKey {
        /// What it says of its key: a fingerprint or an identity; unproven.
        hint: Option<String>,
    },
    /// It holds, but for another image.
    OtherDigest {
        /// What it is for.
        signed: String,
    },
    /// It holds, but for this image under another name.
    OtherRepository {
        /// What it is for.
        signed: String,
    },
    /// It cannot be read.
    Malformed {
        /// Why.
        why: String,
    },
    /// It was made when its certificate did not hold, or its time is not told by anybody trusted.
    Expired {
        /// When, and until when.
        why: String,
    },
    /// The certificate or the log's word for it does not stand up to the trusted root.
    Untrusted {
        /// Why.
        why: String,
    },
    /// A list names it, and it is not there.
    Missing {
        /// What is not there.
        why: String,
    },
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureSeen {
    /// How it is kept.
    pub form: Form,
    /// Digest of the manifest or layer that carries it.
    pub at: Digest,
    /// How verifying it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// One attestation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttestationSeen {
    /// How it is kept.
    pub form: Form,
    /// Digest of the manifest or layer that carries it.
    pub at: Digest,
    /// What kind of predicate; empty where it cannot be read.
    pub predicate_type: String,
    /// How verifying it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it says; only of one that is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<serde_json::Value>,
}

/// All that is attached to one digest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Attached {
    /// Signatures over the image.
    pub signatures: Vec<SignatureSeen>,
    /// Statements about it.
    pub attestations: Vec<AttestationSeen>,
}

impl Attached {
    /// Who signed the image, of those trusted.
    pub fn signers(&self) -> impl Iterator<Item = &Signer> {
        self.signatures.iter().filter_map(|seen| match &seen.outcome {
            Outcome::Good { signer } => Some(signer),
            _ => None,
        })
    }

    /// The good attestations of a predicate type.
    pub fn good(&self, predicate_type: &str) -> impl Iterator<Item = &AttestationSeen> {
        self.attestations
            .iter()
            .filter(move |seen| seen.predicate_type == predicate_type && matches!(seen.outcome, Outcome::Good { .. }))
    }
}
