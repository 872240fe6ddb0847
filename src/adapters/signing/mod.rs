//! Signing: cosign-compatible key pairs, their files and passphrases.

mod attach;
mod attached;
mod file;
mod key;
mod keyring;
mod passphrase;
mod prompt;

pub use attach::{SignatureFormat, Signing, SigningError};
pub use attached::{Subject, attached};
pub use file::{KeyFileError, KeyFiles, read_private, read_public, refuse_existing, write_pair};
pub use key::{ALGORITHM, KeyError, PrivateKey, PublicKey};
pub use keyring::{Keyring, NamedKey};
pub use passphrase::{Passphrase, PassphraseError};
