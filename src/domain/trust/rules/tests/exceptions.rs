//! Exceptions: what they let pass, what they leave, and what becomes of them when they end.

use super::*;
use crate::domain::trust::policy::Exception;

fn exception(check: &str, path: Option<&str>, until: Option<time::Date>) -> Exception {
    Exception { check: check.into(), path: path.map(Into::into), reason: "sudo is ours".into(), until, line: 7 }
}

fn day(ordinal: u16) -> Option<time::Date> {
    Some(time::Date::from_ordinal_date(2026, ordinal).unwrap())
}

/// The verdict on two setuid files with these exceptions; 2026-07-01 is the year's day 182.
fn judge(exceptions: Vec<Exception>) -> (String, Vec<String>) {
    let setuid = Node { mode: 0o4755, ..file("x") };
    let evidence = image(&[brings(&[("usr/bin/sudo", setuid.clone()), ("usr/bin/su", setuid)])], 0);
    let (contract, policy) = (Contract::default(), Policy { exceptions, ..Policy::default() });
    let (verdict, reason, lines) = judged("layer.setuid", Case::new(&evidence, &contract, &policy, NOW));
    (format!("{} {reason}", verdict.as_str()), lines)
}

#[test]
fn what_is_excepted_passes_with_its_reason_and_the_rest_fails() {
    let (told, lines) = judge(vec![exception("layer.setuid", Some("/usr/bin/su*"), None)]);
    assert_eq!(told, "pass policy.exception");
    assert!(lines.iter().all(|line| line.contains("let pass: sudo is ours")) && lines.len() == 2, "{lines:?}");
    let (told, lines) = judge(vec![exception("layer.setuid", Some("/usr/bin/sudo"), day(182))]);
    assert_eq!(told, "fail layer.setuid");
    assert!(lines[0].starts_with("/usr/bin/su ") && lines[1].contains("until 2026-07-01"), "{lines:?}");
    assert_eq!(judge(vec![exception("layer.secrets", Some("/**"), None)]).0, "fail layer.setuid");
    assert_eq!(judge(vec![exception("layer.setuid", Some("["), None)]).0, "fail layer.setuid");
    assert_eq!(judge(vec![exception("layer.setuid", None, None)]).0, "pass policy.exception");
}

#[test]
fn an_exception_that_has_ended_is_itself_a_failure() {
    let ended = exception("layer.setuid", Some("/usr/bin/su*"), day(181));
    let (told, lines) = judge(vec![ended.clone()]);
    assert_eq!(told, "fail policy.exception-expired");
    assert!(lines[0].contains("line 7") && lines[0].contains("ran out on 2026-06-30"), "{lines:?}");
    // Another that counts does not hide it, and neither does that nothing is wrong any more.
    let both = vec![exception("layer.setuid", Some("/**"), None), ended.clone()];
    assert_eq!(judge(both).0, "fail policy.exception-expired");
    let policy = Policy { exceptions: vec![ended], ..Policy::default() };
    assert_eq!(by("layer.setuid", &image(&[], 0), &policy), "fail policy.exception-expired");
    assert_eq!(by("layer.device-nodes", &image(&[], 0), &policy), "pass layer.clean");
}

#[test]
fn without_a_day_every_exception_that_ends_has_ended() {
    let (evidence, contract) = (image(&[], 0), Contract::default());
    let policy = Policy { exceptions: vec![exception("layer.setuid", Some("/x"), day(365))], ..Policy::default() };
    let check = one("layer.setuid", Case::new(&evidence, &contract, &policy, i64::MAX)).unwrap();
    assert_eq!(check.finding.reason, "policy.exception-expired");
}

#[test]
fn bases_are_excepted_by_name_and_only_from_what_is_wrong() {
    let policy =
        |path: &str| Policy { exceptions: vec![exception("base.signature", Some(path), None)], ..Policy::default() };
    let unsigned = Evidence { attached: Ok(Attached::default()), ..base() };
    assert_eq!(by("base.signature", &unsigned, &policy("global/python")), "pass policy.exception");
    assert_eq!(by("base.signature", &unsigned, &policy("global/ruby")), "fail signature.unsigned");
    let stray = Evidence { store: None, ..unsigned };
    assert_eq!(by("base.signature", &stray, &policy("**")), "unknown signature.no-keys");
}
