//! The files each step changes, as they are seen while it runs: an estimate, until its layer is sealed. Folds events; reads
//! no layer.

use std::collections::{BTreeMap, BTreeSet};

use super::change_tree::ChangeTree;
use super::marks::Marks;
use crate::domain::journal::{Event, EventKind};
use crate::domain::plan::StepId;

/// What every step was seen to change. Of the steps that are sealed only the newest one's is kept: their layers say it
/// exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    trees: BTreeMap<StepId, ChangeTree>,
    marks: BTreeMap<StepId, Marks>,
    sealed: BTreeSet<StepId>,
}

impl Changes {
    /// What a step was seen to change; `None` where nothing was told.
    pub fn of(&self, step: &StepId) -> Option<&ChangeTree> {
        self.trees.get(step)
    }

    /// Paths of a step that break a check; those of sealed steps stay.
    pub fn marks(&self, step: &StepId) -> Option<&Marks> {
        self.marks.get(step)
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::LayerChanged { step, changes } => {
                self.trees.entry(step.clone()).or_default().take(changes);
                self.marks.entry(step.clone()).or_default().take(changes);
            }
            EventKind::LayerSealed(sealed) => {
                self.trees.retain(|step, _| !self.sealed.contains(step));
                self.sealed.insert(sealed.step.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::{every_kind, number, sealed, step};
    use crate::domain::journal::{ChangeOp, SeenChange};

    #[test]
    fn estimates_of_sealed_steps_do_not_pile_up() {
        let mut changes = Changes::default();
        every_kind().iter().for_each(|event| changes.apply(event));
        let two = changes.of(&step("2")).unwrap().totals();
        assert_eq!((two.added, two.modified, two.deleted, two.bytes), (1, 1, 1, 13));
        assert!(changes.of(&step("1")).is_none());
        let seen = vec![SeenChange::new(ChangeOp::Added, "/a", 1, 0)];
        let next = vec![EventKind::LayerChanged { step: step("3"), changes: seen }, sealed("3", true)];
        number(next).iter().for_each(|event| changes.apply(event));
        assert!(changes.of(&step("2")).is_none() && changes.of(&step("3")).is_some());
    }
}
