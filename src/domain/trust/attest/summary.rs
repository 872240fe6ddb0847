//! Verification summaries: how an image was judged, by which policy, check by check. Source: SLSA verification summary v1;
//! `dev.bakery.checks` is ours.

use serde_json::{Value, json};

use super::error::{AttestError, list, text};
use super::provenance::{digest_set, stamp};
use crate::domain::oci::Digest;
use crate::domain::trust::{Check, CheckVerdict, Finding, overall};

/// Where the checks stand in the predicate.
const CHECKS: &str = "dev.bakery.checks";
/// Most checks that are read.
const MAX_CHECKS: usize = 1000;
/// The only level that is ours to grant: provenance exists.
const LEVEL: &str = "SLSA_BUILD_LEVEL_1";

/// By which policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyNamed {
    /// Where it stands, as a URI.
    pub uri: String,
    /// What it said.
    pub digest: Digest,
}

/// How an image was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Who judged, as a URI.
    pub verifier_id: String,
    /// When, in seconds since 1970.
    pub verified: i64,
    /// What was judged, as a URI.
    pub resource: String,
    /// By which policy.
    pub policy: PolicyNamed,
    /// What was found.
    pub checks: Vec<Check>,
}

impl Summary {
    /// Whether the image passed: nothing failed, nothing is unknown, and something was asked.
    pub fn is_passed(&self) -> bool {
        matches!(
            overall(self.checks.iter().map(|check| check.finding.verdict)),
            CheckVerdict::Pass | CheckVerdict::Warn
        )
    }

    /// As a SLSA predicate.
    pub fn to_predicate(&self) -> Value {
        let passed = self.is_passed();
        let levels: &[&str] = if passed { &[LEVEL] } else { &[] };
        json!({
            "verifier": {"id": self.verifier_id},
            "timeVerified": stamp(self.verified).unwrap_or_default(),
            "resourceUri": self.resource,
            "policy": {"uri": self.policy.uri, "digest": digest_set(&self.policy.digest)},
            "verificationResult": if passed { "PASSED" } else { "FAILED" },
            "verifiedLevels": levels,
            "slsaVersion": "1.0",
            CHECKS: self.checks,
        })
    }

    /// The checks a predicate carries, as they were found then.
    pub fn checks_of(predicate: &Value) -> Result<Vec<Check>, AttestError> {
        let listed = list(predicate, "/dev.bakery.checks")?;
        if listed.len() > MAX_CHECKS {
            return Err(AttestError::TooLarge { what: "checks", limit: MAX_CHECKS as u64 });
        }
        listed.iter().map(check).collect()
    }

    /// Whether a predicate says the image passed; only the exact word does.
    pub fn says_passed(predicate: &Value) -> Result<bool, AttestError> {
        match text(predicate, "/verificationResult")? {
            "PASSED" => Ok(true),
            "FAILED" => Ok(false),
            other => Err(AttestError::field("/verificationResult", format!("is {other:?}"))),
        }
    }
}

fn check(value: &Value) -> Result<Check, AttestError> {
    let verdict = match text(value, "/verdict")? {
        "pass" => CheckVerdict::Pass,
        "warn" => CheckVerdict::Warn,
        "fail" => CheckVerdict::Fail,
        "skip" => CheckVerdict::Skip,
        "unknown" => CheckVerdict::Unknown,
        other => return Err(AttestError::field("/verdict", format!("is {other:?}"))),
    };
    let line =
        |line: &Value| line.as_str().map(str::to_owned).ok_or_else(|| AttestError::field("/evidence", "is no text"));
    let evidence = list(value, "/evidence")?.iter().map(line).collect::<Result<_, _>>()?;
    Ok(Check::new(text(value, "/id")?, Finding::new(verdict, text(value, "/reason")?.to_owned(), evidence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(verdicts: &[CheckVerdict]) -> Summary {
        let check = |(number, verdict): (usize, &CheckVerdict)| {
            Check::new(format!("test.{number}"), Finding::new(*verdict, "test.reason", vec!["seen".into()]))
        };
        Summary {
            verifier_id: "https://bakery.dev/verifier".into(),
            verified: 0,
            resource: "team-a/app:1".into(),
            policy: PolicyNamed { uri: "policy.yaml".into(), digest: Digest::of(b"policy") },
            checks: verdicts.iter().enumerate().map(check).collect(),
        }
    }

    #[test]
    fn only_what_passed_is_called_so() {
        use CheckVerdict::{Fail, Pass, Skip, Unknown, Warn};
        let cases: [(&[CheckVerdict], &str); 7] = [
            (&[Pass, Skip, Warn], "PASSED"),
            (&[Pass], "PASSED"),
            (&[Pass, Unknown], "FAILED"),
            (&[Pass, Fail], "FAILED"),
            (&[Unknown, Fail], "FAILED"),
            (&[Skip], "FAILED"),
            (&[], "FAILED"),
        ];
        for (verdicts, result) in cases {
            let predicate = summary(verdicts).to_predicate();
            assert_eq!(predicate["verificationResult"], result, "{verdicts:?}");
            assert_eq!(Summary::says_passed(&predicate).unwrap(), result == "PASSED");
            let levels = predicate["verifiedLevels"].as_array().unwrap().len();
            assert_eq!(levels, usize::from(result == "PASSED"), "a level only for what passed");
            assert_eq!(Summary::checks_of(&predicate).unwrap(), summary(verdicts).checks);
        }
    }

    #[test]
    fn s05_a_summary_that_says_something_else_is_refused() {
        let good = summary(&[CheckVerdict::Pass]).to_predicate();
        assert_eq!(good["timeVerified"], "1970-01-01T00:00:00Z");
        for (pointer, value) in [
            ("/dev.bakery.checks/0/verdict", json!("PASS")),
            ("/dev.bakery.checks/0/id", json!(1)),
            ("/dev.bakery.checks/0/evidence", json!("seen")),
            ("/dev.bakery.checks", json!("all")),
        ] {
            let mut predicate = good.clone();
            *predicate.pointer_mut(pointer).unwrap() = value.clone();
            assert!(Summary::checks_of(&predicate).is_err(), "{pointer} {value}");
        }
        let mut predicate = good;
        predicate["verificationResult"] = json!("passed");
        assert!(Summary::says_passed(&predicate).is_err());
        assert_eq!(Summary::checks_of(&json!({})).unwrap(), []);
    }
}
