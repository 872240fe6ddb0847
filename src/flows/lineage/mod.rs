//! Who inherits from whom over all stores of the workspace, and what is stale. Reads names, manifests and configs, by HEAD and
//! GET alone; no layer.

mod assess;
mod hints;
mod memory;
mod scan;
mod shelf;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::adapters::clock;
use crate::adapters::store::Selector;
use crate::domain::lineage::{Graph, Image, Pointed};
use crate::domain::oci::Digest;
use crate::report::{Kind, Report};

pub use self::assess::Assessment;
use self::memory::Memory;
use self::shelf::Shelves;
pub use self::watch::LineageWatch;

/// All images with their bases, and what could not be read.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// Who inherits from whom.
    pub graph: Graph,
    /// Stores, repositories and images that could not be read: what is said of the rest may be too little.
    pub unread: Vec<(String, Report)>,
}

impl Context {
    /// Looks at every store, and remembers what tags point to.
    pub async fn lineage(&self) -> Lineage {
        self.look(&self.shelves(None)).await
    }

    async fn look(&self, shelves: &Shelves) -> Lineage {
        let memory = Memory::read(self);
        let scanned = self.scan(shelves, &memory).await;
        // Of a base nobody is on any more nothing has to be remembered; of one that could not be read, all.
        let known: BTreeSet<&Digest> = scanned.images.iter().flat_map(Image::digests).collect();
        shelves.forget_others(&known);
        let is_needed = |old: &&Pointed| !scanned.unread.is_empty() || known.contains(&old.digest);
        let mut pointed: BTreeMap<Pointed, Option<i64>> = memory.pointed.iter().filter(is_needed).map(unseen).collect();
        let first_seen = clock::now_unix();
        for tag in scanned.images.iter().flat_map(now) {
            pointed.entry(tag).or_insert(Some(first_seen));
        }
        let pointed: BTreeSet<Pointed> = pointed.into_iter().map(|(tag, seen)| Pointed { seen, ..tag }).collect();
        memory.keep(&pointed, &scanned.images);
        let pointed: Vec<Pointed> = pointed.into_iter().collect();
        Lineage { graph: Graph::with_hints(scanned.images, &pointed, &scanned.further), unread: scanned.unread }
    }

    /// What a lineage calls a tag: store or registry, repository and tag; `None` for what is no tag of a store.
    pub fn lineage_name(&self, image: &str) -> Result<Option<String>, Report> {
        let parsed = self.parse_reference(image)?;
        let tag = parsed.tag_or_latest().filter(|_| parsed.digest.is_none());
        Ok(tag.and_then(|tag| Some(format!("{}:{tag}", self.called(&parsed)?))))
    }

    /// The number of an image in a lineage.
    pub async fn lineage_of(&self, lineage: &Lineage, image: &str) -> Result<usize, Report> {
        let parsed = self.parse_reference(image)?;
        let unknown = || {
            Report::message(Kind::Failed, format!("{image} is in none of this workspace's stores"))
                .help("`bakery lineage` shows all there are")
        };
        let named = self.lineage_name(image)?;
        if let Some(number) = named.and_then(|named| lineage.graph.at(&named)) {
            return Ok(number);
        }
        let digest = match &parsed.digest {
            Some(digest) => digest.clone(),
            None => {
                let (store, repository) = self.open(&parsed)?;
                let tag = parsed.tag_or_latest().ok_or_else(unknown)?;
                store.resolve(&repository, &Selector::Tag(tag)).await?.digest
            }
        };
        lineage.graph.find(&digest).ok_or_else(unknown)
    }
}

fn now(image: &Image) -> impl Iterator<Item = Pointed> + '_ {
    image.places.iter().map(|place| Pointed {
        repository: place.repository.clone(),
        tag: place.tag.clone(),
        digest: image.digest.clone(),
        seen: None,
    })
}

/// A tag, and when it was seen first.
fn unseen(tag: &Pointed) -> (Pointed, Option<i64>) {
    (Pointed { seen: None, ..tag.clone() }, tag.seen)
}
