//! The checks of a bake and their verdicts. Folds events, judges nothing.

use crate::domain::journal::{CheckVerdict, Event, EventKind};

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// Check identifier.
    pub id: String,
    /// Its outcome; `None` while it runs.
    pub verdict: Option<CheckVerdict>,
    /// Stable reason code; empty while it runs.
    pub reason: String,
    /// Lines a person can act on.
    pub evidence: Vec<String>,
}

/// All checks, in the order they started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    rows: Vec<CheckRow>,
}

impl Checks {
    /// The checks in order.
    pub fn rows(&self) -> &[CheckRow] {
        &self.rows
    }

    /// How many have this verdict.
    pub fn count(&self, verdict: CheckVerdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == Some(verdict)).count()
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::CheckStarted { check } => {
                let row = self.row(check);
                row.verdict = None;
            }
            EventKind::CheckFinished { check, verdict, reason, evidence } => {
                let row = self.row(check);
                row.verdict = Some(*verdict);
                row.reason.clone_from(reason);
                row.evidence.clone_from(evidence);
            }
            _ => {}
        }
    }

    fn row(&mut self, id: &str) -> &mut CheckRow {
        let at = self.rows.iter().position(|row| row.id == id).unwrap_or_else(|| {
            let row = CheckRow { id: id.to_owned(), verdict: None, reason: String::new(), evidence: Vec::new() };
            self.rows.push(row);
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::{every_kind, number, started};

    #[test]
    fn a_check_that_runs_has_no_verdict_yet() {
        let mut checks = Checks::default();
        number(vec![started(), EventKind::CheckStarted { check: "image.user".into() }])
            .iter()
            .for_each(|event| checks.apply(event));
        assert_eq!((checks.rows()[0].verdict, checks.count(CheckVerdict::Pass)), (None, 0));
        every_kind().iter().for_each(|event| checks.apply(event));
        assert_eq!(checks.count(CheckVerdict::Pass), 1);
    }
}
