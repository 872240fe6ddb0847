//! Signatures in a column: who signed, or in two words why nobody counts as having. Words first; signs only stress them.

use crate::domain::text::escape;
use crate::domain::trust::{CheckVerdict, Signer, reason};
use crate::flows::verify::SignatureState;

/// `signed by global`, `unsigned ▲`, `wrong key ✖`.
pub fn signature(state: Option<&SignatureState>) -> String {
    let Some(state) = state else { return "-".to_owned() };
    if let Some(signer) = &state.signer {
        return format!("signed by {}", signer_name(signer));
    }
    let words = match &*state.reason {
        reason::SIGNED | reason::SIGNED_LEGACY => "signed",
        reason::UNSIGNED => return "unsigned ▲".to_owned(),
        reason::WRONG_KEY => "wrong key",
        reason::OTHER_DIGEST => "of other image",
        reason::OTHER_REPOSITORY => "of other name",
        reason::MALFORMED => "malformed",
        reason::EXPIRED => "expired",
        reason::UNTRUSTED => "not trusted",
        reason::INDEX_ONLY => "index only",
        reason::REFERRER_MISSING => "signature gone",
        reason::NO_KEYS => "no keys",
        reason::BAD_KEYS => "unusable keys",
        reason::TOO_MANY => "too many",
        reason::OTHER_STORE => "other store",
        reason::UNREACHABLE => "no answer",
        reason::NOT_ASKED => "not asked",
        other => other,
    };
    match state.verdict {
        CheckVerdict::Pass | CheckVerdict::Skip => words.to_owned(),
        CheckVerdict::Warn => format!("{words} ▲"),
        CheckVerdict::Fail => format!("{words} ✖"),
        CheckVerdict::Unknown => format!("{words} ?"),
    }
}

/// Who signed, for people: the key's name, or the identity.
pub(super) fn signer_name(signer: &Signer) -> String {
    match signer {
        Signer::Key { name, .. } => escape(name),
        Signer::Identity { subject, .. } => escape(subject),
    }
}
