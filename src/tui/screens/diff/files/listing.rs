//! The changes that are wanted as a tree, in the order wanted. Made outside `update`, since it looks at every change;
//! what only sorts another way keeps the tree.

use std::cmp::Reverse;
use std::sync::Arc;

use super::query::{Query, Sieve, Sort};
use super::rows::{Fold, Row, Shape};
use crate::domain::layer::{Branch, ChangeKind, Changed, Comparison, Forest, Totals};
use crate::tui::screens::diff::{Held, Matter};

/// What is wanted of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Which wish it is: an answer to an earlier one is late.
    pub serial: u64,
    /// Of what.
    pub matter: Held<Matter>,
    /// What of it.
    pub query: Query,
    /// What is there already.
    pub have: Option<Held<Listing>>,
    /// Which folders are open.
    pub fold: Fold,
}

/// The list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Which wish it answers.
    pub serial: u64,
    /// The tree.
    pub listing: Held<Listing>,
    /// Its rows, where these folders are open.
    pub rows: Vec<Row>,
    /// Those folders.
    pub shape: Shape,
}

impl Request {
    /// The answer. Where `stop` says so nobody waits for it any more, and it is whatever was quick to make.
    pub fn answer(&self, stop: &dyn Fn() -> bool) -> Listed {
        let have = self.have.as_deref().filter(|have| have.sieve == self.query.sieve);
        let listing = match (have, &self.have) {
            (Some(have), Some(held)) if have.sort == self.query.sort && have.flat == self.query.flat => held.clone(),
            (Some(have), _) => {
                let (changes, forest) = (Arc::clone(&have.changes), Arc::clone(&have.forest));
                Held::new(Listing::ordered(changes, forest, &self.query))
            }
            _ => {
                let changes = self.matter.changes(self.query.sieve.part);
                let forest = Arc::new(forest(&self.matter, &changes, &self.query.sieve, stop));
                Held::new(Listing::ordered(changes, forest, &self.query))
            }
        };
        let shape = Shape::of(&listing, self.fold.clone());
        let rows = shape.rows(&listing);
        Listed { serial: self.serial, listing, rows, shape }
    }
}

fn forest(matter: &Matter, changes: &Comparison, sieve: &Sieve, stop: &dyn Fn() -> bool) -> Forest {
    if !sieve.holds_back() {
        return Forest::of(changes, |_| true);
    }
    let mesh = sieve.mesh();
    let (mut seen, mut stopped) = (0_u32, false);
    Forest::of(changes, |changed| {
        seen = seen.wrapping_add(1);
        if seen.is_multiple_of(4096) {
            stopped |= stop();
        }
        !stopped && mesh.lets(matter, changed)
    })
}

/// A tree of changes in some order.
#[derive(Debug)]
pub struct Listing {
    /// The changes.
    pub changes: Arc<Comparison>,
    /// As a tree.
    pub forest: Arc<Forest>,
    /// What was wanted of them.
    pub sieve: Sieve,
    /// The order.
    pub sort: Sort,
    /// Whether paths stand under each other.
    pub flat: bool,
    /// What all of them come to.
    pub totals: Totals,
    order: Order,
}

/// Where what is in a folder stands.
#[derive(Debug)]
enum Order {
    /// In the order of a walk, as the tree has it.
    Walk,
    /// The branches below each, sorted: `starts` has where those of a branch begin, the uppermost ones at its end.
    Sorted { starts: Vec<u32>, below: Vec<u32> },
    /// All changes, whatever folder they are in.
    Flat(Vec<u32>),
}

impl Listing {
    fn ordered(changes: Arc<Comparison>, forest: Arc<Forest>, query: &Query) -> Self {
        let order = match (query.flat, query.sort) {
            (true, sort) => Order::Flat(flat(&changes, &forest, sort)),
            (false, Sort::Path) => Order::Walk,
            (false, sort) => sorted(&changes, &forest, sort),
        };
        let mut totals = Totals::default();
        forest.children(None).for_each(|at| totals.add(&forest.branches()[at].totals));
        Self { changes, forest, totals, sieve: query.sieve.clone(), sort: query.sort, flat: query.flat, order }
    }

    /// The branches directly below one, or the uppermost; all of them in a flat list.
    pub(super) fn inside(&self, of: Option<u32>) -> Vec<u32> {
        match &self.order {
            Order::Walk => self.forest.children(of.map(|of| of as usize)).map(number).collect(),
            Order::Flat(all) => all.clone(),
            Order::Sorted { starts, below } => {
                let at = of.map_or(starts.len().saturating_sub(2), |of| of as usize);
                let bounds = starts.get(at).zip(starts.get(at + 1));
                let range = bounds.map(|(from, to)| *from as usize..*to as usize);
                range.and_then(|range| below.get(range)).unwrap_or_default().to_vec()
            }
        }
    }

