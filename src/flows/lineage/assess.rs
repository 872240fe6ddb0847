//! What one image of a lineage asks for: which packages its base changed, whether it can be rebased, what is best done with it.
//! Reads documents and layer indexes; moves nothing, and fetches no layer of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::{BoxFuture, join};
use futures_util::stream::{self, BoxStream, StreamExt};

use super::Lineage;
use super::hints::local_names;
use crate::adapters::host;
use crate::domain::layer::packages::{Installed, PackageChange, compare};
use crate::domain::lineage::{Best, Holder, Image, Standing, copied_from};
use crate::domain::oci::{Digest, ImageRef, Platform};
use crate::domain::text::escape;
use crate::domain::trust::CheckVerdict;
use crate::flows::Context;
use crate::flows::compare::{Merged, one_line};
use crate::flows::rebase::{Answer, Rebase, RebaseOptions};
use crate::flows::verify::{Asked, Inquiry};
use crate::report::{Kind, Report};

/// Images looked into at once.
const AT_ONCE: usize = 4;

/// What is known of one image beyond its place in the lineage.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The image.
    pub digest: Digest,
    /// What is best done with it.
    pub best: Best,
    /// What a move to its new base changes of what is installed.
    pub packages: Vec<PackageChange>,
    /// What verifying it came to.
    pub verdict: Option<CheckVerdict>,
    /// The recipe that makes it, where one does; below the workspace's folder where it lies there.
    pub recipe: Option<PathBuf>,
    /// What a rebase would come to, where one was tried.
    pub rebase: Option<Box<Rebase>>,
    /// How many of its own paths the new base touches, of how many.
    pub touched: Option<(usize, usize)>,
}

impl Context {
    /// Looks into one image of a lineage.
    pub async fn assess(&self, lineage: &Lineage, number: usize) -> Result<Assessment, Report> {
        Assessor::new(self.clone(), Arc::new(lineage.clone())).await.one(number).await
    }

    /// Looks into many, each with its number, as they are known: a few at once, and what several ask is asked once.
    pub fn assess_all(
        &self,
        lineage: Arc<Lineage>,
        numbers: Vec<usize>,
    ) -> BoxStream<'static, (usize, Result<Assessment, Report>)> {
        let assessor = Assessor::new(self.clone(), lineage);
        let all = stream::once(assessor).flat_map(move |assessor| {
            let assessor = Arc::new(assessor);
            let numbers = numbers.clone().into_iter();
            stream::iter(numbers.map(move |number| Arc::clone(&assessor).numbered(number))).buffer_unordered(AT_ONCE)
        });
        all.boxed()
    }

    /// What an image that was published from here is called in the local store, without its tag.
    pub(in crate::flows) fn published_names(&self, image: &Image) -> Vec<String> {
        let named = image.places.iter().filter_map(|place| self.parse_reference(&place.to_string()).ok());
        let law = |image: ImageRef| self.jurisdiction(&image, image.repository.as_ref());
        named.map(law).filter(|law| law.is_local).map(|law| law.repository).collect()
    }
}

/// Old base, new base, platform.
type Move = (Digest, Digest, Platform);

/// Looks into images of one lineage; each question is asked once.
struct Assessor {
    context: Context,
    lineage: Arc<Lineage>,
    inquiry: Inquiry,
    /// By `NAME:TAG`.
    recipes: BTreeMap<String, PathBuf>,
    installed: Asked<(Digest, Platform), Option<Arc<Installed>>>,
    changes: Asked<Move, Vec<PackageChange>>,
}

/// What a move to a new base comes to.
struct Prospect {
    best: Best,
    packages: Vec<PackageChange>,
    rebase: Option<Box<Rebase>>,
    touched: Option<(usize, usize)>,
}

impl Prospect {
    fn only(best: Best) -> Self {
        Self { best, packages: Vec::new(), rebase: None, touched: None }
    }
}

impl Assessor {
    async fn new(context: Context, lineage: Arc<Lineage>) -> Self {
        let context = context.keeping_makers();
        let reading = context.clone();
        let recipes = tokio::task::spawn_blocking(move || reading.recipes_by_image()).await.unwrap_or_default();
        let inquiry = Inquiry::new(&context);
        Self { context, lineage, inquiry, recipes, installed: Asked::new(), changes: Asked::new() }
    }

