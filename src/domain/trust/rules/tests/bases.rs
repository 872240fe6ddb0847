//! Bases: who vouches for them, which are allowed, how old they are, whether their tag went back.

use std::time::Duration;

use super::*;
use crate::domain::trust::policy::Demand;
use crate::domain::trust::{Gap, LastSeen};

fn attached(signatures: Vec<SignatureSeen>) -> Evidence {
    Evidence { attached: Ok(Attached { signatures, attestations: Vec::new() }), ..base() }
}

fn wrong_key() -> Outcome {
    Outcome::WrongKey { hint: Some("\x1b[31mglobal".into()) }
}

fn bad_ones() -> Vec<(Outcome, &'static str)> {
    let text = || "why".to_owned();
    vec![
        (Outcome::OtherDigest { signed: text() }, reason::OTHER_DIGEST),
        (Outcome::OtherRepository { signed: text() }, reason::OTHER_REPOSITORY),
        (Outcome::Expired { why: text() }, reason::EXPIRED),
        (Outcome::Untrusted { why: text() }, reason::UNTRUSTED),
        (Outcome::Malformed { why: text() }, reason::MALFORMED),
        (wrong_key(), reason::WRONG_KEY),
        (Outcome::Missing { why: text() }, reason::REFERRER_MISSING),
    ]
}

#[test]
fn s01_s02_each_way_a_signature_fails_has_its_code_and_the_most_telling_counts() {
    assert_eq!(plain("base.signature", &attached(Vec::new())), "fail signature.unsigned");
    for (outcome, code) in bad_ones() {
        assert_eq!(plain("base.signature", &attached(vec![signed(outcome)])), format!("fail {code}"));
    }
    // From the least telling on: each that joins says more than those before.
    let mut seen = Vec::new();
    for (outcome, code) in bad_ones().into_iter().rev() {
        seen.push(signed(outcome));
        let contract = Contract::default();
        let evidence = attached(seen.clone());
        let (_, reason, lines) = judged("base.signature", Case::new(&evidence, &contract, &Policy::default(), NOW));
        assert_eq!((reason.as_str(), lines.len()), (code, seen.len()));
        assert!(!lines.join("").contains('\x1b'));
    }
}

#[test]
fn s02_one_good_among_bad_ones_is_enough() {
    let mut all: Vec<SignatureSeen> = bad_ones().into_iter().map(|(outcome, _)| signed(outcome)).collect();
    all.push(signed(good()));
    assert_eq!(plain("base.signature", &attached(all)), "pass signature.good");
    let legacy = SignatureSeen { form: Form::Legacy, ..signed(good()) };
    assert_eq!(plain("base.signature", &attached(vec![legacy.clone()])), "pass signature.legacy");
    assert_eq!(plain("base.signature", &attached(vec![legacy, signed(good())])), "pass signature.good");
    assert_eq!(plain("image.signature", &attached(vec![signed(wrong_key())])), "fail signature.wrong-key");
}

#[test]
fn s04_a_signature_over_the_index_is_none_over_the_image() {
    let index = |signatures| Some((digest("index"), Ok(Attached { signatures, attestations: Vec::new() })));
    let only = Evidence { index: index(vec![signed(good())]), ..attached(Vec::new()) };
    assert_eq!(plain("base.signature", &only), "fail signature.index-only");
    let contract = Contract::default();
    let lines = judged("base.signature", Case::new(&only, &contract, &Policy::default(), NOW)).2.join("\n");
    assert!(lines.contains(&digest("index").to_string()) && lines.contains(&digest("base").to_string()), "{lines}");
    // What is attached to the image itself and wrong says more.
    let wrong = Evidence { index: index(vec![signed(good())]), ..attached(vec![signed(wrong_key())]) };
    assert_eq!(plain("base.signature", &wrong), "fail signature.wrong-key");
    // The reverse: the image is signed, and it is told that the index is not.
    let child = Evidence { index: index(Vec::new()), ..attached(vec![signed(good())]) };
    assert_eq!(plain("base.signature", &child), "pass signature.good");
    let lines = judged("base.signature", Case::new(&child, &contract, &Policy::default(), NOW)).2;
    assert!(lines.iter().any(|line| line.contains("is not signed")), "{lines:?}");
    // An index signed by a stranger is no better than none.
    let stranger = Evidence { index: index(vec![signed(wrong_key())]), ..attached(Vec::new()) };
    assert_eq!(plain("base.signature", &stranger), "fail signature.unsigned");
}

