//! How each recipe of the workspace stands: first by what lies here, then by what its base's store says now. Bakes nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::prepare::{loaded_lock, local_base, placed};
use super::watch::Shelf;
use super::{Context, LoadedRecipe};
use crate::adapters::store::{Selector, Store};
use crate::domain::journal::BakeStatus;
use crate::domain::oci::{Digest, ImageRef};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::recipe::{Base, Problem, Severity};
use crate::report::Report;

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
    /// What its lock pins the base to.
    pub pinned: Option<Digest>,
    /// Its newest bake.
    pub bake: Option<String>,
    /// When that began (RFC 3339).
    pub baked_at: Option<String>,
    /// Why that ended badly.
    pub failure: Option<String>,
}

impl RecipeCard {
    /// Errors in its text.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// How long a store is waited for that is asked where a tag points.
const PATIENCE: Duration = Duration::from_secs(3);

impl Context {
    /// Every recipe of the workspace by what lies here: nothing is asked over the network.
    pub async fn standings(&self, shelf: &Shelf) -> Result<Vec<RecipeCard>, Report> {
        let loaded = self.check_recipes(&[])?;
        // A shelf that cannot be read has its own screen to say so.
        let bakes = shelf.list().unwrap_or_default();
        let local = self.local_if_present()?;
        let mut cards = Vec::with_capacity(loaded.len());
        for loaded in &loaded {
            cards.push(self.card(loaded, &bakes, local.as_deref()).await);
        }
        Ok(cards)
    }

    async fn card(&self, loaded: &LoadedRecipe, bakes: &[ShelfRow], local: Option<&dyn Store>) -> RecipeCard {
        let recipe = loaded.recipe.as_ref();
        let reference = recipe.map(crate::domain::recipe::Recipe::reference);
        // The shelf is sorted: the first of this name is the newest.
        let bake = bakes.iter().find(|row| Some(&row.reference) == reference.as_ref());
        let standing = match bake.map(|row| row.status) {
            _ if recipe.is_none() => Standing::Broken,
            Some(ShelfStatus::Running) => Standing::Baking,
            Some(ShelfStatus::Finished(BakeStatus::Rejected)) => Standing::Rejected,
            Some(ShelfStatus::Finished(BakeStatus::Failed)) => Standing::Failed,
            _ if self.is_in(local, reference.as_deref()).await => Standing::Baked,
            _ => Standing::NeverBaked,
        };
        let pinned = loaded_lock(&loaded.file).ok().flatten();
        let fits = |lock: &crate::domain::recipe::Lock| {
            recipe.is_some_and(|recipe| lock.fits(&recipe.base, &super::prepare::platforms_of(recipe)))
        };
        RecipeCard {
            file: loaded.file.clone(),
            shown: loaded.shown.clone(),
            reference,
            base: recipe.map(|recipe| recipe.base.to_string()),
            is_base_local: recipe.is_some_and(|recipe| local_base(recipe).is_some()),
            standing,
            problems: loaded.problems.clone(),
            pinned: pinned.filter(fits).map(|lock| lock.digest),
            bake: bake.map(|row| row.bake.clone()),
            baked_at: bake.map(|row| row.started.clone()),
            failure: bake.and_then(|row| row.failure.as_ref()).map(|failure| failure.message.clone()),
        }
    }

    async fn is_in(&self, local: Option<&dyn Store>, reference: Option<&str>) -> bool {
        let (Some(local), Some(reference)) = (local, reference) else { return false };
        let Ok(image) = self.parse_reference(&format!("local/{reference}")) else { return false };
        let (Some(repository), Some(tag)) = (image.repository.clone(), image.tag_or_latest()) else { return false };
        local.resolve(&repository, &Selector::Tag(tag)).await.is_ok()
    }

    /// Where a recipe's base points now, asked of its store; `None` where it has no tag, or nobody answered in time.
    pub async fn base_now(&self, recipe: PathBuf) -> Option<Digest> {
        let loaded = self.recipes(std::slice::from_ref(&recipe)).ok()?.into_iter().next()?;
        let Base::Image(image) = &loaded.recipe.as_ref()?.base else { return None };
        let image: ImageRef = placed(image, &loaded);
        let tag = image.tag_or_latest().filter(|_| image.digest.is_none())?;
        let (store, repository) = self.open(&image).ok()?;
        let asked = tokio::time::timeout(PATIENCE, store.resolve(&repository, &Selector::Tag(tag))).await;
        asked.ok()?.ok().map(|found| found.digest)
    }
}
