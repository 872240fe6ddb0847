//! What-if: which images would be safe, baked again or refused, were a base's tag to point to something else. Moves nothing.

use std::collections::BTreeMap;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;

use super::Context;
use super::compare::one_line;
use super::rebase::{Answer, Rebase, RebaseOptions};
use crate::domain::lineage::{Graph, Holder, copied_from};
use crate::domain::oci::ImageRef;
use crate::domain::text::{escape, escape_bytes};
use crate::report::{Kind, Report};

/// Images tried at once.
const AT_ONCE: usize = 4;

/// What would become of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The image; escaped.
    pub reference: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// What it is built on, where that is not the base itself; escaped.
    pub through: Option<String>,
    /// What a rebase would come to; `None` for what follows its own base, or cannot be judged from here.
    pub rebase: Option<Box<Rebase>>,
    /// Why, where the rebase does not say; escaped.
    pub note: Option<String>,
}

/// What it would come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It would be rebased, or is there already.
    Safe,
    /// It could be rebased once the new base verifies: what nobody has published yet, nobody vouches for.
    Unverified,
    /// It would have to be baked again.
    Rebake,
    /// It may not be moved.
    Refused,
    /// It goes the way of what it is built on, or is a copy of.
    Follows,
    /// What it is built on may not be moved.
    Stuck,
    /// Nobody can tell from here.
    Unknown,
}

impl Outcome {
    /// The word for people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unverified => "unverified",
            Self::Rebake => "rebake",
            Self::Refused => "refused",
            Self::Follows => "follows",
            Self::Stuck => "stuck",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody has to do something about it, or to look.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Rebake | Self::Refused | Self::Stuck | Self::Unknown)
    }
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HitCount {
    /// Would be rebased, some of them once the new base verifies.
    pub safe: usize,
    /// Would have to be baked again.
    pub rebake: usize,
    /// May not be moved.
    pub refused: usize,
    /// Follow an image that is hit, or are a team's.
    pub others: usize,
}

/// How far it reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Images built on the base itself.
    pub direct: usize,
    /// Images built on one of those, however far above.
    pub further: usize,
    /// Of those: on one that may not be moved.
    pub stuck: usize,
}

impl Context {
    /// Everything built on the tag `base`, were it to point to `onto`. The closest come first.
    pub async fn impact(&self, base: &str, onto: &str) -> Result<Vec<Hit>, Report> {
        self.keeping_stores().impact_of(base, onto).await
    }

    async fn impact_of(&self, base: &str, onto: &str) -> Result<Vec<Hit>, Report> {
        let parsed = self.parse_reference(base)?;
        let tag = parsed.tag_or_latest().filter(|_| parsed.repository.is_some());
        let Some(tag) = tag else {
            return Err(Report::message(Kind::Usage, format!("{} names no tag that could move", escape(base))));
        };
        let named = ImageRef { digest: None, tag: Some(tag.clone()), ..parsed };
        let place = self.called(&named).map_or_else(|| named.to_string(), |called| format!("{called}:{tag}"));
        self.can_be_had(onto).await?;
        let lineage = self.lineage().await;
        let graph = &lineage.graph;
        let followers = graph.followers(&place);
        let is_tagged = |number: &usize| !graph.images()[*number].places.is_empty();
        let direct: Vec<usize> = followers.iter().copied().filter(is_tagged).collect();
        let tried: Vec<BoxFuture<'_, Hit>> =
            direct.iter().map(|number| self.hit(graph, *number, &place, onto).boxed()).collect();
        let mut hits: Vec<Hit> = stream::iter(tried).buffered(AT_ONCE).collect().await;
        let mut outcomes: BTreeMap<usize, Outcome> =
            direct.iter().copied().zip(hits.iter().map(|hit| hit.outcome)).collect();
        // What no tag points to any more is nobody's to move, but images are built on it.
        outcomes.extend(followers.iter().filter(|number| !is_tagged(number)).map(|number| (*number, Outcome::Follows)));
        let mut next = followers;
        while !next.is_empty() {
            let above: Vec<(usize, usize)> =
                next.iter().flat_map(|base| graph.children(*base).iter().map(move |child| (*base, *child))).collect();
            next.clear();
            for (base, child) in above {
                if outcomes.contains_key(&child) {
                    continue;
                }
                let hit = further(graph, child, base, outcomes.get(&base).copied());
                outcomes.insert(child, hit.outcome);
                hits.extend(is_tagged(&child).then_some(hit));
                next.push(child);
            }
        }
        Ok(hits)
    }

    /// Whether what the tag would point to can be had, before anything is asked of it.
    async fn can_be_had(&self, onto: &str) -> Result<(), Report> {
        let image = self.parse_reference(onto)?;
        let doing = |report: Report| report.while_doing(format!("{} cannot be tried", escape(onto)));
        self.find_image(&image, None).await.map(|_| ()).map_err(doing)
    }