#[test]
fn whoever_may_vouch_is_for_the_policy_to_say() {
    let mut policy = Policy::default();
    policy.base.signed_by = Some(vec!["other".into()]);
    assert_eq!(by("base.signature", &base(), &policy), "fail signature.other-store");
    policy.base.signed_by = Some(vec!["other".into(), "global".into()]);
    assert_eq!(by("base.signature", &base(), &policy), "pass signature.good");
    let stray = Evidence { store: None, ..base() };
    assert_eq!(by("base.signature", &stray, &policy), "unknown signature.no-keys");
    policy.base.signed_by = Some(Vec::new());
    assert_eq!(by("base.signature", &stray, &policy), "skip policy.not-asked");
    // Nobody has to sign bases; what is published is signed all the same.
    assert_eq!(by("image.signature", &stray, &policy), "unknown signature.no-keys");
}

#[test]
fn bases_are_allowed_by_store_and_name() {
    let mut policy = Policy::default();
    assert_eq!(by("base.allowed", &base(), &policy), "skip policy.not-asked");
    for (allow, expected) in [
        (vec!["global/**"], "pass base.listed"),
        (vec!["global/pyth*"], "pass base.listed"),
        (vec!["python"], "fail base.not-listed"),
        (vec!["global"], "fail base.not-listed"),
        (vec![], "fail base.not-listed"),
        (vec!["["], "unknown policy.unusable"),
    ] {
        policy.base.allow = Some(allow.into_iter().map(str::to_owned).collect());
        assert_eq!(by("base.allowed", &base(), &policy), expected, "{:?}", policy.base.allow);
    }
    // What lies under no store is not global by calling itself so.
    policy.base.allow = Some(vec!["global/**".into(), "**".into()]);
    let stray = Evidence { store: None, reference: "global/python".into(), ..base() };
    assert_eq!(by("base.allowed", &stray, &policy), "fail base.not-listed");
}

#[test]
fn s08_what_is_old_or_undated_or_from_the_future_does_not_pass() {
    let made = |days: i64| Evidence { created: Some(NOW - days * DAY), ..base() };
    let mut policy = Policy::default();
    assert_eq!(by("base.age", &made(4000), &policy), "skip policy.not-asked");
    policy.base.max_age = Some(Duration::from_secs(90 * 86_400));
    assert_eq!(by("base.age", &made(90), &policy), "pass base.young");
    assert_eq!(by("base.age", &made(91), &policy), "fail base.too-old");
    assert_eq!(by("base.age", &Evidence { created: Some(0), ..base() }, &policy), "fail base.too-old");
    assert_eq!(by("base.age", &Evidence { created: Some(i64::MIN), ..base() }, &policy), "fail base.too-old");
    assert_eq!(by("base.age", &Evidence { created: None, ..base() }, &policy), "unknown base.undated");
    assert_eq!(by("base.age", &made(-2), &policy), "unknown base.future");
    // Clocks a few minutes apart are no reason.
    assert_eq!(by("base.age", &Evidence { created: Some(NOW + 60), ..base() }, &policy), "pass base.young");
}

#[test]
fn a_tag_that_moved_on_is_told_as_the_policy_asks() {
    let moved = Evidence { tag_now: Ok(Some(digest("newer"))), ..base() };
    let mut policy = Policy::default();
    assert_eq!(by("base.fresh", &base(), &policy), "pass base.current");
    assert_eq!(by("base.fresh", &moved, &policy), "warn base.stale");
    policy.base.stale = Demand::Forbid;
    assert_eq!(by("base.fresh", &moved, &policy), "fail base.stale");
    policy.base.stale = Demand::Allow;
    assert_eq!(by("base.fresh", &moved, &policy), "skip policy.not-asked");
    let by_index = Evidence { index: Some((digest("newer"), Ok(Attached::default()))), ..moved };
    assert_eq!(plain("base.fresh", &by_index), "pass base.current");
    assert_eq!(plain("base.fresh", &Evidence { tag_now: Ok(None), ..base() }), "skip base.untagged");
    let gap = Gap { reason: reason::UNREACHABLE, why: "no answer".into() };
    assert_eq!(plain("base.fresh", &Evidence { tag_now: Err(gap), ..base() }), "unknown store.unreachable");
}

#[test]
fn s07_a_tag_never_goes_back_whatever_the_policy_says_of_stale_ones() {
    let seen = |name: &str, days: i64| Some(LastSeen { digest: digest(name), created: NOW - days * DAY });
    for stale in [Demand::Forbid, Demand::Warn, Demand::Allow] {
        let mut policy = Policy::default();
        policy.base.stale = stale;
        let fresh = |last_seen| Evidence { last_seen, ..base() };
        assert_eq!(by("base.fresh", &fresh(seen("newer", 9)), &policy), "fail base.rollback");
        let onward = by("base.fresh", &fresh(seen("older", 11)), &policy);
        assert!(!onward.starts_with("fail"), "{onward}");
        let undated = Evidence { created: None, ..fresh(seen("newer", 9)) };
        assert_eq!(by("base.fresh", &undated, &policy), "unknown base.undated");
        let same = Evidence { index: Some((digest("newer"), Ok(Attached::default()))), ..fresh(seen("newer", 9)) };
        assert!(!by("base.fresh", &same, &policy).contains("rollback"));
    }
}
