//! What the selected step changed: as seen while it runs, exactly once its layer has been read. Keeps what is read in bounds;
//! reads nothing itself.

use std::collections::VecDeque;

use crate::domain::journal::Event;
use crate::domain::plan::StepId;
use crate::domain::projection::{ChangeTree, Changes, Marks};
use crate::report::Report;
use crate::tui::widgets::TreeFold;

/// Layers that stay read.
const READ: usize = 4;

/// Where a tree of changes comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Seen while the step ran: an estimate.
    Seen,
    /// Read from its layer.
    Layer,
}

/// The changes of all steps, as far as they are known.
#[derive(Debug, Default)]
pub struct Changed {
    seen: Changes,
    read: VecDeque<(StepId, Result<Box<ChangeTree>, Report>)>,
    /// The layer that is being read.
    wanted: Option<StepId>,
    /// What is open of the tree on show.
    pub fold: TreeFold,
    shown: Option<(StepId, Source)>,
}

impl Changed {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.seen.apply(event);
    }

    /// What a step changed, as exactly as is known.
    pub fn of(&self, step: &StepId) -> Option<(&ChangeTree, Source)> {
        let read = self.read.iter().find(|(id, _)| id == step).and_then(|(_, read)| read.as_ref().ok());
        let seen = || self.seen.of(step).filter(|tree| !tree.is_empty()).map(|tree| (tree, Source::Seen));
        read.map(|tree| (&**tree, Source::Layer)).or_else(seen)
    }

    /// Paths of a step that break a check.
    pub fn marks(&self, step: &StepId) -> Option<&Marks> {
        self.seen.marks(step)
    }

    /// Why a step's layer cannot be read.
    pub fn unreadable(&self, step: &StepId) -> Option<&Report> {
        self.read.iter().find(|(id, _)| id == step).and_then(|(_, read)| read.as_ref().err())
    }

    /// Whether a sealed step's layer is still to be asked for; from now on it is.
    pub(super) fn wants(&mut self, step: &StepId) -> bool {
        if self.wanted.as_ref() == Some(step) || self.read.iter().any(|(id, _)| id == step) {
            return false;
        }
        self.wanted = Some(step.clone());
        true
    }

    /// A layer has been read, or cannot be.
    pub(super) fn put(&mut self, step: StepId, read: Result<Box<ChangeTree>, Report>) {
        if self.wanted.as_ref() == Some(&step) {
            self.wanted = None;
        }
        self.read.retain(|(id, _)| *id != step);
        self.read.push_back((step, read));
        while self.read.len() > READ {
            self.read.pop_front();
        }
    }

    /// Lays out what there is to show of a step, of which `height` rows show.
    pub(super) fn show(&mut self, step: Option<&StepId>, height: usize) {
        let now = step.and_then(|step| self.of(step).map(|(_, source)| (step.clone(), source)));
        match (&self.shown, &now) {
            (Some((before, was)), Some((step, is))) if before == step && was != is => self.fold.start_over(),
            (before, now) if before != now => {
                self.fold = TreeFold::sorted(self.fold.order);
            }
            _ => {}
        }
        self.shown = now;
        self.with_tree(|fold, tree| fold.follow(tree, height));
    }

    /// Does something to the tree on show.
    pub(super) fn with_tree<T>(&mut self, act: impl FnOnce(&mut TreeFold, &ChangeTree) -> T) -> Option<T> {
        let (step, _) = self.shown.as_ref()?;
        let mut fold = std::mem::take(&mut self.fold);
        let done = self.of(step).map(|(tree, _)| act(&mut fold, tree));
        self.fold = fold;
        done
    }
}