    fn numbered(self: Arc<Self>, number: usize) -> BoxFuture<'static, (usize, Result<Assessment, Report>)> {
        Box::pin(async move { (number, self.one(number).await) })
    }

    fn image(&self, number: usize) -> &Image {
        &self.lineage.graph.images()[number]
    }

    async fn one(&self, number: usize) -> Result<Assessment, Report> {
        if number >= self.lineage.graph.images().len() {
            return Err(Report::message(Kind::Usage, "no such image in this lineage"));
        }
        let image = self.image(number);
        // Both go deep: they are not to lie on the stack of whoever asks.
        let (verdict, prospect) = join(Box::pin(self.verdict(image)), Box::pin(self.prospect(number))).await;
        let Prospect { best, packages, rebase, touched } = prospect;
        let (digest, recipe) = (image.digest.clone(), self.recipe(image));
        Ok(Assessment { digest, best, packages, verdict, recipe, rebase, touched })
    }

    /// The recipe that makes it.
    fn recipe(&self, image: &Image) -> Option<PathBuf> {
        let file = local_names(image).iter().find_map(|name| self.recipes.get(name))?;
        Some(file.strip_prefix(&self.context.workspace.root).unwrap_or(file).to_owned())
    }

    /// What verifying it comes to; what cannot be asked is unknown, and what no tag points to is nobody's question.
    async fn verdict(&self, image: &Image) -> Option<CheckVerdict> {
        let named = format!("{}@{}", image.places.first()?, image.digest);
        let verified = self.context.verify_among(&self.inquiry, &named).await;
        Some(verified.map_or(CheckVerdict::Unknown, |verified| verified.verdict))
    }

    async fn prospect(&self, number: usize) -> Prospect {
        let (follows, now) = match self.lineage.graph.standing(number) {
            Standing::Root | Standing::Current { .. } => return Prospect::only(Best::UpToDate),
            Standing::Unknown { follows } => {
                let why = format!("{} is gone: nobody can tell what it is to be on", escape(follows));
                return Prospect::only(Best::Blocked(why));
            }
            Standing::Through { stale } => {
                return Prospect::only(Best::BaseFirst(escape(&self.image(*stale).name())));
            }
            Standing::Stale { follows, now, .. } => (follows.as_str(), *now),
        };
        let image = self.image(number);
        if image.places.is_empty() {
            return Prospect::only(Best::Blocked("no tag points to it any more".into()));
        }
        let now_has = &self.image(now).parts;
        if let Some(lacking) = image.parts.keys().find(|platform| !now_has.keys().any(|has| platform.is_served_by(has)))
        {
            let why = format!("{} has no {} any more", escape(follows), escape(&lacking.to_string()));
            return Prospect::only(Best::Blocked(why));
        }
        let (packages, prospect) = match image.places.iter().find(|place| place.holder == Holder::Local) {
            Some(own) => {
                let next = self.image(now);
                if next.holder() == Holder::Local && self.lineage.graph.standing(now).is_stale() {
                    // It would have to move twice.
                    let first = Prospect::only(Best::BaseFirst(escape(&next.name())));
                    return Prospect { packages: self.packages(number, (follows, now)).await, ..first };
                }
                // In turn: what the comparison has looked into, which is shared, a try need not fetch again.
                let packages = self.packages(number, (follows, now)).await;
                (packages, self.rebased(number, &own.to_string(), (follows, now)).await)
            }
            None => {
                let packages = self.packages(number, (follows, now)).await;
                (packages, Prospect::only(self.of_others(number)))
            }
        };
        Prospect { packages, ..prospect }
    }

    /// Of what is not in the local store: a team's copy moves with the image it is a copy of.
    fn of_others(&self, number: usize) -> Best {
        let graph = &self.lineage.graph;
        if self.image(number).holder() == Holder::Global {
            return Best::Blocked("it is the global team's to move".into());
        }
        match copied_from(graph, number, |copy| self.context.published_names(copy)) {
            Some(ours) if graph.standing(ours).is_stale() => Best::BaseFirst(escape(&graph.images()[ours].name())),
            Some(ours) => {
                let ours = escape(&graph.images()[ours].name());
                Best::Blocked(format!("{ours} has moved already: `bakery publish {ours}` hands it on"))
            }
            None => Best::Blocked("no image of the local store makes it: whoever baked it has to move it".into()),
        }
    }

    /// What a rebase of our own image would come to.
    async fn rebased(&self, number: usize, own: &str, (follows, now): (&str, usize)) -> Prospect {
        let Some(edge) = self.lineage.graph.base(number) else { return Prospect::only(Best::UpToDate) };
        let options = RebaseOptions {
            onto: Some(format!("{follows}@{}", self.image(now).digest)),
            base: Some(format!("{follows}@{}", self.image(edge.base).digest)),
            dry_run: true,
            ..RebaseOptions::default()
        };
        let told = match self.context.rebase(own, &options).await {
            Ok(told) => told,
            Err(report) => return Prospect::only(Best::Blocked(escape(&one_line(&report)))),
        };
        let best = best_of(&told, self.recipe(self.image(number)).is_some());
        let touched = match told.answer {
            Answer::Safe | Answer::NeedsRebake => self.touched(number, own, &told).await,
            Answer::Current | Answer::Refused => None,
        };
        Prospect { best, packages: Vec::new(), rebase: Some(Box::new(told)), touched }
    }

    /// How many of its own paths stand in the way, of how many, on the platform that is looked at.
    async fn touched(&self, number: usize, own: &str, told: &Rebase) -> Option<(usize, usize)> {
        let image = self.image(number);
        let (platform, part) = looked_at(image)?;
        let merged = self.merged(own, &part.digest, platform).await?;
        let below = self.image(self.lineage.graph.base(number)?.base).parts.get(platform)?.diff_ids.len();
        let below = u32::try_from(below).ok()?;
        let tree = &merged.tree;
        let ours: BTreeSet<Vec<u8>> = tree.touched(below, tree.layers()).map(|path| tree.path(path)).collect();
        let in_the_way = told.in_the_way.iter().filter(|one| one.platform == *platform).flat_map(|one| &one.paths);
        let met: BTreeSet<&[u8]> = in_the_way.map(|conflict| conflict.ours.as_slice()).collect();
        Some((met.len(), ours.len().max(met.len())))
    }

    /// What its move changes of what is installed.
    async fn packages(&self, number: usize, (follows, now): (&str, usize)) -> Vec<PackageChange> {
        let Some(edge) = self.lineage.graph.base(number) else { return Vec::new() };
        let Some((platform, _)) = looked_at(self.image(number)) else { return Vec::new() };
        let part = |number: usize| self.image(number).parts.get(platform).map(|part| part.digest.clone());
        let (Some(old), Some(new)) = (part(edge.base), part(now)) else { return Vec::new() };
        let ask = async {
            let both = join(self.installed(follows, &old, platform), self.installed(follows, &new, platform)).await;
            match both {
                (Some(before), Some(after)) => compare(&before.packages, &after.packages),
                _ => Vec::new(),
            }
        };
        self.changes.once((old.clone(), new.clone(), platform.clone()), ask).await
    }

    /// What is installed in a base; `None` where it cannot be read any more.
    async fn installed(&self, follows: &str, base: &Digest, platform: &Platform) -> Option<Arc<Installed>> {
        let ask = async { Some(Arc::new(self.merged(follows, base, platform).await?.packages)) };
        self.installed.once((base.clone(), platform.clone()), ask).await
    }

    /// The layers of an image on one tree, from what is here, or was looked into before, where that is all of it.
    async fn merged(&self, named: &str, digest: &Digest, platform: &Platform) -> Option<Merged> {
        let named = self.context.parse_reference(named).ok()?;
        let pinned = ImageRef { tag: None, ..named.pinned(digest.clone()) };
        let found = self.context.find_image(&pinned, Some(platform)).await.ok()?;
        let sources = found.sources(&self.context.layouts_here()).ok()?;
        self.context.merged(&sources, Vec::new(), Vec::new()).await.ok()
    }
}

