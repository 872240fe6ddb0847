//! Files that only have another place: one went, one came, and their content is the same. Folders do not move, files do.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::{ChangeKind, Delta, Side};
use crate::domain::layer::entry::ContentDigest;

/// Pairs what went with what came, one to one: those of the same name first, the rest in order. Empty files are like each
/// other by chance, so they do not move.
pub(super) fn pair(before: &Side, after: &Side, deltas: &mut Vec<Delta>) {
    let mut pairing = Pairing { before, after, taken: vec![false; deltas.len()], deltas };
    let name = |side: &Side, delta: &Delta| delta.after.or(delta.before).map(|path| side.tree.name(path).to_vec());
    pairing.by(|side, delta| Some((content(side, delta)?, name(side, delta))));
    pairing.by(content);
    let mut taken = pairing.taken.into_iter();
    deltas.retain(|_| !taken.next().unwrap_or(false));
}

struct Pairing<'p> {
    before: &'p Side,
    after: &'p Side,
    deltas: &'p mut Vec<Delta>,
    /// Deleted paths that have been found again elsewhere.
    taken: Vec<bool>,
}

impl Pairing<'_> {
    /// Pairs what has the same `key`.
    fn by<K: Eq + Hash>(&mut self, key: impl Fn(&Side, &Delta) -> Option<K>) {
        let mut gone: HashMap<K, VecDeque<usize>> = HashMap::new();
        for (at, delta) in self.deltas.iter().enumerate() {
            if delta.kind == ChangeKind::Deleted
                && !self.taken[at]
                && let Some(key) = key(self.before, delta)
            {
                gone.entry(key).or_default().push_back(at);
            }
        }
        if gone.is_empty() {
            return;
        }
        for at in 0..self.deltas.len() {
            let delta = self.deltas[at];
            if delta.kind != ChangeKind::Added {
                continue;
            }
            let Some(key) = key(self.after, &delta) else { continue };
            let Some(from) = gone.get_mut(&key).and_then(VecDeque::pop_front) else { continue };
            self.taken[from] = true;
            let before = self.deltas[from].before;
            let what = match (self.before.seen(before), self.after.seen(delta.after)) {
                (Some(was), Some(is)) => was.differences(&is),
                _ => delta.what,
            };
            self.deltas[at] = Delta { kind: ChangeKind::Moved, what, before, after: delta.after };
        }
    }
}

/// The content of a file that can be told from others.
fn content(side: &Side, delta: &Delta) -> Option<ContentDigest> {
    let path = if delta.kind == ChangeKind::Deleted { delta.before } else { delta.after };
    let seen = side.seen(path)?;
    seen.digest().filter(|_| seen.is_file() && seen.size() > 0)
}
