//! What is known of one image's signature, as lists and details show it. Verifies nothing.

use std::borrow::Cow;

use crate::domain::trust::{CheckVerdict, Signer, reason};
use crate::flows::browse::Listed;
use crate::tui::theme::{Glyph, Look};
use crate::tui::widgets::{glyph_of_verdict, signer_words};

/// The state of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The verdict of `base.signature`.
    pub verdict: CheckVerdict,
    /// Its reason code.
    pub reason: Cow<'static, str>,
    /// Who signed, of those trusted.
    pub signer: Option<Signer>,
}

impl Seal {
    /// What a listing tells of it; `None` where nobody looked.
    pub(super) fn of(listed: &Listed) -> Option<Self> {
        let state = listed.signature.as_ref()?;
        Some(Self { verdict: state.verdict, reason: state.reason.clone(), signer: state.signer.clone() })
    }

    /// Whether somebody signed whose word counts.
    pub fn is_signed(&self) -> bool {
        self.verdict == CheckVerdict::Pass && matches!(&*self.reason, reason::SIGNED | reason::SIGNED_LEGACY)
    }

    /// The badge.
    pub fn glyph(&self) -> Glyph {
        match &*self.reason {
            // Most images of the world are not signed; one that is signed wrongly is another matter.
            reason::UNSIGNED => Glyph::Warn,
            _ => glyph_of_verdict(Some(self.verdict)),
        }
    }

    /// In words.
    pub(super) fn words(&self, look: &Look) -> String {
        let signer = self.signer.as_ref().map(|signer| signer_words(look, signer));
        match (&*self.reason, signer) {
            (reason::SIGNED, Some(signer)) => format!("signed by {signer}"),
            (reason::SIGNED_LEGACY, Some(signer)) => format!("signed by {signer}, in the older form"),
            (reason::UNSIGNED, _) => "not signed".to_owned(),
            (reason::WRONG_KEY, _) => "signed by a key that is none of the store's".to_owned(),
            (reason::NO_KEYS, _) => "its store names no keys to judge a signature by".to_owned(),
            (reason::NOT_ASKED, _) => "nobody asks for a signature".to_owned(),
            (code, _) if self.verdict == CheckVerdict::Unknown => format!("not known whether it is signed: {code}"),
            (code, _) => format!("its signature does not count: {code}"),
        }
    }
}
