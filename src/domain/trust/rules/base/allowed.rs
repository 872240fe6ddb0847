//! `base.allowed`: which images the policy lets be bases, by `STORE/NAME`.

use super::super::super::{Globs, reason};
use super::super::judged::Judged;
use super::super::judging::Judging;
use crate::domain::text::escape;

pub fn allowed(judging: &Judging<'_>) -> Judged {
    let base = judging.case.evidence;
    let Some(allow) = &judging.case.policy.base.allow else { return Judged::not_asked() };
    let globs = match Globs::new(allow) {
        Ok(globs) => globs,
        Err(error) => return Judged::unusable(&error),
    };
    // What lies under no store has no name that could be allowed, whatever it calls itself.
    let found = base.store.as_ref().and_then(|_| globs.which(super::name(base).as_bytes()));
    match found {
        Some(glob) => Judged::pass(
            reason::BASE_LISTED,
            vec![format!("{} is one of {}", escape(&super::name(base)), escape(glob))],
        ),
        None => {
            let allowed = if allow.is_empty() { "none".to_owned() } else { allow.join(", ") };
            let line = format!("{} is none of those allowed: {}", escape(&super::name(base)), escape(&allowed));
            Judged::fail(super::about(base, reason::BASE_NOT_LISTED, line))
        }
    }
}
