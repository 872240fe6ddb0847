//! Types of predicates and of the documents around them. Source: contract section 8; in-toto, sigstore and cosign.

/// An image is signed.
pub const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// How an image was made.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// How an image was judged.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What an image holds.
pub const SPDX: &str = "https://spdx.dev/Document";

/// Media type of a sigstore bundle, and artifact type of its referrer.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// How the same version of the bundle was written before.
pub const BUNDLE_OLDER: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";
/// Payload type of an in-toto statement in an envelope.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Layer of cosign's `.att` tag.
pub const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Layer of cosign's `.sig` tag.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Annotation of a bundle's referrer: what the bundle holds.
pub const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";
/// Annotation of a bundle's referrer: the predicate type of its statement.
pub const BUNDLE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";
/// Annotation of a `.sig` layer: the signature, in base64.
pub const LEGACY_SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Annotation of a `.sig` or `.att` layer signed without a key: the certificate, in PEM.
pub const LEGACY_CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// Annotation of an `.att` layer: the predicate type of its statement.
pub const LEGACY_PREDICATE: &str = "predicateType";
