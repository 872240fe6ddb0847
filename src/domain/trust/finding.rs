//! Findings: the outcome of one check on one subject, of the same check on several, and of all of them. Judges nothing itself.

use std::borrow::Cow;

use serde::Serialize;

/// Outcome of a check (contract section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// Holds.
    Pass,
    /// Does not hold; the policy only warns.
    Warn,
    /// Does not hold.
    Fail,
    /// The policy does not ask.
    Skip,
    /// Could not be established; never counts as a pass.
    Unknown,
}

impl CheckVerdict {
    /// The word in journals, in `--json` and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it stands in the way: what failed, and what could not be established.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Fail | Self::Unknown)
    }
}

/// A check with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Check identifier (contract section 6).
    pub id: String,
    /// Its outcome.
    #[serde(flatten)]
    pub finding: Finding,
}

impl Check {
    /// A check with its outcome.
    pub fn new(id: impl Into<String>, finding: Finding) -> Self {
        Self { id: id.into(), finding }
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was found.
    pub verdict: CheckVerdict,
    /// Stable reason code.
    pub reason: Cow<'static, str>,
    /// Lines a person can act on.
    pub evidence: Vec<String>,
}

impl Finding {
    /// A finding with its evidence.
    pub fn new(verdict: CheckVerdict, reason: impl Into<Cow<'static, str>>, evidence: Vec<String>) -> Self {
        Self { verdict, reason: reason.into(), evidence }
    }
}

/// One finding for the same check on several subjects: the worst verdict counts, and where there are several subjects
/// every line of evidence says whose it is. `None` without any subject.
pub fn worst(findings: &[(String, Finding)]) -> Option<Finding> {
    let (_, first) = findings.iter().max_by_key(|(_, finding)| badness(finding.verdict))?;
    let several = findings.len() > 1;
    let lines = findings.iter().flat_map(|(subject, finding)| {
        finding.evidence.iter().map(move |line| if several { format!("{subject}: {line}") } else { line.clone() })
    });
    Some(Finding { verdict: first.verdict, reason: first.reason.clone(), evidence: lines.collect() })
}

/// What several verdicts come to: the worst of them. `Unknown` where there is none, since nothing was established.
pub fn overall(verdicts: impl IntoIterator<Item = CheckVerdict>) -> CheckVerdict {
    verdicts.into_iter().max_by_key(|verdict| badness(*verdict)).unwrap_or(CheckVerdict::Unknown)
}

fn badness(verdict: CheckVerdict) -> u8 {
    match verdict {
        CheckVerdict::Skip => 0,
        CheckVerdict::Pass => 1,
        CheckVerdict::Warn => 2,
        CheckVerdict::Unknown => 3,
        CheckVerdict::Fail => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_counts_and_unknown_is_worse_than_pass() {
        let on = |name: &str, verdict| (name.to_owned(), Finding::new(verdict, "r", vec!["seen".into()]));
        let (good, odd, bad) =
            (on("amd64", CheckVerdict::Pass), on("arm64", CheckVerdict::Unknown), on("s390x", CheckVerdict::Fail));
        assert_eq!(worst(&[]), None);
        assert_eq!(worst(std::slice::from_ref(&good)).unwrap().evidence, ["seen"]);
        let both = worst(&[odd.clone(), good.clone()]).unwrap();
        assert_eq!(
            (both.verdict, both.evidence),
            (CheckVerdict::Unknown, vec!["arm64: seen".into(), "amd64: seen".into()])
        );
        assert_eq!(worst(&[good, bad, odd]).unwrap().verdict, CheckVerdict::Fail);
    }

    #[test]
    fn all_of_nothing_is_unknown() {
        assert_eq!(overall([]), CheckVerdict::Unknown);
        assert_eq!(overall([CheckVerdict::Skip, CheckVerdict::Pass]), CheckVerdict::Pass);
        assert_eq!(overall([CheckVerdict::Warn, CheckVerdict::Unknown]), CheckVerdict::Unknown);
        assert!(CheckVerdict::Unknown.blocks() && !CheckVerdict::Warn.blocks());
    }
}
