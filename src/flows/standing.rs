//! How each recipe of the workspace stands: first by what lies here, then by what its base's store says now. Bakes nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prepare::{loaded_lock, local_base, placed, platforms_of};
use super::watch::Shelf;
use super::{Context, LoadedRecipe, PrepareOptions, Prepared};
use crate::adapters::store::{Selector, Store};
use crate::domain::journal::{BakeStatus, Failure};
use crate::domain::oci::{Digest, Manifest, annotation};
use crate::domain::plan::{InputManifest, Plan};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::recipe::{Base, Lock, Problem, Recipe, Severity};
use crate::domain::yaml::{self, Problems, Reading};
use crate::report::{Kind, Report};

/// How a recipe stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its text has errors.
    Broken,
    /// It is being baked.
    Baking,
    /// Its newest bake was rejected by a check.
    Rejected,
    /// Its newest bake failed.
    Failed,
    /// Its image is not in the local store.
    NeverBaked,
    /// Its image is in the local store.
    Baked,
}

/// One recipe, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeCard {
    /// The file.
    pub file: PathBuf,
    /// The file as people name it.
    pub shown: String,
    /// `NAME:TAG`; `None` where the text does not say.
    pub reference: Option<String>,
    /// The base as the recipe names it.
    pub base: Option<String>,
    /// Whether the base is another image of the local store.
    pub is_base_local: bool,
    /// How it stands.
    pub standing: Standing,
    /// Everything wrong with its text.
    pub problems: Vec<Problem>,
    /// What its lock pins the base to, where the lock fits.
    pub pinned: Option<Digest>,
    /// What to ask where the base's tag points now: see [`Context::base_now`]. `None` where there is no lock or no tag.
    pub asks: Option<String>,
    /// Its image in the local store.
    pub image: Option<BakedImage>,
    /// Its newest bake.
    pub bake: Option<String>,
    /// When that began (RFC 3339).
    pub baked_at: Option<String>,
    /// How long it took, in milliseconds, where it went well.
    pub took: Option<u64>,
    /// Fingerprint of the key a bake signed the image in the local store with.
    pub signed_by: Option<String>,
    /// The check that rejected it.
    pub rejected_by: Option<String>,
    /// Why that ended badly.
    pub failure: Option<String>,
}

/// A recipe's image in the local store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakedImage {
    /// Of the manifest or index.
    pub digest: Digest,
    /// Bytes of its config and layers; `None` for an index of several platforms.
    pub size: Option<u64>,
    /// It was made on another base than the recipe and its lock name now.
    pub is_on_other_base: bool,
    /// Whether the recipe says something else than what was baked.
    pub is_of_other_text: bool,
}

impl RecipeCard {
    /// Errors in its text.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// What a bake of a recipe would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// Its steps, judged.
    pub plan: Plan,
    /// Its tests, by name.
    pub tests: Vec<String>,
    /// Bytes of the files that steps read that will run.
    pub reads: u64,
    /// Where the base's tag points now; `None` where it was not asked, or nobody answered.
    pub tag_now: Option<Digest>,
}

impl Prospect {
    /// Of what was prepared.
    pub(super) fn of(prepared: Prepared) -> Self {
        let will_run = |at: usize| {
            let mut parts = prepared.plan.platforms.iter();
            parts.any(|part| part.steps.get(at).is_some_and(|step| step.will_run))
        };
        let read = prepared.inputs.iter().enumerate().filter(|(at, _)| will_run(*at));
        Self {
            tests: prepared.recipe.tests.iter().map(|test| test.name.clone()).collect(),
            reads: read.filter_map(|(_, inputs)| inputs.as_ref()).map(InputManifest::size).sum(),
            tag_now: prepared.tag_now,
            plan: prepared.plan,
        }
    }
}

/// How long a store is waited for that is asked where a tag points.
const PATIENCE: Duration = Duration::from_secs(3);

