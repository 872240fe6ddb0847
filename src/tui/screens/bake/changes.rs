//! The files a step changes, as they are seen: the newest few by name, all by count. An estimate until the layer is sealed.

use std::collections::VecDeque;

use crate::domain::journal::SeenChange;

/// Names kept.
const KEPT: usize = 500;

/// What one step changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    newest: VecDeque<SeenChange>,
    /// Bytes of what was added or modified.
    pub bytes: u64,
}

impl Changes {
    /// Takes a batch in.
    pub fn push(&mut self, changes: &[SeenChange]) {
        for change in changes {
            self.bytes = self.bytes.saturating_add(change.size);
            self.newest.push_back(change.clone());
            if self.newest.len() > KEPT {
                self.newest.pop_front();
            }
        }
    }

    /// The newest ones, the newest last.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &SeenChange> {
        self.newest.iter().skip(self.newest.len().saturating_sub(count))
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }
}