/// The platform whose files are looked at: this machine's where it has one for it.
fn looked_at(image: &Image) -> Option<(&Platform, &crate::domain::lineage::Part)> {
    let here = host::platform();
    image.parts.iter().find(|(platform, _)| here.is_served_by(platform)).or_else(|| image.parts.iter().next())
}

/// What is best done after a rebase was tried.
fn best_of(told: &Rebase, has_recipe: bool) -> Best {
    let rebake = |why: &str| match has_recipe {
        true => Best::Rebake,
        false => Best::Blocked(format!("{why}, and no recipe of this workspace makes it")),
    };
    match told.answer {
        Answer::Current => Best::UpToDate,
        Answer::Safe => Best::Rebase,
        Answer::NeedsRebake => rebake("it has to be baked again"),
        Answer::Refused => match &told.refusal {
            // A bake does not ask what lies below, nor moves a layer of a kind it does not know.
            Some(refusal) if ["base.unread", "base.not-below", "layer.foreign"].contains(&refusal.reason) => {
                rebake(&refusal.why)
            }
            Some(refusal) => Best::Blocked(refusal.why.clone()),
            None => {
                let checks = told.checks.iter().map(|check| format!("{} {}", check.id, check.finding.reason));
                Best::Blocked(escape(&checks.collect::<Vec<_>>().join(", ")))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tasks of the terminal UI move between threads; nothing has to run here.
    #[test]
    fn what_lineage_does_can_be_done_by_any_thread() {
        fn is_send<T: Send>(_: &dyn Fn() -> T) {}
        fn of(context: &'static Context, lineage: &'static Lineage) {
            is_send(&|| async { context.watch_lineage(std::time::Duration::ZERO).next().await });
            is_send(&|| context.lineage());
            is_send(&|| context.assess(lineage, 0));
        }
        let _ = of;
    }
}
