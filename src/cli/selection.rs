//! Which changes of a comparison are shown, and in which order; where each was made. Prints nothing.

use std::cmp::Reverse;

use super::looking;
use super::render::changes::{Change, Place};
use crate::domain::layer::{ChangeKind, Changed, Comparison, Totals, Tree};
use crate::flows::compare::Opened;

/// What `diff` takes to show less.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Filter {
    /// Only what a base brought (global), or what was made on top of it (local)
    #[arg(long, value_enum, value_name = "WHO")]
    owner: Option<Maker>,
    /// Only these kinds of change
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    only: Vec<Kind>,
    /// Only what this layer did, counted from 1 at the bottom
    #[arg(long, value_name = "N", value_parser = super::looking::layer_number)]
    pub(super) layer: Option<u32>,
    /// In the order of paths, or the largest first
    #[arg(long, value_enum, default_value = "path", value_name = "BY")]
    sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Maker {
    /// A base
    Global,
    /// Whoever stands on one
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Added,
    Modified,
    Deleted,
    Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Sort {
    Path,
    Size,
}

/// The changes chosen, by their numbers, and what they come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    numbers: Vec<u32>,
    pub(super) totals: Totals,
}

impl Filter {
    /// Whether only some files are asked for.
    pub(super) fn is_narrow(&self) -> bool {
        self.owner.is_some() || !self.only.is_empty() || self.layer.is_some()
    }

    /// Whether what this layer did is wanted.
    pub(super) fn wants_layer(&self, opened: &Opened, layer: u32) -> bool {
        self.layer.is_none_or(|only| only == layer) && self.wants_maker(looking::is_local(opened, Some(layer)))
    }

    fn wants_maker(&self, is_local: bool) -> bool {
        self.owner.is_none_or(|owner| (owner == Maker::Local) == is_local)
    }

    fn wants_kind(&self, kind: ChangeKind) -> bool {
        let word = match kind {
            ChangeKind::Added => Kind::Added,
            ChangeKind::Modified => Kind::Modified,
            ChangeKind::Deleted => Kind::Deleted,
            ChangeKind::Moved => Kind::Moved,
        };
        self.only.is_empty() || self.only.contains(&word)
    }

    /// Chooses among what one layer did.
    pub(super) fn of_layer(&self, comparison: &Comparison) -> Selection {
        self.choose(comparison, |changed| self.wants_kind(changed.kind))
    }

    /// Chooses among what differs between two images.
    pub(super) fn of_images(&self, comparison: &Comparison, (before, after): (&Opened, &Opened)) -> Selection {
        let anywhere = self.owner.is_none() && self.layer.is_none();
        self.choose(comparison, |changed| {
            let fits =
                |place: Place| self.wants_maker(place.is_local) && (self.layer.is_none() || place.layer == self.layer);
            self.wants_kind(changed.kind) && (anywhere || fits(place(changed, before, after)))
        })
    }

    fn choose(&self, comparison: &Comparison, mut wanted: impl FnMut(&Changed<'_>) -> bool) -> Selection {
        let mut selection = Selection::default();
        for (number, changed) in (0_u32..).zip(comparison.iter()) {
            if wanted(&changed) {
                selection.totals.count(&changed);
                selection.numbers.push(number);
            }
        }
        if self.sort == Sort::Size {
            let size = |number: &u32| comparison.get(*number as usize).map_or(0, |changed| changed.size());
            selection.numbers.sort_by_cached_key(|number| Reverse(size(number)));
        }
        selection
    }
}

impl Selection {
    /// Whether nothing was chosen.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What was chosen, with the place each was made at where `placed` tells it.
    pub(super) fn changes<'c>(
        &'c self,
        comparison: &'c Comparison,
        images: Option<(&'c Opened, &'c Opened)>,
    ) -> impl Iterator<Item = Change<'c>> {
        self.numbers.iter().filter_map(move |number| {
            let changed = comparison.get(*number as usize)?;
            let place = images.map(|(before, after)| place(&changed, before, after));
            Some(Change { changed, place })
        })
    }
}

/// The layer of `after` that made it so. What `after` never had was left out by whoever made it; then whose it was counts.
fn place(changed: &Changed<'_>, before: &Opened, after: &Opened) -> Place {
    let layer = match changed.kind {
        ChangeKind::Deleted => deleted_by(&after.tree, &changed.path()),
        _ => changed.layer(),
    };
    let is_local = match layer {
        Some(layer) => looking::is_local(after, Some(layer)),
        None => looking::is_local(before, changed.before.and_then(|seen| seen.layer())),
    };
    Place { layer, is_local }
}

/// The layer that took a path away for good.
fn deleted_by(tree: &Tree, path: &[u8]) -> Option<u32> {
    let path = tree.find(path)?;
    let stood = |level: u32| tree.seen_at(path, level).is_some();
    (0..tree.layers()).rev().find(|layer| stood(*layer) && !stood(layer + 1))
}
