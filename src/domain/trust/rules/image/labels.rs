//! `image.labels`: labels that must be there and say something.

use super::super::super::policy::Demand;
use super::super::super::reason;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::text::escape;
use crate::domain::units::count;

pub fn labels(judging: &Judging<'_>) -> Judged {
    let required = &judging.case.policy.image.require_labels;
    if required.is_empty() {
        return Judged::not_asked();
    }
    let missing = required.iter().filter(|label| judging.case.evidence.label(label).is_none_or(str::is_empty));
    let offences = missing.map(|label| {
        let line = format!("the label {} is missing", escape(label));
        Offence::about(reason::LABELS_MISSING, label.as_bytes(), line)
    });
    Judged::of(Demand::Forbid, offences.collect(), || {
        Judged::pass(reason::LABELS_THERE, vec![format!("{} asked for", count(required.len() as u64, "label"))])
    })
}
