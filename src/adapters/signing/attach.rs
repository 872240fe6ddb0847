//! Signing an image and stating something about it: how that is asked for, and by whom it is signed. What is written is made in
//! `ready`. Verifies nothing.

use serde_json::{Value, json};

use super::key::PrivateKey;
use super::ready::Ready;
use crate::adapters::store::{Store, StoreError};
use crate::domain::oci::{Descriptor, Digest, Repository};
use crate::domain::trust::attest::predicate;

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

/// Where something is attached, and in which forms.
#[derive(Clone, Copy)]
pub struct Attachment<'s> {
    /// The store.
    pub store: &'s dyn Store,
    /// The repository there.
    pub repository: &'s Repository,
    /// What the image is called in signatures: its path without registry and tag.
    pub name: &'s str,
    /// In which forms.
    pub format: SignatureFormat,
}

impl<'s> Attachment<'s> {
    /// Everything for signing manifests and indexes and for stating what is to be stated that needs no key: keys take long to
    /// open. What is about the same image is asked for once.
    pub async fn ready(self, subjects: &[Descriptor], said: &[Said<'_>]) -> Result<Ready<'s>, SigningError> {
        let nothing = json!({});
        let is_signed = |subject| Said { subject, predicate_type: predicate::SIGN, predicate: &nothing };
        let bundled = if self.format == SignatureFormat::Legacy { &[] } else { subjects };
        let tagged = if self.format == SignatureFormat::Bundle { &[] } else { subjects };
        let said: Vec<Said<'_>> = bundled.iter().map(is_signed).chain(said.iter().copied()).collect();
        Ready::of(self, tagged, &said).await
    }
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

/// What is to be stated.
#[derive(Clone, Copy, Debug)]
pub struct Said<'s> {
    /// The manifest or index it is about.
    pub subject: &'s Descriptor,
    /// Of what kind it is.
    pub predicate_type: &'s str,
    /// What is said.
    pub predicate: &'s Value,
}

impl Signing<'_> {
    /// Signs a manifest or index. What is there already stays; doing it again changes nothing.
    pub async fn sign(&self, subject: &Descriptor) -> Result<(), SigningError> {
        self.at().ready(std::slice::from_ref(subject), &[]).await?.sign(self.key).await.map(drop)
    }

    /// States `predicate` about a manifest or index, as a bundle; gives the digest of the referrer. The same said again by the
    /// same key changes nothing.
    pub async fn attest(
        &self,
        subject: &Descriptor,
        predicate_type: &str,
        predicate: &Value,
    ) -> Result<Option<Digest>, SigningError> {
        let ready = self.at().ready(&[], &[Said { subject, predicate_type, predicate }]).await?;
        Ok(ready.sign(self.key).await?.pop())
    }

    fn at(&self) -> Attachment<'_> {
        let Self { store, repository, name, format, .. } = *self;
        Attachment { store, repository, name, format }
    }
}

/// Whether the fault is in what a store holds rather than in reaching it.
pub(super) fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotFound { .. }
            | StoreError::Mismatch { .. }
            | StoreError::Hostile { .. }
            | StoreError::Manifest { .. }
            | StoreError::Reference(_)
    )
}
