//! What-if: which images would be safe, baked again or refused, were a base's tag to point to something else. Moves nothing.

use serde::Serialize;

use super::Context;
use super::rebase::{Answer, Rebase, RebaseOptions};
use crate::domain::lineage::{Graph, Holder, Standing};
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// What would become of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The image; escaped.
    pub reference: String,
    /// What a rebase would come to; `None` for what follows its own base, or cannot be judged from here.
    pub rebase: Option<Box<Rebase>>,
    /// What has to be said of it otherwise.
    pub note: Option<String>,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HitCount {
    /// Would be rebased.
    pub safe: usize,
    /// Would have to be baked again.
    pub rebake: usize,
    /// May not be moved.
    pub refused: usize,
    /// Follow an image that is hit, or are a team's.
    pub others: usize,
}

impl Context {
    /// Everything built on the tag `base`, were it to point to `onto`. The closest come first.
    pub async fn impact(&self, base: &str, onto: &str) -> Result<Vec<Hit>, Report> {
        let parsed = self.parse_reference(base)?;
        let tag = parsed.tag_or_latest().filter(|_| parsed.repository.is_some());
        let Some(tag) = tag else {
            return Err(Report::message(Kind::Usage, format!("{} names no tag that could move", escape(base))));
        };
        let place = crate::domain::oci::ImageRef { digest: None, tag: Some(tag), ..parsed }.to_string();
        let lineage = self.lineage().await;
        let graph = &lineage.graph;
        let direct: Vec<usize> = (0..graph.images().len()).filter(|number| follows(graph, *number, &place)).collect();
        let mut hits = Vec::new();
        for number in &direct {
            hits.push(self.hit(graph, *number, onto).await);
        }
        let mut further: Vec<usize> = direct.iter().flat_map(|number| graph.descendants(*number)).collect();
        further.sort_unstable();
        further.dedup();
        for number in further.into_iter().filter(|number| !direct.contains(number)) {
            let Some(edge) = graph.base(number) else { continue };
            let note = format!("follows {}", escape(&graph.images()[edge.base].name()));
            hits.push(Hit { reference: escape(&graph.images()[number].name()), rebase: None, note: Some(note) });
        }
        Ok(hits)
    }

    async fn hit(&self, graph: &Graph, number: usize, onto: &str) -> Hit {
        let image = &graph.images()[number];
        let reference = escape(&image.name());
        let Some(own) = image.places.iter().find(|place| place.holder == Holder::Local) else {
            let note = "in no local store: whoever baked it has to say".to_owned();
            return Hit { reference, rebase: None, note: Some(note) };
        };
        let base = graph.base(number).map(|edge| &graph.images()[edge.base]);
        let pinned = base.and_then(|base| {
            let place = match graph.standing(number) {
                Standing::Current { follows } | Standing::Stale { follows, .. } => follows,
                _ => return None,
            };
            Some(format!("{place}@{}", base.digest))
        });
        let options =
            RebaseOptions { onto: Some(onto.to_owned()), base: pinned, dry_run: true, ..RebaseOptions::default() };
        match self.rebase(&own.to_string(), &options).await {
            Ok(rebase) => Hit { reference, rebase: Some(Box::new(rebase)), note: None },
            Err(report) => Hit { reference, rebase: None, note: Some(escape(&report.message)) },
        }
    }
}

/// Whether an image's base is had by this tag, and somebody has the image.
fn follows(graph: &Graph, number: usize, tag: &str) -> bool {
    let followed = match graph.standing(number) {
        Standing::Current { follows } | Standing::Stale { follows, .. } => follows == tag,
        Standing::Through { .. } | Standing::Unknown { .. } | Standing::Root => false,
    };
    followed && !graph.images()[number].places.is_empty()
}

impl HitCount {
    /// Counts.
    pub fn of(hits: &[Hit]) -> Self {
        let mut count = Self::default();
        for hit in hits {
            match hit.rebase.as_ref().map(|rebase| rebase.answer) {
                Some(Answer::Safe | Answer::Current) => count.safe += 1,
                Some(Answer::NeedsRebake) => count.rebake += 1,
                Some(Answer::Refused) => count.refused += 1,
                None => count.others += 1,
            }
        }
        count
    }
}
