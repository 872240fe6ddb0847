//! What a rule says before exceptions: settled, or a list of what is wrong. Exceptions make a finding of it.

use super::super::finding::{CheckVerdict, Finding};
use super::super::policy::{Demand, Exception, sort};
use super::super::{Gap, GlobError, reason};
use crate::domain::text::{escape, escape_bytes};

/// Most lines of evidence in a finding.
const MAX_LINES: usize = 50;
/// Most offences kept of one check: who breaks a rule more often is not excepted line by line.
const MAX_OFFENCES: usize = 10_000;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// Stable reason code.
    pub reason: &'static str,
    /// What an exception can name: a path without its leading `/`, a base, a package, a label. `None`: nothing.
    pub subject: Option<Vec<u8>>,
    /// A line a person can act on.
    pub line: String,
}

impl Offence {
    /// Something wrong that has no name of its own.
    pub fn new(reason: &'static str, line: impl Into<String>) -> Self {
        Self { reason, subject: None, line: line.into() }
    }

    /// Something wrong with what has a name.
    pub fn about(reason: &'static str, subject: impl Into<Vec<u8>>, line: impl Into<String>) -> Self {
        Self { reason, subject: Some(subject.into()), line: line.into() }
    }
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// This, and no exception changes it.
    Settled(Finding),
    /// These are wrong, the most telling first.
    Offends(Demand, Vec<Offence>),
}

impl Judged {
    /// It holds.
    pub fn pass(reason: &'static str, evidence: Vec<String>) -> Self {
        Self::Settled(Finding::new(CheckVerdict::Pass, reason, evidence))
    }

    /// Nobody asks.
    pub fn skip(reason: &'static str, evidence: Vec<String>) -> Self {
        Self::Settled(Finding::new(CheckVerdict::Skip, reason, evidence))
    }

    /// The policy does not ask.
    pub fn not_asked() -> Self {
        Self::skip(reason::NOT_ASKED, Vec::new())
    }

    /// It could not be established.
    pub fn unknown(gap: &Gap) -> Self {
        Self::Settled(Finding::new(CheckVerdict::Unknown, gap.reason, vec![escape(&gap.why)]))
    }

    /// It could not be established, since the policy or the contract says what means nothing.
    pub fn unusable(error: &GlobError) -> Self {
        Self::unknown(&Gap { reason: reason::POLICY_UNUSABLE, why: error.to_string() })
    }

    /// It does not hold, for one reason.
    pub fn fail(offence: Offence) -> Self {
        Self::Offends(Demand::Forbid, vec![offence])
    }

    /// It does not hold; unknown where nobody can say what is wrong.
    pub fn wrong(offences: Vec<Offence>) -> Self {
        let why = || "nothing was found that holds, and nothing that does not".to_owned();
        Self::of(Demand::Forbid, offences, || Self::unknown(&Gap { reason: reason::UNUSABLE, why: why() }))
    }

    /// `offences`, or `good` where there is none.
    pub fn of(demand: Demand, mut offences: Vec<Offence>, good: impl FnOnce() -> Self) -> Self {
        let (Some(first), true) = (offences.first(), demand != Demand::Allow) else { return good() };
        let (reason, left_out) = (first.reason, offences.len().saturating_sub(MAX_OFFENCES));
        if left_out > 0 {
            offences.truncate(MAX_OFFENCES);
            offences.push(Offence::new(reason, format!("and {left_out} more that are not listed")));
        }
        Self::Offends(demand, offences)
    }

    /// The finding, once exceptions are applied.
    pub fn finding(self, check: &str, exceptions: &[Exception], today: Option<time::Date>) -> Finding {
        let (demand, offences) = match self {
            Self::Settled(finding) if matches!(finding.verdict, CheckVerdict::Skip | CheckVerdict::Unknown) => {
                return finding;
            }
            Self::Settled(finding) => {
                let expired = sort(check, Vec::new(), exceptions, today).expired;
                if expired.is_empty() || finding.verdict == CheckVerdict::Fail {
                    return finding;
                }
                let lines = expired.into_iter().chain(finding.evidence);
                return Finding::new(CheckVerdict::Fail, reason::EXCEPTION_EXPIRED, bounded(lines));
            }
            Self::Offends(demand, offences) => (demand, offences),
        };
        let sorted = sort(check, offences, exceptions, today);
        let first = sorted.rest.first().map(|offence| offence.reason);
        let rest = sorted.rest.into_iter().map(|offence| offence.line);
        let lines = bounded(sorted.expired.iter().cloned().chain(rest).chain(sorted.excused));
        match (sorted.expired.is_empty(), first, demand) {
            (false, ..) => Finding::new(CheckVerdict::Fail, reason::EXCEPTION_EXPIRED, lines),
            (true, None, _) => Finding::new(CheckVerdict::Pass, reason::EXCEPTED, lines),
            (true, Some(reason), Demand::Forbid) => Finding::new(CheckVerdict::Fail, reason, lines),
            (true, Some(reason), _) => Finding::new(CheckVerdict::Warn, reason, lines),
        }
    }
}

/// As many lines as anybody reads.
fn bounded(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = lines.collect();
    if kept.len() > MAX_LINES {
        let more = kept.len() - (MAX_LINES - 1);
        kept.truncate(MAX_LINES - 1);
        kept.push(format!("and {more} more"));
    }
    kept
}

/// A path as people know it.
pub fn shown(path: &[u8]) -> String {
    format!("/{}", escape_bytes(path))
}
