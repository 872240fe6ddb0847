//! Signing: cosign-compatible key pairs.
