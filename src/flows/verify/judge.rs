//! From evidence to verdicts: each image of a chain under what all its bases forbid, platform by platform; the worst counts.
//! Asks nothing of the world.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bases::begins_with_nothing;
use super::gather::Gathered;
use crate::domain::oci::{Digest, ImageConfig, annotation};
use crate::domain::text::escape;
use crate::domain::trust::attest::{Summary, predicate};
use crate::domain::trust::rules::{self, Case};
use crate::domain::trust::{Attached, Check, Contract, Evidence, Finding, Level, Policy, Signer, worst};

/// By what a chain is judged.
#[derive(Clone, Copy)]
pub(super) struct Bench<'p> {
    pub(super) policy: &'p Policy,
    pub(super) now: i64,
    /// Just baked: what is signed comes later.
    pub(super) is_fresh: bool,
    /// Its recipe begins with nothing.
    pub(super) from_scratch: bool,
}

/// Whether an image says what its children may not do.
pub(super) fn has_contract(config: &ImageConfig) -> bool {
    let labels = config.config.as_ref().and_then(|config| config.labels.as_ref());
    labels.is_some_and(|labels| labels.contains_key(annotation::CONTRACT))
}

impl<'p> Bench<'p> {
    /// For what is there already.
    pub(super) fn new(policy: &'p Policy, now: i64) -> Self {
        Self { policy, now, is_fresh: false, from_scratch: false }
    }

    /// Judges the chains of all platforms of an image; `digest` is what it was asked by.
    pub(super) fn levels(self, chains: &[Gathered], digest: &Digest) -> Vec<Level> {
        let depth = chains.iter().map(|gathered| gathered.chain.len()).max().unwrap_or(0);
        (0..depth).filter_map(|at| self.level(chains, at, digest, Self::checks)).collect()
    }

    /// The same for an image that somebody is about to build upon.
    pub(super) fn levels_as_base(self, chains: &[Gathered], digest: &Digest) -> Vec<Level> {
        let depth = chains.iter().map(|gathered| gathered.chain.len()).max().unwrap_or(0);
        (0..depth).filter_map(|at| self.level(chains, at, digest, Self::checks_as_base)).collect()
    }

    fn level(
        self,
        chains: &[Gathered],
        at: usize,
        digest: &Digest,
        judge: fn(Self, &Gathered, usize) -> Vec<Check>,
    ) -> Option<Level> {
        let here: Vec<(&Gathered, &Evidence)> =
            chains.iter().filter_map(|gathered| Some((gathered, gathered.chain.get(at)?))).collect();
        let (_, first) = here.first()?;
        let judged: Vec<(String, Vec<Check>)> = here
            .iter()
            .map(|(gathered, evidence)| (evidence.platform.to_string(), judge(self, gathered, at)))
            .collect();
        let signers: BTreeSet<Signer> = here.iter().flat_map(|(_, evidence)| signers(evidence)).collect();
        Some(Level {
            reference: escape(&first.reference),
            digest: if at == 0 { digest.clone() } else { shared(&here) },
            is_local: first.is_local,
            signed_by: signers.into_iter().collect(),
            layers: (first.inherited, first.level()),
            checks: together(judged),
        })
    }

    /// The checks of one image on one platform.
    fn checks(self, gathered: &Gathered, at: usize) -> Vec<Check> {
        match gathered.chain.first() {
            // Somebody's base is judged as one, wherever it was made; so is what was only handed to us.
            Some(evidence) if at == 0 && evidence.is_local => self.apply(gathered, at, rules::of_image),
            _ => self.checks_as_base(gathered, at),
        }
    }

    /// The checks of one image as somebody's base.
    pub(super) fn checks_as_base(self, gathered: &Gathered, at: usize) -> Vec<Check> {
        self.apply(gathered, at, rules::of_base)
    }

