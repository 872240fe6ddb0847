//! Who inherits from whom: as a tree for people, as nodes and edges for programs, as Markdown for merge requests. Text from
//! outside is escaped.

mod assessment;
pub mod impact;
mod markdown;
pub mod news;
mod tree;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::lineage::{Graph, Standing};
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::lineage::{Assessment, Lineage};

pub use markdown::markdown;
pub use tree::lines;

/// What is shown of a lineage: all of it, or what is above and below one image.
pub struct Shown<'l> {
    /// All images.
    pub lineage: &'l Lineage,
    /// Whether each is shown, by number.
    pub picked: Vec<bool>,
    /// What images ask for, of those that were looked into.
    pub assessed: BTreeMap<usize, Assessment>,
    /// The stalest first, instead of by name.
    pub stalest_first: bool,
}

impl<'l> Shown<'l> {
    /// All of it.
    pub fn all(lineage: &'l Lineage) -> Self {
        Self::of(lineage, 0..lineage.graph.images().len())
    }

    /// Nothing of it.
    pub fn none(lineage: &'l Lineage) -> Self {
        Self::of(lineage, [])
    }

    /// An image, what it is built on, and everything that is built on it.
    pub fn around(lineage: &'l Lineage, image: usize) -> Self {
        let graph = &lineage.graph;
        Self::of(lineage, graph.way_down(image).into_iter().chain(graph.descendants(image)))
    }

    /// An image and what it is built on, down to the root.
    pub fn up(lineage: &'l Lineage, image: usize) -> Self {
        Self::of(lineage, lineage.graph.way_down(image))
    }

    /// A base by its tag, where it still points to something, and everything built on it, whichever version that is on.
    pub fn down(lineage: &'l Lineage, tag: Option<&str>, image: Option<usize>) -> Self {
        let graph = &lineage.graph;
        let followers = tag.map(|tag| graph.followers(tag)).unwrap_or_default();
        let bases = followers.iter().filter_map(|number| graph.base(*number)).map(|edge| edge.base);
        let on = followers.iter().copied().chain(image);
        let above: Vec<usize> = on.flat_map(|number| graph.descendants(number)).collect();
        let all = bases.collect::<Vec<_>>().into_iter().chain(followers.iter().copied()).chain(image).chain(above);
        Self::of(lineage, all)
    }

    fn of(lineage: &'l Lineage, numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut picked = vec![false; lineage.graph.images().len()];
        numbers.into_iter().for_each(|number| picked[number] = true);
        Self { lineage, picked, assessed: BTreeMap::new(), stalest_first: false }
    }

    /// Of these only what is stale, and what that is on.
    pub fn only_stale(&mut self) {
        let graph = &self.lineage.graph;
        let mut picked = vec![false; self.picked.len()];
        let on = self.stale_ones().into_iter().flat_map(|number| graph.way_down(number));
        on.filter(|number| self.picked[*number]).for_each(|number| picked[number] = true);
        self.picked = picked;
    }

    fn graph(&self) -> &Graph {
        &self.lineage.graph
    }

    /// In the order that was asked for.
    fn ordered(&self, numbers: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut numbers: Vec<usize> = numbers.filter(|number| self.picked[*number]).collect();
        if self.stalest_first {
            numbers.sort_by_key(|number| match self.graph().standing(*number) {
                Standing::Stale { behind, since, .. } => (0, Reverse(*behind), *since),
                Standing::Through { .. } => (1, Reverse(0), None),
                Standing::Unknown { .. } => (2, Reverse(0), None),
                Standing::Current { .. } | Standing::Root => (3, Reverse(0), None),
            });
        }
        numbers
    }

    fn numbers(&self) -> Vec<usize> {
        self.ordered(0..self.picked.len())
    }

    /// What a tag points to, that is shown; what no tag points to is there for its children only.
    pub fn tagged(&self) -> Vec<usize> {
        let mut numbers = self.numbers();
        numbers.retain(|number| !self.graph().images()[*number].places.is_empty());
        numbers
    }

