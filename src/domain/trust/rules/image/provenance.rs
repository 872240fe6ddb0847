//! `image.provenance`: a signed statement of who made the image, of what. It must name this image's own base, and its claims
//! count only as a whole: no prefix, no other case (S-12).

use serde_json::Value;

use super::super::super::{Attached, AttestationSeen, Evidence, reason};
use super::super::base::bad_outcome;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::text::escape;

const PREDICATE: &str = "https://slsa.dev/provenance/v1";

pub fn provenance(judging: &Judging<'_>) -> Judged {
    let attached = match &judging.case.evidence.attached {
        Ok(attached) => attached,
        Err(gap) => return Judged::unknown(gap),
    };
    let mut wrong = Vec::new();
    for seen in attached.good(PREDICATE) {
        match claims(seen, judging) {
            Ok(lines) => return Judged::pass(reason::PROVENANCE_GOOD, lines),
            Err(offence) => wrong.push(offence),
        }
    }
    Judged::wrong([wrong, bad(attached, PREDICATE, (reason::PROVENANCE_MISSING, "provenance"))].concat())
}

/// Attestations of a predicate that do not hold, the most telling first; that there is none, where there is none.
pub fn bad(attached: &Attached, predicate: &str, (missing, what): (&'static str, &str)) -> Vec<Offence> {
    let ours = || attached.attestations.iter().filter(|seen| seen.predicate_type == predicate);
    let mut bad: Vec<_> = ours().filter_map(|seen| Some((bad_outcome(&seen.outcome)?, seen.at.short()))).collect();
    bad.sort_by_key(|((rank, ..), _)| *rank);
    if ours().next().is_none() {
        return vec![Offence::new(missing, format!("no {what} is attached ({predicate})"))];
    }
    bad.into_iter().map(|((_, reason, words), at)| Offence::new(reason, format!("{what} {at}: {words}"))).collect()
}

fn claims(seen: &AttestationSeen, judging: &Judging<'_>) -> Result<Vec<String>, Offence> {
    let at = seen.at.short();
    let malformed = |what: &str| Offence::new(reason::PROVENANCE_MALFORMED, format!("provenance {at}: {what}"));
    let predicate = seen.predicate.as_ref().ok_or_else(|| malformed("it says nothing"))?;
    if !predicate.get("buildDefinition").is_some_and(Value::is_object) {
        return Err(malformed("it has no buildDefinition"));
    }
    let builder = predicate.pointer("/runDetails/builder/id").and_then(Value::as_str).unwrap_or_default();
    if builder.trim().is_empty() {
        return Err(Offence::new(
            reason::PROVENANCE_NO_BUILDER,
            format!("provenance {at} does not say who built the image"),
        ));
    }
    let builders = &judging.case.policy.image.builders;
    if !builders.is_empty() && !builders.iter().any(|one| one == builder) {
        let line = format!("provenance {at}: built by {}, none of {}", escape(builder), escape(&builders.join(", ")));
        return Err(Offence::new(reason::PROVENANCE_OTHER_BUILDER, line));
    }
    let mut lines = vec![format!("provenance {at}: built by {}", escape(builder))];
    if let (Some(base), Some(dependencies)) =
        (judging.case.base, predicate.pointer("/buildDefinition/resolvedDependencies"))
    {
        let dependencies = dependencies.as_array().ok_or_else(|| malformed("resolvedDependencies is no list"))?;
        if !dependencies.iter().any(|one| names(one, base)) {
            let line = format!("provenance {at} does not name the base {} {}", escape(&base.reference), base.digest);
            return Err(Offence::new(reason::PROVENANCE_OTHER_BASE, line));
        }
        lines.push(format!("on {} {}", escape(&base.reference), base.digest));
    }
    Ok(lines)
}

/// Whether a resource descriptor is this image, or the index it was found through.
fn names(dependency: &Value, base: &Evidence) -> bool {
    let digests = [Some(&base.digest), base.index.as_ref().map(|(index, _)| index)];
    digests.into_iter().flatten().any(|digest| {
        let said = dependency.get("digest").and_then(|digests| digests.get(digest.algorithm().as_str()));
        said.and_then(Value::as_str) == Some(digest.encoded())
    })
}
