//! Signing keys: makes a pair, lists the public ones a workspace trusts. Prints nothing, signs nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use crate::adapters::files;
use crate::adapters::signing::{self, ALGORITHM, KeyFiles, Passphrase, PrivateKey};
use crate::report::Report;

/// A pair just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewPair {
    /// The encrypted private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
    /// Hex SHA-256 of the public key.
    pub fingerprint: String,
    /// What sort of key.
    pub algorithm: &'static str,
}

/// One public key, or why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownKey {
    /// The store that trusts it; `None` for a file named by the user.
    pub store: Option<String>,
    /// The file.
    pub file: PathBuf,
    /// Hex SHA-256 of the public key.
    pub fingerprint: Option<String>,
    /// What sort of key.
    pub algorithm: Option<&'static str>,
    /// Why it cannot be used.
    pub error: Option<Report>,
}

/// Makes `PREFIX.key` and `PREFIX.pub`.
pub fn new_with_prefix(prefix: &Path) -> Result<NewPair, Report> {
    make(&KeyFiles::with_prefix(&files::absolute(prefix)?))
}

/// Makes the pair the workspace's local store signs with: its `key:`, else `keys/baker`.
pub fn new_for_workspace(context: &Context) -> Result<NewPair, Report> {
    let workspace = &context.workspace;
    let named = workspace.stores.get("local").and_then(|store| store.key.as_deref());
    make(&match named {
        Some(private) => KeyFiles::of_private(private),
        None => KeyFiles::with_prefix(&workspace.root.join("keys/baker")),
    })
}

fn make(pair: &KeyFiles) -> Result<NewPair, Report> {
    // Before anybody types a passphrase twice.
    signing::refuse_existing(pair)?;
    let passphrase = Passphrase::choose(&pair.private.display().to_string())?;
    make_with(pair, &passphrase)
}

/// Makes a pair under a passphrase that is known already.
pub(super) fn make_with(pair: &KeyFiles, passphrase: &Passphrase) -> Result<NewPair, Report> {
    let key = PrivateKey::generate().map_err(|error| Report::new(crate::report::Kind::Failed, &error))?;
    signing::write_pair(pair, &key, passphrase)?;
    Ok(NewPair {
        private: pair.private.clone(),
        public: pair.public.clone(),
        fingerprint: key.public().fingerprint(),
        algorithm: ALGORITHM,
    })
}

/// One public key file.
pub fn show_file(file: &Path) -> Result<ShownKey, Report> {
    let key = signing::read_public(file)?;
    Ok(ShownKey {
        store: None,
        file: file.to_owned(),
        fingerprint: Some(key.fingerprint()),
        algorithm: Some(ALGORITHM),
        error: None,
    })
}

/// Every public key of every store, by store; one that cannot be used is shown with the reason.
pub fn show_workspace(context: &Context) -> Vec<ShownKey> {
    let mut shown = Vec::new();
    for (name, store) in &context.workspace.stores {
        for file in &store.keys {
            let key = show_file(file).unwrap_or_else(|error| ShownKey {
                store: None,
                file: file.clone(),
                fingerprint: None,
                algorithm: None,
                error: Some(error),
            });
            shown.push(ShownKey { store: Some(name.clone()), ..key });
        }
    }
    shown
}
