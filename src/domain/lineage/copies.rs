//! Which image of the local store a team's image is a copy of, once the two are not the same any more.

use super::{Graph, Holder, Image};
use crate::domain::oci::DiffId;

/// The image of the local store that a team's copy was made from: the one it was published from by its name (`published`: the
/// local names of an image), else one of the same name and tag, else one with the same layers above its base.
pub fn copied_from(graph: &Graph, copy: usize, published: impl Fn(&Image) -> Vec<String>) -> Option<usize> {
    let image = graph.images().get(copy)?;
    let is_local = |number: &usize| {
        *number != copy && graph.images()[*number].places.iter().any(|place| place.holder == Holder::Local)
    };
    let ours: Vec<usize> = (0..graph.images().len()).filter(is_local).collect();
    let has = |number: &usize, repository: &str, tag: &str| {
        let mut local = graph.images()[*number].places.iter().filter(|place| place.holder == Holder::Local);
        local.any(|place| place.tag == tag && below_store(&place.repository) == repository)
    };
    let tag = |number: &usize, repository: &str| image.places.iter().any(|place| has(number, repository, &place.tag));
    let by_name = published(image);
    let named = ours.iter().find(|number| by_name.iter().any(|name| tag(number, name)));
    let same = || {
        let is_same =
            |number: &&usize| image.places.iter().any(|place| has(number, below_store(&place.repository), &place.tag));
        ours.iter().find(is_same)
    };
    let own = own_layers(graph, copy);
    let alike = || ours.iter().find(|number| own.is_some() && own_layers(graph, **number) == own);
    named.or_else(same).or_else(alike).copied()
}

/// `a/b` of `store/a/b`.
fn below_store(repository: &str) -> &str {
    repository.split_once('/').map_or(repository, |(_, rest)| rest)
}

/// What an image has above its base, on the first platform; `None` where that is nothing, or nobody knows.
pub fn own_layers(graph: &Graph, number: usize) -> Option<&[DiffId]> {
    let base = graph.base(number)?;
    let (platform, part) = graph.images()[number].parts.iter().next()?;
    let below = graph.images()[base.base].parts.get(platform)?.diff_ids.len();
    part.diff_ids.get(below..).filter(|own| !own.is_empty())
}