    /// A branch.
    pub fn branch(&self, at: u32) -> Option<&Branch> {
        self.forest.branches().get(at as usize)
    }

    /// A branch's change.
    pub fn changed(&self, at: u32) -> Option<Changed<'_>> {
        self.forest.changed(&self.changes, at as usize)
    }

    /// A branch's name.
    pub fn name(&self, at: u32) -> &[u8] {
        self.forest.name(&self.changes, at as usize)
    }

    /// A branch's whole path, relative to the root.
    pub fn path(&self, at: u32) -> Vec<u8> {
        self.forest.path(&self.changes, at as usize)
    }

    /// The branch of a path: branches stand in the order of a walk.
    pub fn find(&self, path: &[u8]) -> Option<u32> {
        let parts = |path: &[u8]| path.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
        let wanted = parts(path);
        let (mut low, mut high) = (0, self.forest.branches().len());
        while low < high {
            let middle = low + (high - low) / 2;
            match parts(&self.forest.path(&self.changes, middle)).cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(number(middle)),
            }
        }
        None
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What a branch comes before others by, smaller first.
type Rank = (u8, Reverse<u64>);

fn rank(changes: &Comparison, branch: &Branch, sort: Sort) -> Rank {
    let totals = &branch.totals;
    match sort {
        Sort::Path => (0, Reverse(0)),
        Sort::Size => (0, Reverse(totals.bytes.max(totals.gone))),
        Sort::Change => {
            let own = branch.change().and_then(|change| changes.get(change)).map(|changed| changed.kind);
            let kinds = [
                (ChangeKind::Added, totals.added),
                (ChangeKind::Modified, totals.modified),
                (ChangeKind::Deleted, totals.deleted),
                (ChangeKind::Moved, totals.moved),
            ];
            let is_first = |(kind, count): &(ChangeKind, u32)| own.map_or(*count > 0, |own| own == *kind);
            let at = kinds.iter().position(is_first).unwrap_or(kinds.len());
            (u8::try_from(at).unwrap_or(u8::MAX), Reverse(totals.paths().into()))
        }
    }
}

fn ranks(changes: &Comparison, forest: &Forest, sort: Sort) -> Vec<Rank> {
    forest.branches().iter().map(|branch| rank(changes, branch, sort)).collect()
}

/// The changes of a flat list; those alike in the order of a walk.
fn flat(changes: &Comparison, forest: &Forest, sort: Sort) -> Vec<u32> {
    let numbered = forest.branches().iter().enumerate();
    let mut all: Vec<u32> =
        numbered.filter(|(_, branch)| branch.change().is_some()).map(|(at, _)| number(at)).collect();
    if sort != Sort::Path {
        // A folder that stands by itself is as large as itself.
        let own = |at: u32| match changes_of(changes, forest, at) {
            Some(changed) if sort == Sort::Size => (0, Reverse(changed.size())),
            Some(changed) => (changed.kind as u8, Reverse(0)),
            None => (u8::MAX, Reverse(0)),
        };
        all.sort_by_cached_key(|at| own(*at));
    }
    all
}

fn changes_of<'c>(changes: &'c Comparison, forest: &Forest, at: u32) -> Option<Changed<'c>> {
    forest.changed(changes, at as usize)
}

/// The branches below each, sorted; those alike in the order of a walk.
fn sorted(changes: &Comparison, forest: &Forest, sort: Sort) -> Order {
    let branches = forest.branches();
    let count = branches.len();
    // The branch above each; `count` stands for the root.
    let mut above = Vec::with_capacity(count);
    let mut way: Vec<u32> = Vec::new();
    for (at, branch) in branches.iter().enumerate() {
        way.truncate(usize::from(branch.depth));
        above.push(way.last().copied().unwrap_or(number(count)));
        way.push(number(at));
    }
    let mut starts = vec![0_u32; count + 2];
    above.iter().for_each(|folder| starts[*folder as usize + 1] += 1);
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut below = vec![0_u32; count];
    for (at, folder) in above.iter().enumerate() {
        let place = &mut next[*folder as usize];
        below[*place as usize] = number(at);
        *place += 1;
    }
    let ranks = ranks(changes, forest, sort);
    for at in 0..=count {
        // In one folder they stand in the order of a walk until they are sorted, and sorting is stable.
        below[starts[at] as usize..starts[at + 1] as usize].sort_by_key(|branch| ranks[*branch as usize]);
    }
    Order::Sorted { starts, below }
}
