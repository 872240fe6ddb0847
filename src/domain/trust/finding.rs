//! Findings: the outcome of one check on one subject, and of the same check on several. Judges nothing itself.

/// Outcome of a check (contract section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub verdict: CheckVerdict,
    /// Stable reason code.
    pub reason: &'static str,
    /// Lines a person can act on.
    pub evidence: Vec<String>,
}

impl Finding {
    /// A finding with its evidence.
    pub fn new(verdict: CheckVerdict, reason: &'static str, evidence: Vec<String>) -> Self {
        Self { verdict, reason, evidence }
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
    Some(Finding { evidence: lines.collect(), ..*first })
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
}
