//! Whose signatures count for a store: its public keys by name, and identities a trusted root vouches for. Judges no image.

use std::path::PathBuf;
use std::sync::Arc;

use super::file::{KeyFileError, read_public, read_root};
use super::key::PublicKey;
use super::keyless::{Identity, Keyless, SubjectPattern};
use crate::adapters::settings::{KeylessSettings, StoreSettings, SubjectSetting};
use crate::domain::trust::attest::Bundle;
use crate::domain::trust::{Outcome, Signer};

/// A public key and what it is called.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The file's name without its ending.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl NamedKey {
    /// As whoever signs with it.
    pub fn signer(&self) -> Signer {
        Signer::Key { name: self.name.clone(), fingerprint: self.key.fingerprint() }
    }
}

/// Whose signatures count.
#[derive(Clone, Default)]
pub struct Keyring {
    /// Public keys, any of which will do.
    pub keys: Vec<NamedKey>,
    /// Identities, where signatures without a key count.
    pub keyless: Option<Keyless>,
}

impl Keyring {
    /// Reads the keys of a store; one that cannot be read is an error, since a signature by it would be called a stranger's.
    pub fn load(store: &StoreSettings) -> Result<Self, KeyFileError> {
        let named = |path: &PathBuf| {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            read_public(path).map(|key| NamedKey { name, key })
        };
        let keys = store.keys.iter().map(named).collect::<Result<_, _>>()?;
        Ok(Self { keys, keyless: store.keyless.as_ref().map(keyless).transpose()? })
    }

    /// Whether nobody's signature counts.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.keyless.as_ref().is_none_or(|keyless| keyless.identities.is_empty())
    }

    /// Who made a bundle that carries a certificate.
    pub(super) fn identify(&self, bundle: &Bundle, now: i64) -> Result<Signer, Outcome> {
        match &self.keyless {
            Some(keyless) => keyless.identify(bundle, now),
            None => {
                Err(Outcome::Untrusted { why: "it is signed with a certificate, and its store trusts none".to_owned() })
            }
        }
    }
}

fn keyless(settings: &KeylessSettings) -> Result<Keyless, KeyFileError> {
    let identity = |(issuer, subject): &(String, SubjectSetting)| -> Result<Identity, KeyFileError> {
        let subject = match subject {
            SubjectSetting::Exact(text) => SubjectPattern::Exact(text.clone()),
            SubjectSetting::Regex(text) => SubjectPattern::matching(text).map_err(KeyFileError::Identity)?,
        };
        Ok(Identity { issuer: issuer.clone(), subject })
    };
    let identities = settings.identities.iter().map(identity).collect::<Result<_, _>>()?;
    Ok(Keyless { root: Arc::new(read_root(&settings.trusted_root)?), identities })
}
