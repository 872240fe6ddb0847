//! What a rebase's answer means for a roll-out: done already, moved, to be baked again, or not to be moved. In words.

use crate::domain::text::{escape, escape_bytes};
use crate::flows::rebase::{Answer, Rebase};
use crate::report::Kind;

/// Most reasons told of one image.
const MOST: usize = 8;

/// What is to be done with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is on its new base.
    Current,
    /// It can be, or was, moved without running a step.
    Safe,
    /// Its recipe has to be baked again; why.
    Rebake(Vec<String>),
    /// It may not be moved; why.
    Refused(Vec<String>),
}

/// Why an image was not moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words, escaped.
    pub(super) why: Vec<String>,
    /// As the command that does the same alone would end.
    pub(super) exit_code: u8,
}

impl Failure {
    pub(super) fn new(kind: Kind, why: Vec<String>) -> Self {
        Self { why, exit_code: kind.exit_code() }
    }
}

impl From<crate::report::Report> for Failure {
    fn from(report: crate::report::Report) -> Self {
        let why = std::iter::once(report.message).chain(report.causes).take(MOST).collect();
        Self { why, exit_code: report.kind.exit_code() }
    }
}

/// What an answer means.
pub(super) fn verdict(rebase: &Rebase) -> Verdict {
    match rebase.answer {
        Answer::Current => Verdict::Current,
        Answer::Safe => Verdict::Safe,
        Answer::NeedsRebake => Verdict::Rebake(in_the_way(rebase)),
        Answer::Refused => match &rebase.refusal {
            // What it stood on is gone from its store: its recipe still says how it is made.
            Some(refusal) if refusal.reason == "base.unread" => {
                Verdict::Rebake(vec![format!("{}: {}", refusal.reason, refusal.why)])
            }
            _ => Verdict::Refused(refused(rebase)),
        },
    }
}

fn in_the_way(rebase: &Rebase) -> Vec<String> {
    let all = rebase.in_the_way.iter().flat_map(|on| {
        let paths = on.paths.iter().map(|path| format!("/{}: {}", escape_bytes(&path.ours), path.why));
        let fields =
            on.fields.iter().map(|field| format!("{}: the base changed it, and so did we", escape(&field.field)));
        paths.chain(fields).collect::<Vec<_>>()
    });
    let mut all: Vec<String> = all.collect();
    all.dedup();
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all
}

fn refused(rebase: &Rebase) -> Vec<String> {
    let refusal = rebase.refusal.iter().map(|refusal| format!("{}: {}", refusal.reason, refusal.why));
    let checks = rebase.checks.iter().map(|check| {
        let finding = &check.finding;
        let first = finding.evidence.first().map(|line| format!(": {}", escape(line))).unwrap_or_default();
        format!("{} {}: {}{first}", escape(&check.id), finding.verdict.as_str(), escape(&finding.reason))
    });
    refusal.chain(checks).take(MOST).collect()
}
