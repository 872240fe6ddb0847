//! The tree of inheritance: each image's base among all there are, proven by layers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::standing::{self, Standing};
use super::told::Told;
use super::{FurtherHints, Image, Pointed};
use crate::domain::oci::{ChainId, Digest, Platform};

/// An image and its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Number of the base.
    pub base: usize,
    /// How many layers it brings; of several platforms, the fewest.
    pub layers: usize,
    /// Whether the child says so, too.
    pub is_told: bool,
}

/// All images with their bases.
#[derive(Clone, Debug)]
pub struct Graph {
    images: Vec<Image>,
    bases: Vec<Option<Edge>>,
    standings: Vec<Standing>,
    followed: Vec<Option<String>>,
    children: Vec<Vec<usize>>,
}

impl Graph {
    /// Finds each image's base, and how it stands. `pointed`: what tags are known to have pointed to before.
    pub fn of(images: Vec<Image>, pointed: &[Pointed]) -> Self {
        Self::with_hints(images, pointed, &FurtherHints::new())
    }

    /// The same, where more is said of bases than images say themselves.
    pub fn with_hints(images: Vec<Image>, pointed: &[Pointed], further: &FurtherHints) -> Self {
        let told = Told::new(&images, further);
        let bases = Search::new(&images, &told).all();
        let (standings, followed) = standing::all(&images, &bases, (pointed, &told));
        let mut children = vec![Vec::new(); images.len()];
        for (child, edge) in bases.iter().enumerate() {
            if let Some(edge) = edge {
                children[edge.base].push(child);
            }
        }
        Self { images, bases, standings, followed, children }
    }

    /// All images, by number.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// An image's base.
    pub fn base(&self, image: usize) -> Option<Edge> {
        self.bases.get(image).copied().flatten()
    }

    /// How an image stands.
    pub fn standing(&self, image: usize) -> &Standing {
        &self.standings[image]
    }

    /// The tag an image's base is had by, however the image stands; `None` where no base was found.
    pub fn followed(&self, image: usize) -> Option<&str> {
        self.followed.get(image)?.as_deref()
    }

    /// What is built on an image, directly.
    pub fn children(&self, image: usize) -> &[usize] {
        self.children.get(image).map_or(&[], Vec::as_slice)
    }

    /// Everything built on an image, however far above.
    pub fn descendants(&self, image: usize) -> Vec<usize> {
        let (mut found, mut next) = (Vec::new(), self.children(image).to_vec());
        while let Some(child) = next.pop() {
            found.push(child);
            next.extend_from_slice(self.children(child));
        }
        found.sort_unstable();
        found
    }

    /// From an image down to its root.
    pub fn way_down(&self, image: usize) -> Vec<usize> {
        let mut way = vec![image];
        while let Some(edge) = way.last().and_then(|at| self.base(*at)) {
            way.push(edge.base);
        }
        way
    }

    /// The image a tag points to, by `REPOSITORY:TAG`.
    pub fn at(&self, tag: &str) -> Option<usize> {
        let is_it = |place: &super::Place| {
            tag.strip_prefix(&place.repository).and_then(|rest| rest.strip_prefix(':')) == Some(&place.tag)
        };
        self.images.iter().position(|image| image.places.iter().any(is_it))
    }

    /// Everything whose base is had by this tag, whichever version it is on.
    pub fn followers(&self, tag: &str) -> Vec<usize> {
        (0..self.images.len()).filter(|number| self.followed(*number) == Some(tag)).collect()
    }

    /// What no tag points to any more and something stands on still: by which tag it was had, as those that stand on it say.
    pub fn once(&self) -> BTreeMap<usize, &str> {
        let mut once = BTreeMap::new();
        for number in 0..self.images.len() {
            if let (Standing::Stale { follows, .. }, Some(edge)) = (self.standing(number), self.base(number))
                && self.images[edge.base].places.is_empty()
            {
                once.entry(edge.base).or_insert(follows.as_str());
            }
        }
        once
    }

    /// The image of a digest, or with a part of it.
    pub fn find(&self, digest: &Digest) -> Option<usize> {
        self.images.iter().position(|image| image.is_named_by(digest))
    }
}

/// Looks for bases.
struct Search<'i> {
    images: &'i [Image],
    told: &'i Told<'i>,
    /// By the stack of all layers on a platform.
    by_chain: HashMap<(&'i Platform, ChainId), Vec<usize>>,
    by_digest: HashMap<&'i Digest, Vec<usize>>,
    /// Images that somebody says are a base.
    known_bases: HashSet<usize>,
}

