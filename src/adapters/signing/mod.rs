//! Signing: cosign-compatible key pairs, their files and passphrases.

mod file;
mod key;
mod passphrase;
mod prompt;

pub use file::{KeyFileError, KeyFiles, read_private, read_public, refuse_existing, write_pair};
pub use key::{ALGORITHM, KeyError, PrivateKey, PublicKey};
pub use passphrase::{Passphrase, PassphraseError};