    async fn hit(&self, graph: &Graph, number: usize, place: &str, onto: &str) -> Hit {
        let image = &graph.images()[number];
        let hit = Hit {
            reference: escape(&image.name()),
            outcome: Outcome::Unknown,
            through: None,
            rebase: None,
            note: None,
        };
        let Some(own) = image.places.iter().find(|place| place.holder == Holder::Local) else {
            return match copied_from(graph, number, |copy| self.published_names(copy)) {
                Some(ours) => {
                    let ours = escape(&graph.images()[ours].name());
                    let note = Some(format!("is a copy of {ours}, and moves when that is published"));
                    Hit { outcome: Outcome::Follows, note, ..hit }
                }
                None => {
                    let note = "in no local store: whoever baked it has to say".to_owned();
                    Hit { note: Some(note), ..hit }
                }
            };
        };
        let base = graph.base(number).map(|edge| &graph.images()[edge.base].digest);
        let pinned = base.map(|digest| format!("{place}@{digest}"));
        let options =
            RebaseOptions { onto: Some(onto.to_owned()), base: pinned, dry_run: true, ..RebaseOptions::default() };
        match self.rebase(&own.to_string(), &options).await {
            Ok(rebase) => {
                let (outcome, note) = outcome_of(&rebase);
                Hit { outcome, rebase: Some(Box::new(rebase)), note, ..hit }
            }
            Err(report) => Hit { outcome: Outcome::Refused, note: Some(escape(&one_line(&report))), ..hit },
        }
    }
}

/// What a try comes to, and why, in one line.
fn outcome_of(rebase: &Rebase) -> (Outcome, Option<String>) {
    let checks = || {
        let told = rebase.checks.iter().map(|check| format!("{} {}", check.id, check.finding.reason));
        escape(&told.collect::<Vec<_>>().join(", "))
    };
    match (rebase.answer, &rebase.refusal) {
        (Answer::Safe | Answer::Current, _) => (Outcome::Safe, None),
        (Answer::NeedsRebake, _) => {
            let paths = rebase.in_the_way.iter().flat_map(|one| &one.paths);
            let paths = paths.map(|path| format!("/{}", escape_bytes(&path.ours)));
            let fields = rebase.in_the_way.iter().flat_map(|one| &one.fields).map(|field| escape(&field.field));
            let all: Vec<String> = paths.chain(fields).collect();
            let note = all.first().map(|first| match all.len() - 1 {
                0 => format!("{first} is in the way"),
                more => format!("{first} and {more} more are in the way"),
            });
            (Outcome::Rebake, note)
        }
        (Answer::Refused, Some(refusal)) => (Outcome::Refused, Some(format!("{}: {}", refusal.reason, refusal.why))),
        // Nothing of the image stands in the way: only nobody vouches for what is not published yet.
        (Answer::Refused, None)
            if !rebase.checks.is_empty() && rebase.checks.iter().all(|check| check.id.starts_with("base.")) =>
        {
            (Outcome::Unverified, Some(format!("once the new base verifies: {}", checks())))
        }
        (Answer::Refused, None) => (Outcome::Refused, Some(checks())),
    }
}

/// What is built on an image that is hit.
fn further(graph: &Graph, child: usize, base: usize, outcome: Option<Outcome>) -> Hit {
    let tag = graph.followed(child).filter(|_| graph.images()[base].places.is_empty());
    let through = escape(&tag.map_or_else(|| graph.images()[base].name(), str::to_owned));
    let is_stuck = outcome.is_some_and(|outcome| matches!(outcome, Outcome::Refused | Outcome::Stuck));
    let (outcome, note) = match is_stuck {
        true => (Outcome::Stuck, format!("waits for {through}, which may not be moved")),
        false => (Outcome::Follows, format!("follows {through}")),
    };
    let reference = escape(&graph.images()[child].name());
    Hit { reference, outcome, through: Some(through), rebase: None, note: Some(note) }
}

impl HitCount {
    /// Counts.
    pub fn of(hits: &[Hit]) -> Self {
        let mut count = Self::default();
        for hit in hits {
            match hit.outcome {
                Outcome::Safe | Outcome::Unverified => count.safe += 1,
                Outcome::Rebake => count.rebake += 1,
                Outcome::Refused => count.refused += 1,
                Outcome::Follows | Outcome::Stuck | Outcome::Unknown => count.others += 1,
            }
        }
        count
    }
}

impl Reach {
    /// Counts.
    pub fn of(hits: &[Hit]) -> Self {
        let direct = hits.iter().filter(|hit| hit.through.is_none()).count();
        let stuck = hits.iter().filter(|hit| hit.outcome == Outcome::Stuck).count();
        Self { direct, further: hits.len() - direct, stuck }
    }
}
