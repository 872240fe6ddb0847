//! `base.fresh`: whether a base's tag still points to it, and never to something older than was seen there before (S-07).

use super::super::super::policy::Demand;
use super::super::super::{Evidence, Gap, reason};
use super::super::judged::Judged;
use super::super::judging::Judging;
use crate::domain::oci::Digest;
use crate::domain::text::escape;

pub fn fresh(judging: &Judging<'_>) -> Judged {
    let (base, demand) = (judging.case.evidence, judging.case.policy.base.stale);
    if let Some(judged) = rollback(base) {
        return judged;
    }
    if demand == Demand::Allow {
        return Judged::not_asked();
    }
    let tag = escape(base.tag.as_deref().unwrap_or("its tag"));
    match &base.tag_now {
        Err(gap) => Judged::unknown(gap),
        Ok(None) => Judged::skip(reason::BASE_UNTAGGED, vec!["it is named by its digest alone".to_owned()]),
        Ok(Some(now)) if is(base, now) => Judged::pass(reason::BASE_CURRENT, vec![format!("{tag} points to it")]),
        Ok(Some(now)) => {
            let pinned = base.index.as_ref().map_or(&base.digest, |(index, _)| index);
            let line = format!("{tag} points to {now} now, no longer to {pinned}");
            Judged::of(demand, vec![super::about(base, reason::BASE_STALE, line)], Judged::not_asked)
        }
    }
}

fn is(base: &Evidence, digest: &Digest) -> bool {
    base.digest == *digest || base.index.as_ref().is_some_and(|(index, _)| index == digest)
}

fn rollback(base: &Evidence) -> Option<Judged> {
    let last = base.last_seen.as_ref().filter(|last| !is(base, &last.digest))?;
    let Some(created) = base.created else {
        let why = format!("it does not say when it was made, and its tag was last seen to point to {}", last.digest);
        return Some(Judged::unknown(&Gap { reason: reason::BASE_UNDATED, why }));
    };
    if last.created <= created {
        return None;
    }
    let day = |seconds: i64| {
        let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
        time.map_or_else(|| seconds.to_string(), |time| time.date().to_string())
    };
    let (shown, newer) = (day(created), day(last.created));
    let line = format!("made on {shown}, older than {} of {newer} that its tag was last seen to point to", last.digest);
    Some(Judged::fail(super::about(base, reason::BASE_ROLLBACK, line)))
}
