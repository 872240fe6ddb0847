//! Rules: what is asked of one image, a file a check. Each looks at evidence only, and says what is wrong; exceptions of the
//! policy make a finding of it.
//!
//! Reading order: `judged` (what a rule says), `judging` (what it looks at), `base`, `lineage`, `layer`, `image` (the rules),
//! `rego` (the workspace's own), `explain` (what they mean). `watching` is the same for paths as they appear while a step
//! still runs.

mod base;
mod calls;
mod explain;
mod image;
mod judged;
mod judging;
mod layer;
mod lineage;
pub mod rego;
#[cfg(test)]
mod tests;
mod watching;

pub use explain::{Explanation, explain};
pub use judged::{Judged, Offence};
pub use watching::{SeenPath, Violation, Watching};

use judging::Judging;

use super::{Check, Contract, Evidence, Gap, Policy};

/// What is judged, and by what.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The image.
    pub evidence: &'a Evidence,
    /// Its base, where it has one that could be looked at.
    pub base: Option<&'a Evidence>,
    /// Why its base could not be looked at, where something names one.
    pub base_gap: Option<&'a Gap>,
    /// Its recipe, or provenance that holds, says that it begins with nothing.
    pub from_scratch: bool,
    /// What all its bases together forbid.
    pub contract: &'a Contract,
    /// Why that is not known.
    pub contract_gap: Option<&'a Gap>,
    /// What the workspace asks.
    pub policy: &'a Policy,
    /// Checks that others made and that count: a bake's own tests, or what a good verification summary says of them.
    pub told: &'a [Check],
    /// It has been signed, so that signature, provenance and SBOM are asked for; `false` for what has just been baked.
    pub is_published: bool,
    /// Seconds since 1970.
    pub now: i64,
}

impl<'a> Case<'a> {
    /// A published image without a base, by a contract and a policy.
    pub fn new(evidence: &'a Evidence, contract: &'a Contract, policy: &'a Policy, now: i64) -> Self {
        Self {
            evidence,
            base: None,
            base_gap: None,
            from_scratch: false,
            contract,
            contract_gap: None,
            policy,
            told: &[],
            is_published: true,
            now,
        }
    }
}

type Rule = fn(&Judging<'_>) -> Judged;

const BASE: &[(&str, Rule)] = &[
    ("base.signature", base::signature),
    ("base.allowed", base::allowed),
    ("base.age", base::age),
    ("base.fresh", base::fresh),
];

const LINEAGE: &[(&str, Rule)] = &[("lineage.layers", lineage::layers), ("lineage.contract", lineage::contract)];

const IMAGE: &[(&str, Rule)] = &[
    ("layer.setuid", layer::setuid),
    ("layer.world-writable", layer::world_writable),
    ("layer.secrets", layer::secrets),
    ("layer.device-nodes", layer::device_nodes),
    ("layer.size", layer::size),
    ("layer.paths", layer::paths),
    ("image.user", image::user),
    ("image.labels", image::labels),
    ("image.size", image::size),
    ("image.packages", image::packages),
];

const PUBLISHED: &[(&str, Rule)] =
    &[("image.signature", image::signature), ("image.provenance", image::provenance), ("image.sbom", image::sbom)];

/// Judges an image as somebody's base.
pub fn of_base(case: Case<'_>) -> Vec<Check> {
    let judging = Judging::new(case);
    BASE.iter().chain(LINEAGE).map(|(check, rule)| judging.check(check, rule(&judging))).collect()
}

/// Judges an image made here.
pub fn of_image(case: Case<'_>) -> Vec<Check> {
    let judging = Judging::new(case);
    let published = if case.is_published { PUBLISHED } else { &[] };
    let rules = LINEAGE.iter().chain(IMAGE).chain(published);
    let mut checks: Vec<Check> = rules.map(|(check, rule)| judging.check(check, rule(&judging))).collect();
    checks.extend(told(case.told, |id| id.strip_prefix("test.").is_some_and(|name| !name.is_empty())));
    checks.extend(told(case.told, |id| id == "repro.match"));
    if !case.policy.rego.is_empty() {
        let input = judging.input();
        for file in &case.policy.rego {
            checks.push(judging.check(&format!("policy.{}", file.name), rego::judge(file, &input)));
        }
    }
    checks
}

/// Judges one check of an image alone, such as `base.signature`; `None` for one that is none of the rules'.
pub fn one(check: &str, case: Case<'_>) -> Option<Check> {
    let mut rules = BASE.iter().chain(LINEAGE).chain(IMAGE).chain(PUBLISHED);
    let (id, rule) = rules.find(|(id, _)| *id == check)?;
    let judging = Judging::new(case);
    Some(judging.check(id, rule(&judging)))
}

/// What others found stands as it is: exceptions have been applied where it was found.
fn told<'a>(told: &'a [Check], wanted: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = Check> + 'a {
    told.iter().filter(move |check| wanted(&check.id)).cloned()
}
