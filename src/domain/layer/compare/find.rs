//! Which paths are not the same: two trees walked side by side, or only what some layers of one tree touched.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{ChangeKind, Delta, Differences, Side};
use crate::domain::layer::tree::{PathId, Seen};

/// What stands at one path on both sides.
type Pair<'t> = (Option<Seen<'t>>, Option<Seen<'t>>);

fn delta((before, after): Pair<'_>) -> Option<Delta> {
    let (kind, what) = match (&before, &after) {
        (None, None) => return None,
        (None, Some(_)) => (ChangeKind::Added, Differences::default()),
        (Some(_), None) => (ChangeKind::Deleted, Differences::default()),
        (Some(before), Some(after)) => match before.differences(after) {
            same if same.is_empty() => return None,
            what => (ChangeKind::Modified, what),
        },
    };
    Some(Delta { kind, what, before: before.map(|seen| seen.id()), after: after.map(|seen| seen.id()) })
}

/// Two images.
pub(super) fn between(before: &Side, after: &Side) -> Vec<Delta> {
    let root = PathId::ROOT;
    let pair = (before.seen(Some(root)), after.seen(Some(root)));
    let mut deltas: Vec<Delta> = delta(pair).into_iter().collect();
    // What is still to come of each folder on the way, the next one last.
    let mut ahead = vec![children(before, after, pair)];
    while let Some(pairs) = ahead.last_mut() {
        let Some(pair) = pairs.pop() else {
            ahead.pop();
            continue;
        };
        deltas.extend(delta(pair));
        let folder = |seen: &Option<Seen<'_>>| seen.is_some_and(|seen| seen.is_folder());
        if folder(&pair.0) || folder(&pair.1) {
            ahead.push(children(before, after, pair));
        }
    }
    deltas
}

/// What stands in a folder on either side, by name, the first one last.
fn children<'t>(before: &'t Side, after: &'t Side, (a, b): Pair<'t>) -> Vec<Pair<'t>> {
    let of = |side: &'t Side, folder: Option<Seen<'t>>| match folder {
        Some(folder) if folder.is_folder() => side.tree.children_at(folder.id(), side.level),
        _ => Vec::new(),
    };
    let (mut olds, mut news) = (of(before, a), of(after, b));
    let mut pairs = Vec::with_capacity(olds.len().max(news.len()));
    loop {
        // From the last name to the first.
        let order = match (olds.last(), news.last()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (Some(old), Some(new)) => before.tree.name(old.id()).cmp(after.tree.name(new.id())),
        };
        let old = if order.is_ge() { olds.pop() } else { None };
        let new = if order.is_le() { news.pop() } else { None };
        pairs.push((old, new));
    }
}

/// One image as of two of its layers: only what those between touched is looked at.
pub(super) fn levels(before: &Side, after: &Side) -> Vec<Delta> {
    let tree = &before.tree;
    let (low, high) = (before.level.min(after.level), before.level.max(after.level));
    // The folders on the way to what was touched, each with what of it is on such a way.
    let mut ways: HashMap<PathId, Vec<PathId>> = HashMap::new();
    let mut known: HashMap<PathId, bool> = HashMap::from([(PathId::ROOT, false)]);
    for touched in tree.touched(low, high) {
        let mut at = touched;
        let mut found = known.insert(at, true).is_some();
        while !found {
            let folder = tree.folder(at);
            ways.entry(folder).or_default().push(at);
            at = folder;
            found = known.contains_key(&at);
            known.entry(at).or_insert(false);
        }
    }
    let pair = |path: PathId| (before.seen(Some(path)), after.seen(Some(path)));
    let mut deltas = Vec::new();
    let mut ahead = vec![PathId::ROOT];
    while let Some(path) = ahead.pop() {
        if known.get(&path) == Some(&true) {
            deltas.extend(delta(pair(path)));
        }
        if let Some(mut children) = ways.remove(&path) {
            children.sort_unstable_by(|a, b| tree.name(*b).cmp(tree.name(*a)));
            ahead.append(&mut children);
        }
    }
    deltas
}