impl Context {
    /// Every recipe of the workspace by what lies here: nothing is asked over the network.
    pub async fn standings(&self, shelf: &Shelf) -> Result<Vec<RecipeCard>, Report> {
        let (context, shelf) = (self.clone(), shelf.clone());
        let read = move || {
            // A shelf that cannot be read has its own screen to say so.
            let (mut bakes, home) = (shelf.list().unwrap_or_default(), context.home());
            // Another workspace's image of the same name says nothing of the recipe here.
            bakes.retain(|row| row.is_of(&home));
            let here = |loaded: LoadedRecipe| {
                let lock = loaded_lock(&loaded.file).ok().flatten();
                (loaded, lock)
            };
            let loaded: Vec<_> = context.check_recipes(&[])?.into_iter().map(here).collect();
            Ok::<_, Report>((loaded, Bakes::of(bakes)))
        };
        let done = tokio::task::spawn_blocking(read).await;
        let (loaded, bakes) = done.map_err(|error| Report::new(Kind::Failed, &error))??;
        // A store that cannot be opened has its own screen as well: nothing is known to be baked then.
        let local = self.local_if_present().ok().flatten();
        let mut cards = Vec::with_capacity(loaded.len());
        for (loaded, lock) in &loaded {
            let image = match (&local, &loaded.recipe) {
                (Some(local), Some(recipe)) => image(local.as_ref(), recipe, lock.as_ref()).await,
                _ => None,
            };
            cards.push(card(loaded, lock.as_ref(), &bakes, image));
        }
        Ok(cards)
    }

    /// What a bake of this recipe would do; writes no lock. `ask`: asks where the base's tag points now.
    pub async fn prospect(&self, file: &Path, ask: bool) -> Result<Prospect, Report> {
        let (context, named) = (self.clone(), file.to_owned());
        let done = tokio::task::spawn_blocking(move || context.recipes(&[named])).await;
        let loaded = done.map_err(|error| Report::new(Kind::Failed, &error))??.into_iter().next();
        let gone = || Report::message(Kind::Usage, format!("no recipe {}", self.shown(file)));
        let options = PrepareOptions { ask_tag: ask, ..PrepareOptions::default() };
        Ok(Prospect::of(self.prepare(&loaded.ok_or_else(gone)?, options).await?))
    }

    /// How long the newest bake of an image that went well took, in milliseconds.
    pub(super) async fn took(&self, reference: &str) -> Option<u64> {
        let (shelf, reference, home) = (Shelf::below(self.paths.bakes()), reference.to_owned(), self.home());
        let newest = move || {
            let is_good = |row: &ShelfRow| row.status == ShelfStatus::Finished(BakeStatus::Ok);
            let good = |row: &ShelfRow| row.reference == reference && is_good(row) && row.is_of(&home);
            shelf.list().ok()?.into_iter().find(good).map(|row| row.millis)
        };
        tokio::task::spawn_blocking(newest).await.ok()?
    }

    /// Where a base points now, asked of its store; `None` where nobody answered in time.
    pub async fn base_now(&self, asks: &str) -> Option<Digest> {
        let image = self.parse_reference(asks).ok()?;
        let tag = image.tag_or_latest()?;
        let (store, repository) = self.open(&image).ok()?;
        let asked = tokio::time::timeout(PATIENCE, store.resolve(&repository, &Selector::Tag(tag))).await;
        asked.ok()?.ok().map(|found| found.digest)
    }
}

/// What the shelf says of recipes.
struct Bakes {
    newest: HashMap<String, ShelfRow>,
    /// What was signed, by which key: what was baked again to the same image was signed the first time.
    signed: HashMap<Digest, String>,
}

impl Bakes {
    fn of(bakes: Vec<ShelfRow>) -> Self {
        let signed = bakes.iter().filter_map(|row| Some((row.digest.clone()?, row.signed_by.clone()?)));
        Self { signed: signed.collect(), newest: newest(bakes) }
    }
}

/// The newest bake of each image. Those that were stopped say nothing of a recipe.
fn newest(bakes: Vec<ShelfRow>) -> HashMap<String, ShelfRow> {
    let mut newest = HashMap::new();
    for row in bakes {
        if row.status != ShelfStatus::Finished(BakeStatus::Cancelled) {
            newest.entry(row.reference.clone()).or_insert(row);
        }
    }
    newest
}

