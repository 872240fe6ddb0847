//! `image.size`: how many bytes all layers may take together, as stored.

use super::super::super::reason;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::units::bytes;

pub fn size(judging: &Judging<'_>) -> Judged {
    let Some(limit) = judging.case.policy.image.max_total else { return Judged::not_asked() };
    let total = judging.case.evidence.layers.iter().fold(0_u64, |total, layer| total.saturating_add(layer.size));
    if total <= limit {
        return Judged::pass(reason::IMAGE_SMALL, vec![format!("{}, at most {}", bytes(total), bytes(limit))]);
    }
    let line = format!("its layers take {}; the policy allows {}", bytes(total), bytes(limit));
    Judged::fail(Offence::new(reason::IMAGE_LARGE, line))
}
