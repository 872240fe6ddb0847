//! `lineage.layers`: inheritance proven from content: the base's diffIDs are the image's first, in order. Labels and
//! annotations prove nothing.

use super::super::super::{Gap, reason};
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;

pub fn layers(judging: &Judging<'_>) -> Judged {
    let case = &judging.case;
    let own = &case.evidence.config.rootfs.diff_ids;
    if let Some(base) = case.base {
        let theirs = &base.config.rootfs.diff_ids;
        let same = theirs.iter().zip(own).take_while(|(theirs, own)| theirs == own).count();
        if same == theirs.len() {
            return Judged::pass(reason::PREFIX, vec![format!("{same} of {} diffIDs", theirs.len())]);
        }
        let found = own.get(same).map_or("nothing".to_owned(), ToString::to_string);
        let expected = theirs.get(same).map(ToString::to_string).unwrap_or_default();
        let line = format!(
            "layer {}: the base has {expected}, the image {found}; {same} of {} diffIDs",
            same + 1,
            theirs.len()
        );
        return Judged::fail(Offence::new(reason::FORGED, line));
    }
    if let Some(gap) = case.base_gap {
        return Judged::unknown(gap);
    }
    if case.from_scratch {
        return Judged::pass(reason::ROOT, vec!["it begins with nothing: its base is scratch".to_owned()]);
    }
    if !case.evidence.is_local {
        return Judged::pass(reason::ROOT, vec!["it names no base: it is where the chain begins".to_owned()]);
    }
    if case.policy.base.signed_by.as_ref().is_some_and(Vec::is_empty) {
        return Judged::skip(
            reason::UNNAMED,
            vec!["nothing says what it was made from, and nobody has to sign".to_owned()],
        );
    }
    let why = "nothing says what it was made from: no annotation, and no provenance that holds";
    Judged::unknown(&Gap { reason: reason::UNNAMED, why: why.to_owned() })
}