fn card(loaded: &LoadedRecipe, lock: Option<&Lock>, bakes: &Bakes, image: Option<BakedImage>) -> RecipeCard {
    let recipe = loaded.recipe.as_ref();
    let told = Told::of(loaded);
    let reference = told.reference;
    let bake = reference.as_ref().and_then(|reference| bakes.newest.get(reference));
    let standing = match bake.map(|row| row.status) {
        _ if recipe.is_none() => Standing::Broken,
        Some(ShelfStatus::Running) => Standing::Baking,
        Some(ShelfStatus::Finished(BakeStatus::Rejected)) => Standing::Rejected,
        Some(ShelfStatus::Finished(BakeStatus::Failed) | ShelfStatus::Lost) => Standing::Failed,
        _ if image.is_some() => Standing::Baked,
        _ => Standing::NeverBaked,
    };
    let pinned = recipe.and_then(|recipe| lock.filter(|lock| lock.fits(&recipe.base, &platforms_of(recipe))));
    let asks = recipe.filter(|_| pinned.is_some()).and_then(|recipe| match &recipe.base {
        Base::Image(image) if image.digest.is_none() => Some(placed(image, loaded).to_string()),
        _ => None,
    });
    let is_lost = bake.is_some_and(|row| row.status == ShelfStatus::Lost);
    let failure = bake.and_then(|row| Some(why(row.failure.as_ref()?, row.rejected_by.is_some())));
    let is_good = |row: &&ShelfRow| row.status == ShelfStatus::Finished(BakeStatus::Ok);
    let is_of_other_text = bake.filter(is_good).is_some_and(|row| row.recipe_digest != Digest::of(&loaded.bytes));
    let image = image.map(|image| BakedImage { is_of_other_text, ..image });
    let signed = image.as_ref().and_then(|image| bakes.signed.get(&image.digest)).cloned();
    RecipeCard {
        file: loaded.file.clone(),
        shown: loaded.shown.clone(),
        reference,
        base: told.base,
        is_base_local: recipe.is_some_and(|recipe| local_base(recipe).is_some()),
        standing,
        problems: loaded.problems.clone(),
        pinned: pinned.map(|lock| lock.digest.clone()),
        asks,
        image,
        bake: bake.map(|row| row.bake.clone()),
        baked_at: bake.map(|row| row.finished.clone().unwrap_or_else(|| row.started.clone())),
        took: bake.filter(is_good).map(|row| row.millis),
        signed_by: signed,
        rejected_by: bake.and_then(|row| row.rejected_by.clone()),
        failure: failure.or_else(|| is_lost.then(|| "its worker is gone, and nobody knows why".to_owned())),
    }
}

/// What a recipe says of itself, as far as its text can be read.
struct Told {
    reference: Option<String>,
    base: Option<String>,
}

impl Told {
    fn of(loaded: &LoadedRecipe) -> Self {
        if let Some(recipe) = &loaded.recipe {
            return Self { reference: Some(recipe.reference()), base: Some(recipe.base.to_string()) };
        }
        let tree = yaml::read(&loaded.bytes, &mut Problems::new());
        let text = |key: &str| Some(tree.as_ref()?.value(key)?.text(key, &mut Problems::new())?.to_owned());
        let reference = text("name").zip(text("tag")).map(|(name, tag)| format!("{name}:{tag}"));
        Self { reference, base: text("base") }
    }
}

/// In one line; where the check is told beside it, what it saw.
fn why(failure: &Failure, is_rejected: bool) -> String {
    match (failure.causes.first(), is_rejected) {
        (Some(cause), true) => cause.clone(),
        (Some(cause), false) => format!("{}: {cause}", failure.message),
        (None, _) => failure.message.clone(),
    }
}

async fn image(local: &dyn Store, recipe: &Recipe, lock: Option<&Lock>) -> Option<BakedImage> {
    let tag = Selector::Tag(recipe.tag.clone());
    let raw = local.manifest(&recipe.name, &tag).await.ok()?;
    let (annotations, size) = match Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)).ok()? {
        Manifest::Image(image) => {
            let parts = std::iter::once(&image.config).chain(&image.layers);
            let size = parts.map(|part| part.size).fold(0, u64::saturating_add);
            (image.annotations, Some(size))
        }
        Manifest::Index(index) => (index.annotations, None),
    };
    let named = annotations.get(annotation::BASE_NAME).map(String::as_str);
    let digest = annotations.get(annotation::BASE_DIGEST);
    let is_on_other_base = match &recipe.base {
        Base::Scratch => named.is_some(),
        Base::Image(base) => {
            let pins = |lock: &Lock, digest: &String| {
                lock.digest.to_string() == *digest || lock.platforms.values().any(|one| one.to_string() == *digest)
            };
            let fitting = lock.filter(|lock| lock.base == base.to_string());
            named != Some(base.to_string().as_str())
                || fitting.is_some_and(|lock| digest.is_some_and(|digest| !pins(lock, digest)))
        }
    };
    Some(BakedImage { digest: raw.descriptor.digest, size, is_on_other_base, is_of_other_text: false })
}