    /// Those of them that are stale.
    pub fn stale_ones(&self) -> Vec<usize> {
        let mut numbers = self.tagged();
        numbers.retain(|number| self.graph().standing(*number).is_stale());
        numbers
    }

    /// How many are stale.
    pub fn stale(&self) -> usize {
        self.stale_ones().len()
    }

    fn name(&self, number: usize) -> String {
        escape(&self.graph().images()[number].name())
    }

    /// What it is on and how that stands, in words.
    fn words(&self, number: usize) -> String {
        match self.graph().standing(number) {
            Standing::Root => String::new(),
            Standing::Current { follows } => format!("current with {}", escape(follows)),
            Standing::Stale { follows, behind, .. } => {
                format!("{} behind {}", count(*behind as u64, "version"), escape(follows))
            }
            Standing::Through { stale } => format!("its base {} is stale", self.name(*stale)),
            Standing::Unknown { follows } => format!("{} is gone", escape(follows)),
        }
    }

    /// The sign of how it stands.
    fn sign_of(&self, number: usize) -> &'static str {
        match self.graph().standing(number) {
            Standing::Root => "·",
            Standing::Current { .. } => "✔",
            Standing::Stale { .. } | Standing::Through { .. } => "⟳",
            Standing::Unknown { .. } => "?",
        }
    }

    /// `14 images: 3 global, 9 local, 2 of teams; 4 stale`.
    pub fn totals(&self) -> String {
        use crate::domain::lineage::Holder;
        let tagged = self.tagged();
        let held = |holder| tagged.iter().filter(|number| self.graph().images()[**number].holder() == holder).count();
        let (global, local, team) = (held(Holder::Global), held(Holder::Local), held(Holder::Team));
        let all = count(tagged.len() as u64, "image");
        format!("{all}: {global} global, {local} local, {team} of teams; {} stale", self.stale())
    }

    fn node(&self, number: usize) -> Value {
        let (image, standing) = (&self.graph().images()[number], self.graph().standing(number));
        let base = self.graph().base(number).map(|edge| &self.graph().images()[edge.base].digest);
        let mut node = json!({
            "digest": image.digest,
            "references": image.places.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "holder": image.holder().as_str(),
            "created": image.created.and_then(rfc3339),
            "platforms": image.parts.keys().map(ToString::to_string).collect::<Vec<_>>(),
            "base": base,
            "standing": standing.as_str(),
        });
        match standing {
            Standing::Current { follows } | Standing::Unknown { follows } => node["follows"] = json!(follows),
            Standing::Stale { follows, now, behind, since } => {
                node["follows"] = json!(follows);
                node["now"] = json!(self.graph().images()[*now].digest);
                node["behind"] = json!(behind);
                node["since"] = json!(since.and_then(rfc3339));
            }
            Standing::Through { stale } => node["stale_base"] = json!(self.graph().images()[*stale].digest),
            Standing::Root => {}
        }
        if let Some(told) = self.assessed.get(&number) {
            node["assessment"] = assessment::json(told);
        }
        node
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let graph = self.graph();
        let edges = self.numbers().into_iter().filter_map(|child| {
            let edge = graph.base(child).filter(|edge| self.picked[edge.base])?;
            let (base, child) = (&graph.images()[edge.base].digest, &graph.images()[child].digest);
            Some(json!({"base": base, "child": child, "layers": edge.layers, "told": edge.is_told}))
        });
        let unread = self.lineage.unread.iter().map(|(what, report)| json!({"what": what, "why": report.message}));
        json!({
            "nodes": self.numbers().into_iter().map(|number| self.node(number)).collect::<Vec<_>>(),
            "edges": edges.collect::<Vec<_>>(),
            "images": self.tagged().len(),
            "stale": self.stale(),
            "unread": unread.collect::<Vec<_>>(),
        })
        .serialize(serializer)
    }
}

fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}
