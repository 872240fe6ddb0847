//! Teams' copies that are behind: of an image of ours that has moved on already, and was not handed on. Found by what earlier
//! roll-outs owe, and by the same layers under the same name. A name alone proves nothing: it may be the team's own.

use super::Wanted;
use crate::domain::lineage::{Graph, Holder, Standing, own_layers};
use crate::domain::oci::Digest;

/// What an earlier roll-out was to hand on to a place, and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Which image: `local/NAME:TAG`.
    pub reference: String,
    /// What the place had then.
    pub found: Digest,
}

/// An image of ours that a place has an older version of.
pub(super) struct Ours {
    /// Its number.
    pub(super) number: usize,
    /// Its name in the local store.
    pub(super) reference: String,
}

/// What the copy at a place is an older version of, where that is known.
pub(super) fn ours(graph: &Graph, copy: usize, place: &str, wanted: &Wanted) -> Option<Ours> {
    owed(graph, copy, place, wanted).or_else(|| same(graph, copy, place))
}

fn owed(graph: &Graph, copy: usize, place: &str, wanted: &Wanted) -> Option<Ours> {
    let owed = wanted.owed.get(place).filter(|owed| owed.found == graph.images()[copy].digest)?;
    Some(Ours { number: graph.at(&owed.reference)?, reference: owed.reference.clone() })
}

/// One of the same name and tag with the same layers above another base: it was rebased.
fn same(graph: &Graph, copy: usize, place: &str) -> Option<Ours> {
    let layers = own_layers(graph, copy)?;
    graph.images().iter().enumerate().find_map(|(number, image)| {
        let own = image.places.iter().filter(|own| own.holder == Holder::Local).map(ToString::to_string);
        let reference = own.into_iter().find(|own| is_called(place, own))?;
        (number != copy && own_layers(graph, number) == Some(layers)).then_some(Ours { number, reference })
    })
}

/// Whether a place calls an image as the local store does.
pub(super) fn is_called(place: &str, reference: &str) -> bool {
    reference.strip_prefix("local").is_some_and(|name| place.ends_with(name))
}

/// Whether nothing is to be done with an image but to hand it on.
pub(super) fn has_moved(graph: &Graph, number: usize) -> bool {
    matches!(graph.standing(number), Standing::Current { .. })
}
