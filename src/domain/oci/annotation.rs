//! Annotation and label keys bakery reads or writes. Source: image-spec annotations.md; `dev.bakery.*` are ours.

/// When the image was built (RFC 3339).
pub const CREATED: &str = "org.opencontainers.image.created";
/// Name of an entry in an image layout's index.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Reference of the base image.
pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// Digest of the base image's manifest for this platform.
pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
/// Human-readable title.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Human-readable description.
pub const DESCRIPTION: &str = "org.opencontainers.image.description";
/// Version of the packaged software.
pub const VERSION: &str = "org.opencontainers.image.version";
/// What a base forbids its children (JSON, contract section 5).
pub const CONTRACT: &str = "dev.bakery.contract";
/// Marks an image whose content stands in for the real software (demo).
pub const STAND_IN: &str = "dev.bakery.stand-in";

/// Label of an image whose steps ran with one user id: who owns what is not as its steps meant it.
pub const OWNERSHIP: &str = "dev.bakery.ownership";
