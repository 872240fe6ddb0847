//! Whose signatures count for a store: its public keys by name. Verifies nothing.

use super::file::{KeyFileError, read_public};
use super::key::PublicKey;
use crate::adapters::settings::StoreSettings;

/// A public key and what it is called.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The file's name without its ending.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// Whose signatures count.
#[derive(Clone, Default)]
pub struct Keyring {
    /// Public keys, any of which will do.
    pub keys: Vec<NamedKey>,
}

impl Keyring {
    /// Reads the keys of a store; one that cannot be read is an error, since a signature by it would be called a stranger's.
    pub fn load(store: &StoreSettings) -> Result<Self, KeyFileError> {
        let named = |path: &std::path::PathBuf| {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            read_public(path).map(|key| NamedKey { name, key })
        };
        Ok(Self { keys: store.keys.iter().map(named).collect::<Result<_, _>>()? })
    }

    /// Whether nobody's signature counts.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
