//! What is known of images beyond their place in the lineage, as it comes in: what is best done with each. Asks nobody.

use std::collections::HashMap;

use crate::domain::lineage::Best;
use crate::domain::oci::Digest;
use crate::flows::lineage::{Assessment, Lineage};
use crate::report::Report;
use crate::tui::screens::Held;

/// What was found of one image.
pub type Found = Result<Held<Assessment>, Report>;

/// How many there are of each best thing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BestCount {
    pub(super) rebase: usize,
    pub(super) rebake: usize,
    pub(super) base_first: usize,
    pub(super) blocked: usize,
}

/// What is known, by number of the image.
#[derive(Clone, Debug, Default)]
pub struct Known {
    found: HashMap<usize, Found>,
    /// Of an earlier lineage: it shows until it was looked into again.
    old: HashMap<usize, Found>,
    count: BestCount,
    /// What is to be looked into, the first first.
    wanted: Vec<usize>,
}

impl Known {
    /// Of a new lineage: what was known of the same images shows on. All is to be looked into again, but what `is_as_before`.
    pub(super) fn renewed(
        self,
        (before, lineage): (Option<&Lineage>, &Lineage),
        wanted: Vec<usize>,
        is_as_before: impl Fn(usize) -> bool,
    ) -> Self {
        let mut digests: HashMap<&Digest, (bool, Found)> = HashMap::new();
        if let Some(before) = before {
            let images = before.graph.images();
            let old = self.old.into_iter().map(|(number, found)| (number, (false, found)));
            let all = old.chain(self.found.into_iter().map(|(number, found)| (number, (true, found))));
            for (number, found) in all {
                digests.extend(images.get(number).map(|image| (&image.digest, found)));
            }
        }
        let mut known = Self { wanted, ..Self::default() };
        for (number, image) in lineage.graph.images().iter().enumerate() {
            match digests.remove(&image.digest) {
                Some((true, found)) if is_as_before(number) => known.found.insert(number, found),
                Some((_, found)) => known.old.insert(number, found),
                None => None,
            };
        }
        known.recount();
        known
    }

    fn recount(&mut self) {
        self.count = BestCount::default();
        let newer = self.old.iter().filter(|(number, _)| !self.found.contains_key(number));
        let all: Vec<Best> = newer.chain(&self.found).filter_map(|(_, found)| best(found).cloned()).collect();
        all.iter().for_each(|best| add(&mut self.count, Some(best), true));
    }

    /// Takes in what was found of an image.
    pub(super) fn take(&mut self, number: usize, found: Found) {
        let before = self.of(number).and_then(best).cloned();
        add(&mut self.count, before.as_ref(), false);
        add(&mut self.count, best(&found), true);
        self.found.insert(number, found);
    }

    /// What is known of an image.
    pub fn of(&self, number: usize) -> Option<&Found> {
        self.found.get(&number).or_else(|| self.old.get(&number))
    }

    /// What is best done with an image.
    pub fn best(&self, number: usize) -> Option<&Best> {
        self.of(number).and_then(best)
    }

    /// Whether it was looked into since the lineage was read.
    pub(super) fn is_fresh(&self, number: usize) -> bool {
        self.found.contains_key(&number)
    }

    /// What is still to be looked into.
    pub(super) fn missing(&self) -> Vec<usize> {
        self.wanted.iter().copied().filter(|number| !self.is_fresh(*number)).collect()
    }

    /// How much is still to be looked into.
    pub(super) fn missing_count(&self) -> usize {
        self.wanted.iter().filter(|number| !self.is_fresh(**number)).count()
    }

    /// How many there are of each best thing to do.
    pub(super) fn count(&self) -> BestCount {
        self.count
    }
}

fn best(found: &Found) -> Option<&Best> {
    found.as_ref().ok().map(|assessment| &assessment.best)
}

fn add(count: &mut BestCount, best: Option<&Best>, more: bool) {
    let slot = match best {
        Some(Best::Rebase) => &mut count.rebase,
        Some(Best::Rebake) => &mut count.rebake,
        Some(Best::BaseFirst(_)) => &mut count.base_first,
        Some(Best::Blocked(_)) => &mut count.blocked,
        Some(Best::UpToDate) | None => return,
    };
    *slot = if more { *slot + 1 } else { slot.saturating_sub(1) };
}
