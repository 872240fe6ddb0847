//! Signing: cosign-compatible key pairs, their files and passphrases; what is attached to images, and whether it holds.
//!
//! Reading order: `key`, `file`, `opened`, `passphrase` (who signs), `attach` and `ready` (what is written), `keyring` (whose signatures count),
//! `attached` (what is found), `judge` (one of it), `keyless` (signatures without a key), `legacy_tag` (cosign's older form).

mod attach;
mod attached;
mod file;
mod judge;
mod key;
mod keyless;
mod keyring;
mod legacy_tag;
mod opened;
mod passphrase;
mod prompt;
mod ready;

pub use attach::{Attachment, Said, SignatureFormat, Signing, SigningError};
pub use attached::{Subject, attached};
pub use file::{KeyFileError, KeyFiles, read_private, read_public, refuse_existing, write_pair};
pub use key::{ALGORITHM, KeyError, PrivateKey, PublicKey};
pub use keyless::{Identity, Keyless, RootError, SubjectPattern, TrustedRoot};
pub use keyring::{Keyring, NamedKey};
pub use opened::OpenedKeys;
pub use passphrase::{Passphrase, PassphraseError};
pub use ready::{Ready, Sealed};