impl<'i> Search<'i> {
    fn new(images: &'i [Image], told: &'i Told<'i>) -> Self {
        let mut by_chain: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_digest: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, image) in images.iter().enumerate() {
            by_digest.entry(&image.digest).or_default().push(number);
            for (platform, part) in &image.parts {
                if part.digest != image.digest {
                    by_digest.entry(&part.digest).or_default().push(number);
                }
                if let Some(chain) = ChainId::of(&part.diff_ids) {
                    by_chain.entry((platform, chain)).or_default().push(number);
                }
            }
        }
        let hints = told.all().filter_map(|hint| hint.digest.as_ref());
        let known_bases = hints.filter_map(|digest| by_digest.get(digest)).flatten().copied().collect();
        Self { images, told, by_chain, by_digest, known_bases }
    }

    fn all(&self) -> Vec<Option<Edge>> {
        let base = |child: usize| self.told(child).or_else(|| self.by_layers(child));
        let mut bases: Vec<Option<Edge>> = (0..self.images.len()).map(base).collect();
        // With the same layers two can be said to be each other's base. By layers alone no way down goes round.
        while let Some(round) = round(&bases) {
            round.into_iter().for_each(|child| bases[child] = self.by_layers(child));
        }
        bases
    }

    /// The base that is named for an image, where its layers prove it: what is named by digest is no accident.
    fn told(&self, child: usize) -> Option<Edge> {
        self.told.of(child).iter().find_map(|hint| self.proven(child, hint.digest.as_ref()?))
    }

    fn proven(&self, child: usize, digest: &Digest) -> Option<Edge> {
        let image = &self.images[child];
        let named = self.by_digest.get(digest)?.iter().filter(|base| **base != child);
        let proven = named.filter_map(|base| Some((*base, self.images[*base].lies_below(image)?)));
        // An index before a single manifest of it, and what has a tag before what has none.
        let best = proven.max_by_key(|(base, _)| {
            let base = &self.images[*base];
            (!base.places.is_empty(), base.parts.len(), Reverse(&base.digest))
        });
        best.map(|(base, layers)| Edge { base, layers, is_told: true })
    }

    /// The base by layers alone: one that is known as a base before one that only happens to have the same layers.
    fn by_layers(&self, child: usize) -> Option<Edge> {
        let candidates = self.below(child);
        let is_base =
            |base: &usize| self.known_bases.contains(base) || self.images[*base].holder() < self.images[child].holder();
        let known = candidates.iter().filter(|(base, _)| is_base(base));
        let best = |(base, layers): &&(usize, usize)| (*layers, self.liking(*base, child));
        let chosen = known.max_by_key(best).or_else(|| candidates.iter().max_by_key(best))?;
        Some(Edge { base: chosen.0, layers: chosen.1, is_told: false })
    }

    /// Everything that lies below an image and can be its base.
    fn below(&self, child: usize) -> Vec<(usize, usize)> {
        let image = &self.images[child];
        let Some((platform, part)) = image.parts.iter().next() else { return Vec::new() };
        let mut chain = None;
        let mut found = Vec::new();
        for layer in &part.diff_ids {
            let here = ChainId::extend(chain.as_ref(), layer);
            for base in self.by_chain.get(&(platform, here.clone())).into_iter().flatten().copied() {
                if base != child
                    && self.can_be_below(base, child)
                    && let Some(layers) = self.images[base].lies_below(image)
                {
                    found.push((base, layers));
                }
            }
            chain = Some(here);
        }
        found
    }

    /// Inheritance runs one way, and an image's older versions are no base of it.
    fn can_be_below(&self, base: usize, child: usize) -> bool {
        let (base, child) = (&self.images[base], &self.images[child]);
        let own = |place: &super::Place| child.places.iter().any(|other| other.repository == place.repository);
        if base.places.iter().any(own) || base.holder() > child.holder() {
            return false;
        }
        let as_many = base.parts.iter().any(|(platform, part)| {
            child.parts.get(platform).is_some_and(|other| other.diff_ids.len() == part.diff_ids.len())
        });
        // With no layer of its own nothing but the order of inheritance tells child from base.
        !as_many || base.holder() < child.holder()
    }

    /// Among bases with as many layers.
    fn liking(&self, base: usize, child: usize) -> impl Ord + use<'i> {
        let image = &self.images[base];
        let mut named = self.told.of(child).iter().filter_map(|hint| hint.repository.as_deref());
        let is_named = named.any(|named| image.places.iter().any(|place| place.repository == named));
        (is_named, Reverse(image.holder()), !image.places.is_empty(), image.created, Reverse(&image.digest))
    }
}

/// Images whose way down comes back to them, if there are any.
fn round(bases: &[Option<Edge>]) -> Option<Vec<usize>> {
    let mut walked_from = vec![None; bases.len()];
    for start in 0..bases.len() {
        let mut at = Some(start);
        while let Some(here) = at.filter(|here| walked_from[*here].is_none()) {
            walked_from[here] = Some(start);
            at = bases[here].map(|edge| edge.base);
        }
        if let Some(first) = at.filter(|here| walked_from[*here] == Some(start)) {
            let next = |here: &usize| bases[*here].map(|edge| edge.base).filter(|next| *next != first);
            return Some(std::iter::successors(Some(first), next).collect());
        }
    }
    None
}
