//! `layer.secrets`: what looks like a key, a token, a password in the own layers. Values are masked before they come here.

use super::super::super::policy::Demand;
use super::super::super::reason;
use super::super::judged::Judged;
use super::super::judging::{Judging, at_path};
use crate::domain::text::escape;

pub fn secrets(judging: &Judging<'_>) -> Judged {
    let (evidence, demand) = (judging.case.evidence, judging.case.policy.image.secrets);
    if demand == Demand::Allow {
        return Judged::not_asked();
    }
    let seen = match &evidence.secrets {
        Ok(seen) => seen,
        Err(gap) => return Judged::unknown(gap),
    };
    let own = seen.iter().filter(|secret| secret.layer >= evidence.inherited);
    let offences = own.map(|secret| {
        let what = format!("line {}: {} {}", secret.line, escape(&secret.rule), escape(&secret.masked));
        let path = secret.path.trim_start_matches('/').as_bytes().to_vec();
        at_path(reason::LAYER_SECRET, path, Some(secret.layer), &what)
    });
    Judged::of(demand, offences.collect(), || Judged::pass(reason::LAYER_CLEAN, super::clean(judging)))
}
