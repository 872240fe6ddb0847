//! `lineage.contract`: what an image does to what its bases protect, and whether it is as they ask. Told from its layers,
//! not from what it says of itself.

use super::super::super::policy::Demand;
use super::super::super::{Gap, Globs, reason};
use super::super::image::{User, installed};
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use super::protected;
use crate::domain::text::escape;

pub fn contract(judging: &Judging<'_>) -> Judged {
    let case = &judging.case;
    let gap = case.contract_gap.or(case.base_gap.filter(|_| case.base.is_none()));
    if let Some(gap) = gap {
        return Judged::unknown(gap);
    }
    // Whoever gathered the contract may have been content with less than the base says.
    let own = match case.base.map(super::super::Contract::of).transpose() {
        Ok(own) => own.flatten(),
        Err(gap) => return Judged::unknown(&gap),
    };
    let contract = own.map_or_else(|| case.contract.clone(), |own| case.contract.tightened(&own));
    if contract.is_empty() {
        return Judged::skip(reason::CONTRACT_NONE, vec!["no base forbids anything".to_owned()]);
    }
    let mut offences = Vec::new();
    let mut unknown: Option<Gap> = None;
    match protected::broken(judging, &contract.protected) {
        Ok(broken) => offences.extend(broken),
        Err(gap) => unknown = Some(gap),
    }
    let user = User::of(case.evidence);
    let wrong = contract.user.iter().filter_map(|wanted| user.wrong(wanted));
    offences.extend(wrong.map(|(_, line)| Offence::new(reason::CONTRACT_USER, line)));
    match packages(judging, &contract.forbid_packages) {
        Ok(found) => offences.extend(found),
        Err(gap) => unknown = unknown.or(Some(gap)),
    }
    for label in &contract.require_labels {
        if case.evidence.label(label).is_none_or(str::is_empty) {
            offences.push(Offence::new(reason::CONTRACT_LABEL, format!("the label {} is missing", escape(label))));
        }
    }
    // What is excepted must not hide what is unknown.
    match unknown {
        Some(gap) => Judged::unknown(&Gap { why: joined(&gap, &offences), ..gap }),
        None => Judged::of(Demand::Forbid, offences, || Judged::pass(reason::CONTRACT_KEPT, kept(&contract))),
    }
}

fn joined(gap: &Gap, offences: &[Offence]) -> String {
    let lines: Vec<&str> = offences.iter().take(20).map(|offence| offence.line.as_str()).collect();
    if lines.is_empty() { gap.why.clone() } else { format!("{}; besides: {}", gap.why, lines.join("; ")) }
}

fn kept(contract: &super::super::Contract) -> Vec<String> {
    let parts = [
        (contract.protected.len(), "protected path"),
        (contract.user.len(), "user"),
        (contract.forbid_packages.len(), "forbidden package"),
        (contract.require_labels.len(), "required label"),
    ];
    let words = parts.iter().filter(|(count, _)| *count > 0);
    vec![words.map(|(count, noun)| crate::domain::units::count(*count as u64, noun)).collect::<Vec<_>>().join(", ")]
}

/// Forbidden packages the image has and its base has not.
fn packages(judging: &Judging<'_>, forbidden: &std::collections::BTreeSet<String>) -> Result<Vec<Offence>, Gap> {
    if forbidden.is_empty() {
        return Ok(Vec::new());
    }
    let unusable =
        |error: super::super::super::GlobError| Gap { reason: reason::POLICY_UNUSABLE, why: error.to_string() };
    let globs = Globs::new(forbidden).map_err(unusable)?;
    let inherited = judging.case.base.and_then(|base| base.packages.as_ref().ok());
    let known = |name: &str| inherited.is_some_and(|theirs| theirs.iter().any(|package| package.name == name));
    let found = installed(judging.case.evidence, &globs)?;
    let new = found.into_iter().filter(|(package, _)| !known(&package.name));
    Ok(new.map(|(package, line)| Offence::about(reason::CONTRACT_PACKAGE, package.name.as_bytes(), line)).collect())
}
