//! Signing, attesting and verifying, as an attacker, cosign and a baker meet them.

mod authority;
mod cosign;
mod files;
mod keyless;
mod outcomes;
mod tampering;
mod writing;

use bakery::adapters::signing::{Keyring, NamedKey, PrivateKey, SignatureFormat, Signing, Subject, attached};
use bakery::adapters::store::Store;
use bakery::domain::oci::{Descriptor, Digest, Repository, media_type};
use bakery::domain::trust::{Attached, Form, Gap, Outcome, Signer};

use crate::store::conformance::{put_image, repository, tag};

/// 2026-11-01; when tests verify.
pub const NOW: i64 = 1_793_491_200;

/// A key, and what it is called.
pub struct Baker {
    pub key: PrivateKey,
    pub name: &'static str,
}

impl Baker {
    pub fn new(name: &'static str) -> Self {
        Self { key: PrivateKey::generate().unwrap(), name }
    }

    pub fn named(&self) -> NamedKey {
        NamedKey { name: self.name.to_owned(), key: self.key.public() }
    }

    pub fn signer(&self) -> Signer {
        Signer::Key { name: self.name.to_owned(), fingerprint: self.key.public().fingerprint() }
    }

    /// Signs as `name` in a repository.
    pub fn signing<'s>(
        &'s self,
        store: &'s dyn Store,
        repository: &'s Repository,
        name: &'s str,
        format: SignatureFormat,
    ) -> Signing<'s> {
        Signing { store, repository, name, key: &self.key, format }
    }
}

pub fn ring(bakers: &[&Baker]) -> Keyring {
    Keyring { keys: bakers.iter().map(|baker| baker.named()).collect(), keyless: None }
}

/// Puts an image whose content is `content` under the tag `1`.
pub async fn image(store: &dyn Store, repository: &Repository, content: &str) -> Descriptor {
    let bytes = put_image(store, repository, content, "amd64").await;
    store.put_manifest(repository, Some(&tag("1")), media_type::MANIFEST, &bytes).await.unwrap()
}

/// What is attached to a digest of `team-a/app`, which may be called so only.
pub async fn look(store: &dyn Store, digest: &Digest, ring: &Keyring) -> Result<Attached, Gap> {
    look_as(store, &repository("team-a/app"), digest, ring).await
}

/// What is attached to a digest of a repository, which may be called so only.
pub async fn look_as(
    store: &dyn Store,
    repository: &Repository,
    digest: &Digest,
    ring: &Keyring,
) -> Result<Attached, Gap> {
    let names = [repository.to_string()];
    attached(Subject { store, repository, digest, names: &names }, ring, NOW).await
}

/// Form and outcome of each signature, in a stable order.
pub fn outcomes(attached: &Attached) -> Vec<(Form, Outcome)> {
    let mut found: Vec<_> = attached.signatures.iter().map(|seen| (seen.form, seen.outcome.clone())).collect();
    found.sort_by_key(|(form, outcome)| (*form, format!("{outcome:?}")));
    found
}

pub fn good(baker: &Baker) -> Outcome {
    Outcome::Good { signer: baker.signer() }
}
