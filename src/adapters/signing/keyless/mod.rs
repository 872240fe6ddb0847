//! Signatures without a key: a short-lived certificate for an identity, and a log that tells when it was used. Verified against a
//! trusted root file, offline. Asks nobody; what is not proven is untrusted.
//!
//! Reading order: `root` (who is trusted), `identity` (whose signatures count), `certificate` (the chain), `sct` (that the
//! certificate was published), `log` (that the signature was, and when), `verify` (all of it, in order).

mod certificate;
mod curve;
mod identity;
mod log;
mod root;
mod sct;
mod verify;

pub use identity::{Identity, SubjectPattern};
pub use root::{RootError, TrustedRoot};
pub use verify::Keyless;

use super::judge::shown;
use crate::domain::trust::Outcome;

/// A refusal with its reason; text from outside is made harmless.
fn untrusted(why: impl AsRef<str>) -> Outcome {
    Outcome::Untrusted { why: shown(why.as_ref()) }
}
