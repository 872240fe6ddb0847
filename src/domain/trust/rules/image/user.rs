//! `image.user`: as whom an image runs. Told from its config; a name that stands for root in the image's own account files
//! is not seen through.

use super::super::super::{Evidence, reason};
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::text::escape;

pub fn user(judging: &Judging<'_>) -> Judged {
    let Some(wanted) = &judging.case.policy.image.user else { return Judged::not_asked() };
    let user = User::of(judging.case.evidence);
    match user.wrong(wanted) {
        Some((reason, line)) => Judged::fail(Offence::new(reason, line)),
        None => Judged::pass(reason::USER_FITS, vec![format!("it runs as {}", escape(user.0))]),
    }
}

/// The config's word for who runs it: `USER`, `USER:GROUP`, or nothing, which is root.
pub struct User<'e>(&'e str);

impl<'e> User<'e> {
    pub fn of(image: &'e Evidence) -> Self {
        let config = image.config.config.as_ref();
        Self(config.and_then(|config| config.user.as_deref()).unwrap_or_default())
    }

    /// What is wrong with it where `wanted` is asked: `nonroot`, or a user's name or number.
    pub fn wrong(&self, wanted: &str) -> Option<(&'static str, String)> {
        let name = self.0.split(':').next().unwrap_or_default();
        let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { Some(name.parse::<u64>().ok()) } else { None };
        if name.is_empty() || name == "root" || number == Some(Some(0)) {
            let shown = if self.0.is_empty() { "nobody is named".to_owned() } else { escape(self.0) };
            return Some((reason::USER_ROOT, format!("it runs as root ({shown})")));
        }
        // Runtimes wrap a number that is too large, or give a word they cannot make sense of to somebody else (J-14).
        let too_large = number.is_some_and(|number| number.is_none_or(|number| number > i32::MAX as u64));
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"_-.@$".contains(&b);
        let plain = name.bytes().all(letter) && !name.starts_with(['-', '.']) && self.0.matches(':').count() <= 1;
        if too_large || !plain {
            return Some((reason::USER_UNCLEAR, format!("nobody can tell who {} is", escape(self.0))));
        }
        if wanted == "nonroot" || wanted == name {
            return None;
        }
        Some((reason::USER_OTHER, format!("it runs as {}, and must as {}", escape(self.0), escape(wanted))))
    }
}
