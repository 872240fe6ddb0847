//! `base.age`: how old a base may be. What freezes a tag at an old image is caught here (S-08).

use super::super::super::{Gap, reason};
use super::super::judged::Judged;
use super::super::judging::Judging;
use crate::domain::units;

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 600;

pub fn age(judging: &Judging<'_>) -> Judged {
    let (base, now) = (judging.case.evidence, judging.case.now);
    let words = |seconds: u64| units::age(seconds);
    let age = base.created.map(|created| now.saturating_sub(created));
    let Some(limit) = judging.case.policy.base.max_age else {
        // An image made reproducibly often tells the beginning of time, which says nothing of its age.
        let told = base.created.is_some_and(|created| created > 0);
        let old = age.filter(|_| told).and_then(|age| u64::try_from(age).ok());
        return Judged::skip(
            reason::NOT_ASKED,
            old.map(|age| format!("it is {} old", words(age))).into_iter().collect(),
        );
    };
    let unknown = |reason, why: &str| Judged::unknown(&Gap { reason, why: why.to_owned() });
    let Some(age) = age else {
        return unknown(reason::BASE_UNDATED, "its config does not say when it was made");
    };
    if age < -SKEW {
        return unknown(
            reason::BASE_FUTURE,
            "it says it was made in the future; this machine's clock or its own is wrong",
        );
    }
    let age = u64::try_from(age).unwrap_or(0);
    if age <= limit.as_secs() {
        return Judged::pass(
            reason::BASE_YOUNG,
            vec![format!("{} old, at most {}", words(age), words(limit.as_secs()))],
        );
    }
    let line = format!("it is {} old; the policy allows {}", words(age), words(limit.as_secs()));
    Judged::fail(super::about(base, reason::BASE_OLD, line))
}
