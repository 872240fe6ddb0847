//! Which of the crate's changes belong together, so that one undo takes back what one key did. Knows no text.

use std::collections::VecDeque;

use super::At;

/// Changes the crate remembers at most; it forgets the oldest.
pub(super) const MOST: usize = 10_000;

/// Letters of a word that are taken back at once at most: each is a change of its own to the crate.
const LETTERS: usize = 100;

/// Lines that took other lines' place: the first, how many there were, how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The first line touched.
    pub line: usize,
    /// Lines touched before.
    pub before: usize,
    /// Lines that stand there now.
    pub after: usize,
}

/// One stretch of text that took another's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    /// Changes it is to the crate: what it removed, what it put in.
    pub(super) changes: usize,
    pub(super) changed: Changed,
    /// Bytes removed and put in, line ends aside.
    pub(super) bytes: (usize, usize),
}

impl Edit {
    /// What takes it back.
    pub(super) fn inverse(self) -> Self {
        let Changed { line, before, after } = self.changed;
        let changed = Changed { line, before: after, after: before };
        Self { changed, bytes: (self.bytes.1, self.bytes.0), ..self }
    }

    /// Bytes the crate keeps for it.
    pub(super) fn weight(&self) -> usize {
        self.bytes.0 + self.bytes.1 + self.changed.before + self.changed.after
    }
}

/// Edits that are taken back together, and where the cursor was.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) edits: Vec<Edit>,
    pub(super) before: At,
    pub(super) after: At,
    /// Characters being typed: the next one belongs to it.
    pub(super) is_typing: bool,
}

impl Step {
    /// Changes it is to the crate.
    pub(super) fn changes(&self) -> usize {
        self.edits.iter().map(|edit| edit.changes).sum()
    }
}

/// All steps that can be taken back or made again, beside the crate's own history of changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// Changes of the steps done.
    changes: usize,
    /// Changes the crate could take back, and those it remembers at all.
    index: usize,
    held: usize,
}

impl Steps {
    /// The crate has taken a change down: as its history does it, a full one forgets the oldest.
    pub(super) fn count(&mut self) {
        if self.held == MOST {
            self.index = self.index.saturating_sub(1);
        }
        self.index += 1;
        self.held = self.index;
    }

    /// The crate has taken down a change and taken it back, and with that forgotten all that was undone before.
    pub(super) fn count_none(&mut self) {
        self.count();
        self.index -= 1;
        self.undone.clear();
        self.forget();
    }

    /// One more step was done.
    pub(super) fn keep(&mut self, step: Step) {
        self.undone.clear();
        self.changes += step.changes();
        self.done.push_back(step);
        self.forget();
    }

    /// A character was typed after the last one: whether it belongs to the same word, and was kept with it.
    pub(super) fn keep_letter(&mut self, edit: Edit, from: At, to: At) -> bool {
        let Some(step) = self.done.back_mut().filter(|_| self.undone.is_empty()) else { return false };
        if !step.is_typing || step.after != from || step.edits.len() >= LETTERS {
            return false;
        }
        step.edits.push(edit);
        step.after = to;
        self.changes += edit.changes;
        self.forget();
        true
    }

    /// Steps of which the crate has forgotten a change cannot be taken back.
    fn forget(&mut self) {
        while self.changes > self.index {
            let Some(step) = self.done.pop_front() else { break };
            self.changes -= step.changes();
        }
    }

    /// Bytes the crate keeps for what can be taken back.
    pub(super) fn weight(&self) -> usize {
        self.done.iter().flat_map(|step| &step.edits).map(Edit::weight).sum()
    }

    /// The step done last.
    pub(super) fn last(&mut self) -> Option<&mut Step> {
        self.done.back_mut()
    }

    /// The step the crate is to take back.
    pub(super) fn undo(&mut self) -> Option<Step> {
        let mut step = self.done.pop_back()?;
        step.is_typing = false;
        self.changes -= step.changes();
        self.index -= step.changes();
        self.undone.push(step.clone());
        Some(step)
    }

    /// The step the crate is to make again.
    pub(super) fn redo(&mut self) -> Option<Step> {
        let step = self.undone.pop()?;
        self.changes += step.changes();
        self.index += step.changes();
        self.done.push_back(step.clone());
        Some(step)
    }
}
