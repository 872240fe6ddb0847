//! Who made a bundle without a key: everything that must hold, in order. Asks nobody.

use std::sync::Arc;

use super::certificate::Leaf;
use super::identity::Identity;
use super::root::TrustedRoot;
use super::{log, sct, untrusted};
use crate::adapters::signing::judge::shown;
use crate::domain::trust::attest::{Bundle, Material};
use crate::domain::trust::{Outcome, Signer};

/// Whose signatures without a key count, and who must vouch for them.
#[derive(Clone)]
pub struct Keyless {
    /// Who vouches.
    pub root: Arc<TrustedRoot>,
    /// For whom.
    pub identities: Vec<Identity>,
}

impl Keyless {
    /// Who made a bundle, or why that is not established.
    pub(in crate::adapters::signing) fn identify(&self, bundle: &Bundle, now: i64) -> Result<Signer, Outcome> {
        let Material::Certificate(der) = &bundle.material else {
            return Err(untrusted("it is signed by a key"));
        };
        let leaf = Leaf::parse(der)?;
        let ([signature], [entry]) = (&bundle.envelope.signatures[..], &bundle.entries[..]) else {
            return Err(untrusted("it must have one signature and one log entry"));
        };
        if !leaf.key.has_signed(leaf.key.usual_digest(), &bundle.envelope.message(), signature) {
            return Err(untrusted("its own certificate's key did not sign it"));
        }
        let at = log::time_of(entry, (&bundle.envelope, &leaf), &self.root, now)?;
        leaf.held_at(at)?;
        let issuer = leaf.chain(&self.root, at)?;
        if !self.root.certificate_logs.is_empty() {
            sct::was_published(&leaf, issuer, &self.root.certificate_logs)?;
        }
        let Leaf { issuer, subject, .. } = leaf;
        if self.identities.iter().any(|identity| identity.is(&issuer, &subject)) {
            return Ok(Signer::Identity { issuer, subject });
        }
        Err(Outcome::WrongKey { hint: Some(shown(&format!("{subject} ({issuer})"))) })
    }
}
