//! The chain as it was judged: an image, its base, its base's base. Judges nothing itself.

use serde::Serialize;

use super::signature::Signer;
use super::{Check, CheckVerdict, overall};
use crate::domain::oci::Digest;

/// One image of the chain with its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Level {
    /// How it is named; escaped.
    pub reference: String,
    /// What was verified: the manifest, or the index of several platforms.
    pub digest: Digest,
    /// Made here rather than inherited.
    pub is_local: bool,
    /// Who signed it, of those trusted.
    pub signed_by: Vec<Signer>,
    /// How many of its layers, from the bottom, its base brought, and how many it has.
    pub layers: (u32, u32),
    /// Its checks, in the order of the contract.
    pub checks: Vec<Check>,
}

impl Level {
    /// What its checks come to.
    pub fn verdict(&self) -> CheckVerdict {
        overall(self.checks.iter().map(|check| check.finding.verdict))
    }
}

/// A chain, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The image as it was asked for; escaped.
    pub image: String,
    /// What its tag pointed to when it was asked, once.
    pub digest: Digest,
    /// What it all comes to.
    pub verdict: CheckVerdict,
    /// This image, its base, its base's base, …
    pub chain: Vec<Level>,
}

impl Verified {
    /// A chain with what it comes to.
    pub fn new(image: String, digest: Digest, chain: Vec<Level>) -> Self {
        let verdict = overall(chain.iter().map(Level::verdict));
        Self { image, digest, verdict, chain }
    }

    /// Checks that stand in the way, each with the image it is about.
    pub fn blocking(&self) -> impl Iterator<Item = (&Level, &Check)> {
        let checks = self.chain.iter().flat_map(|level| level.checks.iter().map(move |check| (level, check)));
        checks.filter(|(_, check)| check.finding.verdict.blocks())
    }
}
