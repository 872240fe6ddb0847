//! `layer.size`: how many bytes one of the own layers may take, as stored.

use super::super::super::policy::Demand;
use super::super::super::reason;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::units::bytes;

pub fn size(judging: &Judging<'_>) -> Judged {
    let evidence = judging.case.evidence;
    let Some(limit) = judging.case.policy.image.max_layer else { return Judged::not_asked() };
    let own = || evidence.layers.iter().enumerate().skip(evidence.inherited as usize);
    let large = own().filter(|(_, layer)| layer.size > limit);
    let offences = large.map(|(at, layer)| {
        let line = format!("layer {} takes {}; the policy allows {}", at + 1, bytes(layer.size), bytes(limit));
        Offence::new(reason::LAYER_LARGE, line)
    });
    Judged::of(Demand::Forbid, offences.collect(), || {
        let largest = own().map(|(_, layer)| layer.size).max().unwrap_or(0);
        Judged::pass(
            reason::LAYER_SMALL,
            vec![format!("the largest takes {}, at most {}", bytes(largest), bytes(limit))],
        )
    })
}
