//! Public keys of authorities and logs: ECDSA on P-256 and P-384. Others are refused.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha256, Sha384};

/// How a message is digested before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedDigest {
    Sha256,
    Sha384,
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum CurveKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl CurveKey {
    /// Reads a SubjectPublicKeyInfo in DER; `None` for other kinds of keys.
    pub(super) fn from_spki(der: &[u8]) -> Option<Self> {
        let small = p256::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P256);
        small.or_else(|_| p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384)).ok()
    }

    /// What signatures by this key digest with, where nothing else says so.
    pub(super) fn usual_digest(&self) -> SignedDigest {
        match self {
            Self::P256(_) => SignedDigest::Sha256,
            Self::P384(_) => SignedDigest::Sha384,
        }
    }

    /// Whether `signature` (DER) is this key's over `message`.
    pub(super) fn has_signed(&self, digest: SignedDigest, message: &[u8], signature: &[u8]) -> bool {
        let digested = match digest {
            SignedDigest::Sha256 => Sha256::digest(message).to_vec(),
            SignedDigest::Sha384 => Sha384::digest(message).to_vec(),
        };
        match self {
            Self::P256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify_prehash(&digested, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify_prehash(&digested, &signature).is_ok()),
        }
    }
}
