//! Who inherits from whom: as a tree for people, as nodes and edges for programs, as Markdown for merge requests. Text from
//! outside is escaped.

mod markdown;
mod tree;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::lineage::{Graph, Standing};
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::lineage::Lineage;

pub use markdown::markdown;
pub use tree::lines;

/// What is shown of a lineage: all of it, or what is above and below one image.
pub struct Shown<'l> {
    /// All images.
    pub lineage: &'l Lineage,
    /// Whether each is shown, by number.
    pub picked: Vec<bool>,
}

impl<'l> Shown<'l> {
    /// All of it.
    pub fn all(lineage: &'l Lineage) -> Self {
        Self { lineage, picked: vec![true; lineage.graph.images().len()] }
    }

    /// An image, what it is built on, and everything that is built on it.
    pub fn around(lineage: &'l Lineage, image: usize) -> Self {
        let mut picked = vec![false; lineage.graph.images().len()];
        let graph = &lineage.graph;
        graph.way_down(image).into_iter().chain(graph.descendants(image)).for_each(|number| picked[number] = true);
        Self { lineage, picked }
    }

    fn graph(&self) -> &Graph {
        &self.lineage.graph
    }

    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.picked.len()).filter(|number| self.picked[*number])
    }

    /// What a tag points to, that is shown; what no tag points to is there for its children only.
    fn tagged(&self) -> impl Iterator<Item = usize> + '_ {
        self.numbers().filter(|number| !self.graph().images()[*number].places.is_empty())
    }

    /// How many are stale.
    pub fn stale(&self) -> usize {
        self.tagged().filter(|number| self.graph().standing(*number).is_stale()).count()
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

    /// `14 images: 3 global, 9 local, 2 of teams; 4 stale`.
    pub fn totals(&self) -> String {
        use crate::domain::lineage::Holder;
        let held = |holder| self.tagged().filter(|number| self.graph().images()[*number].holder() == holder).count();
        let (global, local, team) = (held(Holder::Global), held(Holder::Local), held(Holder::Team));
        let all = count(self.tagged().count() as u64, "image");
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
        node
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let graph = self.graph();
        let edges = self.numbers().filter_map(|child| {
            let edge = graph.base(child).filter(|edge| self.picked[edge.base])?;
            let (base, child) = (&graph.images()[edge.base].digest, &graph.images()[child].digest);
            Some(json!({"base": base, "child": child, "layers": edge.layers, "told": edge.is_told}))
        });
        let unread = self.lineage.unread.iter().map(|(what, report)| json!({"what": what, "why": report.message}));
        json!({
            "nodes": self.numbers().map(|number| self.node(number)).collect::<Vec<_>>(),
            "edges": edges.collect::<Vec<_>>(),
            "images": self.tagged().count(),
            "stale": self.stale(),
            "unread": unread.collect::<Vec<_>>(),
        })
        .serialize(serializer)
    }
}

fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}
