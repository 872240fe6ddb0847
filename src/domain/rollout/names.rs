//! Names that were left behind: of an image whose first name an earlier roll-out has moved, and which never came to the others.
//! Its journal says that they were one image; that they look alike proves nothing.

use super::Wanted;
use super::copies::has_moved;
use super::plan::followed;
use crate::domain::lineage::{Graph, Holder};
use crate::domain::oci::Digest;

/// Another name that an earlier roll-out was to move, and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The first name: `local/NAME:TAG`.
    pub first: String,
    /// What both pointed to.
    pub found: Digest,
    /// What the first name was moved to, where that was still told.
    pub became: Option<Digest>,
}

/// The first name of an image that has none but others left, and where that one points.
pub(super) fn first_name(graph: &Graph, number: usize, wanted: &Wanted) -> Option<(String, usize)> {
    let image = &graph.images()[number];
    let own = image.places.iter().filter(|place| place.holder == Holder::Local).map(ToString::to_string);
    own.filter_map(|name| wanted.names.get(&name)).find_map(|named| {
        let first = graph.at(&named.first).filter(|_| named.found == image.digest)?;
        // What somebody else has made of it meanwhile is another image.
        let is_ours = named.became.as_ref().is_none_or(|became| *became == graph.images()[first].digest);
        let is_there = has_moved(graph, first) || graph.standing(first).is_stale();
        let is_it = first != number && is_ours && is_there && followed(graph, first) == followed(graph, number);
        is_it.then(|| (named.first.clone(), first))
    })
}
