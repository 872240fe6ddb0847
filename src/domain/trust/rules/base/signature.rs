//! `base.signature`: who vouches for a base. Strict: what is signed is this digest, by a key of its own store. A signature over
//! the index alone is none over the image (S-04); one good among bad ones is enough (S-02).

use super::super::super::signature::{Attached, Form, Outcome, SignatureSeen, Signer};
use super::super::super::{Evidence, Gap, reason};
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::text::escape;

pub fn signature(judging: &Judging<'_>) -> Judged {
    let (base, policy) = (judging.case.evidence, &judging.case.policy.base);
    let Some(allowed) = &policy.signed_by else { return signed(base, |reason, line| super::about(base, reason, line)) };
    if allowed.is_empty() {
        return Judged::not_asked();
    }
    if let Some(store) = base.store.as_ref().filter(|store| !allowed.contains(store)) {
        let line =
            format!("it is of the store {}; bases may be signed by {}", escape(store), escape(&allowed.join(", ")));
        return Judged::fail(super::about(base, reason::OTHER_STORE, line));
    }
    signed(base, |reason, line| super::about(base, reason, line))
}

/// Whether a key of the image's store signed it. `offence` makes something wrong of a reason and a line.
pub fn signed(image: &Evidence, offence: impl Fn(&'static str, String) -> Offence) -> Judged {
    if image.store.is_none() {
        let why =
            format!("{} lies under no store of the workspace, so there are no keys to judge it by", image.reference);
        return Judged::unknown(&Gap { reason: reason::NO_KEYS, why });
    }
    let attached = match &image.attached {
        Ok(attached) => attached,
        Err(gap) => return Judged::unknown(gap),
    };
    let of_index = image.index.as_ref().filter(|(digest, _)| *digest != image.digest);
    if attached.signers().next().is_some() {
        let mut lines: Vec<String> = attached.signatures.iter().filter_map(good).collect();
        lines.push(format!("over {}", image.digest));
        if let Some((index, Ok(theirs))) = of_index
            && theirs.signers().next().is_none()
        {
            lines.push(format!("the index {index} it was found through is not signed"));
        }
        let bundle = attached
            .signatures
            .iter()
            .any(|seen| seen.form == Form::Bundle && matches!(seen.outcome, Outcome::Good { .. }));
        return Judged::pass(if bundle { reason::SIGNED } else { reason::SIGNED_LEGACY }, lines);
    }
    let mut bad: Vec<Offence> = Vec::new();
    let mut seen: Vec<(u8, &'static str, String)> = attached.signatures.iter().filter_map(bad_signature).collect();
    seen.sort_by_key(|(rank, ..)| *rank);
    // What is there and wrong says more than what the index has.
    let only_missing = seen.iter().all(|(_, reason, _)| *reason == reason::REFERRER_MISSING);
    if only_missing
        && let Some((index, Ok(theirs))) = of_index
        && theirs.signers().next().is_some()
    {
        bad.push(offence(reason::INDEX_ONLY, index_only(image, index, theirs)));
    }
    bad.extend(seen.into_iter().map(|(_, reason, line)| offence(reason, line)));
    if bad.is_empty() {
        bad.push(offence(reason::UNSIGNED, format!("nothing is attached to {} that signs it", image.digest)));
    }
    Judged::wrong(bad)
}

fn index_only(image: &Evidence, index: &crate::domain::oci::Digest, theirs: &Attached) -> String {
    let signers: Vec<String> = theirs.signers().map(signer).collect();
    format!("{} is not signed; the index {index} it was found through is, by {}", image.digest, signers.join(", "))
}

fn signer(signer: &Signer) -> String {
    match signer {
        Signer::Key { name, fingerprint } => {
            format!("key {} ({})", escape(name), escape(fingerprint.get(..12).unwrap_or(fingerprint)))
        }
        Signer::Identity { issuer, subject } => format!("{}, as {} says", escape(subject), escape(issuer)),
    }
}

fn form(seen: &SignatureSeen) -> String {
    let form = match seen.form {
        Form::Bundle => "bundle",
        Form::Legacy => "older signature",
    };
    format!("{form} {}", seen.at.short())
}

fn good(seen: &SignatureSeen) -> Option<String> {
    match &seen.outcome {
        Outcome::Good { signer: by } => Some(format!("{} by {}", form(seen), signer(by))),
        _ => None,
    }
}

fn bad_signature(seen: &SignatureSeen) -> Option<(u8, &'static str, String)> {
    let (rank, reason, words) = bad_outcome(&seen.outcome)?;
    Some((rank, reason, format!("{}: {words}", form(seen))))
}

/// How telling a bad outcome is, the most telling first; its code; its words.
pub fn bad_outcome(outcome: &Outcome) -> Option<(u8, &'static str, String)> {
    Some(match outcome {
        Outcome::Good { .. } => return None,
        Outcome::OtherDigest { signed } => (0, reason::OTHER_DIGEST, format!("it is over {}", escape(signed))),
        Outcome::OtherRepository { signed } => {
            (1, reason::OTHER_REPOSITORY, format!("it is over this image as {}", escape(signed)))
        }
        Outcome::Expired { why } => (2, reason::EXPIRED, escape(why)),
        Outcome::Untrusted { why } => (3, reason::UNTRUSTED, escape(why)),
        Outcome::Malformed { why } => (4, reason::MALFORMED, escape(why)),
        Outcome::WrongKey { hint } => {
            let hint = hint.as_ref().map(|hint| format!(" (it says: {})", escape(hint))).unwrap_or_default();
            (5, reason::WRONG_KEY, format!("none of the store's keys made it{hint}"))
        }
        Outcome::Missing { why } => (6, reason::REFERRER_MISSING, escape(why)),
    })
}
