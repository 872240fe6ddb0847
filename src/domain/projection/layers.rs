//! The layers a bake made, and what came from the base. Folds events, draws nothing.

use std::collections::BTreeSet;

use crate::domain::journal::{Event, EventKind, LayerBlob, SealedLayer};
use crate::domain::oci::{Digest, Platform};
use crate::domain::plan::StepId;

/// One sealed layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRow {
    /// What was sealed.
    pub sealed: SealedLayer,
    /// Whether it came from the cache.
    pub cached: bool,
}

impl LayerRow {
    /// The blob, where the step made one.
    pub fn blob(&self) -> Option<&LayerBlob> {
        self.sealed.layer.as_ref()
    }
}

/// A layer and everything below it: what has to be read to say what it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerStack {
    /// For which platform.
    pub platform: Platform,
    /// The base as the recipe names it, and its manifest for the platform; `None` for scratch.
    pub base: Option<(String, Digest)>,
    /// The layers of the steps before it, bottom first.
    pub below: Vec<LayerBlob>,
    /// The layer itself.
    pub layer: LayerBlob,
}

/// All layers of a bake.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layers {
    rows: Vec<LayerRow>,
    cached: BTreeSet<StepId>,
    /// Layers of the base, all platforms together.
    pub from_base: usize,
    /// Bytes of the base's layers, all platforms together.
    pub base_size: u64,
}

impl Layers {
    /// In the order they were sealed.
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// Layers this bake added to the base, cached ones among them.
    pub fn added(&self) -> usize {
        self.rows.iter().filter(|row| row.blob().is_some()).count()
    }

    /// Layers made in this bake, not found in the cache.
    pub fn made(&self) -> usize {
        self.rows.iter().filter(|row| row.blob().is_some() && !row.cached).count()
    }

    /// Bytes of all layers added to the base, as stored.
    pub fn size(&self) -> u64 {
        self.rows.iter().filter_map(LayerRow::blob).map(|blob| blob.descriptor.size).sum()
    }

    /// Bytes of the layers made in this bake, as stored.
    pub fn made_size(&self) -> u64 {
        let made = self.rows.iter().filter(|row| !row.cached);
        made.filter_map(LayerRow::blob).map(|blob| blob.descriptor.size).sum()
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::PlanBuilt(plan) => {
                let bases = || plan.platforms.iter().filter_map(|part| part.base.as_ref());
                self.from_base = bases().map(|base| base.layers).sum();
                self.base_size = bases().map(|base| base.size).sum();
            }
            EventKind::StepCached { step, .. } => {
                self.cached.insert(step.clone());
                self.rows.iter_mut().filter(|row| row.sealed.step == *step).for_each(|row| row.cached = true);
            }
            EventKind::LayerSealed(sealed) => {
                let cached = self.cached.contains(&sealed.step);
                self.rows.push(LayerRow { sealed: sealed.clone(), cached });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::every_kind;

    #[test]
    fn counts_what_was_added_and_what_came_from_the_base() {
        let mut layers = Layers::default();
        every_kind().iter().for_each(|event| layers.apply(event));
        assert_eq!((layers.rows().len(), layers.added(), layers.made()), (2, 1, 1));
        assert_eq!((layers.size(), layers.from_base, layers.base_size), (1_200_000, 3, 52_100_000));
        assert_eq!(layers.made_size(), 1_200_000);
        assert!(layers.rows()[0].cached && layers.rows()[0].blob().is_none());
    }
}