    fn apply(self, gathered: &Gathered, at: usize, rules: fn(Case<'_>) -> Vec<Check>) -> Vec<Check> {
        self.with_case(gathered, at, rules).unwrap_or_default()
    }

    /// Puts the case of one image before `rules`.
    fn with_case<T>(self, gathered: &Gathered, at: usize, rules: impl FnOnce(Case<'_>) -> T) -> Option<T> {
        let evidence = gathered.chain.get(at)?;
        let below = gathered.chain.get(at + 1..).unwrap_or_default();
        let (contract, unread) = match Contract::of_bases(below) {
            Ok(contract) => (contract, None),
            Err(gap) => (Contract::default(), Some(gap)),
        };
        let is_last = below.is_empty();
        let told: Vec<Check> = evidence.attached.iter().flat_map(told_in).collect();
        Some(rules(Case {
            base: below.first(),
            base_gap: gathered.gap.as_ref().filter(|_| is_last),
            from_scratch: is_last && (self.from_scratch || evidence.attached.iter().any(is_from_scratch)),
            // A base that cannot be had may forbid anything.
            contract_gap: unread.as_ref().or(gathered.gap.as_ref()),
            told: &told,
            is_published: !self.is_fresh,
            ..Case::new(evidence, &contract, self.policy, self.now)
        }))
    }

    /// One check of an image alone.
    pub(super) fn one(self, gathered: &Gathered, check: &str) -> Option<Check> {
        self.with_case(gathered, 0, |case| rules::one(check, case)).flatten()
    }

    /// The evidence of an image as rules of the workspace's own are given it.
    pub(super) fn document(gathered: &Gathered) -> Value {
        let Some(evidence) = gathered.chain.first() else { return Value::Null };
        let mut document = evidence.to_json();
        if let Value::Object(members) = &mut document {
            members.insert("base".to_owned(), gathered.chain.get(1).map_or(Value::Null, Evidence::to_json));
        }
        document
    }
}

/// What whoever baked the image signed of its tests, and of whether a second bake gave the same. A summary that cannot be read
/// says nothing; each bake that gives the same image leaves its own, and the last one counts.
fn told_in(attached: &Attached) -> Vec<Check> {
    let when = |said: &&Value| said.get("timeVerified").and_then(Value::as_str).map(str::to_owned);
    let said = attached.good(predicate::SUMMARY).filter_map(|seen| seen.predicate.as_ref()).max_by_key(when);
    said.and_then(|said| Summary::checks_of(said).ok()).unwrap_or_default()
}

/// Whether a provenance that holds is of a recipe without a base.
fn is_from_scratch(attached: &Attached) -> bool {
    attached.good(predicate::PROVENANCE).filter_map(|seen| seen.predicate.as_ref()).any(begins_with_nothing)
}

fn signers(evidence: &Evidence) -> impl Iterator<Item = Signer> {
    let through = evidence.index.as_ref().map(|(_, attached)| attached);
    let all = [Some(&evidence.attached), through];
    all.into_iter().flatten().filter_map(|attached| attached.as_ref().ok()).flat_map(Attached::signers).cloned()
}

/// What all platforms have in common: their index; else the first one's manifest.
fn shared(here: &[(&Gathered, &Evidence)]) -> Digest {
    let (_, first) = here[0];
    let index = first.index.as_ref().map(|(digest, _)| digest);
    let same = |(_, evidence): &(&Gathered, &Evidence)| evidence.index.as_ref().map(|(digest, _)| digest) == index;
    index.filter(|_| here.iter().all(same)).unwrap_or(&first.digest).clone()
}

/// One check each, over all platforms, in the order they were first met.
fn together(judged: Vec<(String, Vec<Check>)>) -> Vec<Check> {
    let mut order: Vec<String> = Vec::new();
    let mut all: Vec<Vec<(String, Finding)>> = Vec::new();
    for (platform, checks) in judged {
        for Check { id, finding } in checks {
            let at = order.iter().position(|known| *known == id).unwrap_or_else(|| {
                order.push(id);
                all.push(Vec::new());
                all.len() - 1
            });
            all[at].push((platform.clone(), finding));
        }
    }
    order.into_iter().zip(all).filter_map(|(id, findings)| Some(Check::new(id, worst(&findings)?))).collect()
}
