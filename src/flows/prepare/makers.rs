//! Which recipe makes which image, found out once while one thing is done. Keeps names and files, never a recipe: what is used is
//! read when it is used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::LoadedRecipe;
use crate::adapters::recipes;
use crate::domain::recipe;
use crate::flows::Context;
use crate::report::Report;

/// The files that make an image, by its `NAME:TAG`.
type ByImage = Arc<BTreeMap<String, Vec<PathBuf>>>;

/// What was found out, where it is kept.
#[derive(Clone, Debug, Default)]
pub struct Makers(Option<Arc<Mutex<Option<ByImage>>>>);

impl Makers {
    /// One that keeps what is found out from now on; what keeps already goes on to.
    #[must_use]
    pub fn keeping(&self) -> Self {
        Self(Some(self.0.clone().unwrap_or_default()))
    }
}

impl Context {
    /// The recipes of the workspace that make `NAME:TAG`, read and judged as they are now. Those that came since they were looked
    /// for are not seen.
    pub(in crate::flows) fn recipes_making(&self, reference: &str) -> Result<Vec<LoadedRecipe>, Report> {
        let by_image = self.makers();
        let files = by_image.get(reference).into_iter().flatten();
        let loaded: Vec<LoadedRecipe> =
            files.map(|file| self.load_recipe(file, &self.shown(file))).collect::<Result<_, Report>>()?;
        let makes = |loaded: &LoadedRecipe| loaded.recipe.as_ref().is_none_or(|recipe| recipe.reference() == reference);
        Ok(loaded.into_iter().filter(makes).collect())
    }

    /// The only recipe of the workspace that makes `NAME:TAG`.
    pub(in crate::flows) fn recipe_making(&self, reference: &str) -> Result<Option<LoadedRecipe>, Report> {
        let mut found = self.recipes_making(reference)?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    /// By the `NAME:TAG` of the image it makes: each recipe of the workspace that can be read.
    pub(in crate::flows) fn recipes_by_image(&self) -> BTreeMap<String, PathBuf> {
        let all = self.makers();
        all.iter().filter_map(|(image, files)| Some((image.clone(), files.last()?.clone()))).collect()
    }

    /// An image as a user names it: by its whole name, or as its recipe is named, with the recipe's tag where none is said.
    pub fn image_named(&self, text: &str) -> String {
        let local = text.strip_prefix("local/").unwrap_or(text);
        let is_whole = local.contains('@') || local.rsplit('/').next().is_some_and(|last| last.contains(':'));
        if local == text && self.parse_reference(text).is_ok() || local != text && is_whole {
            return text.to_owned();
        }
        let made = self.recipes_by_image();
        let mut fitting = made.keys().filter(|image| match image.strip_prefix(local) {
            Some(tag) => tag.is_empty() || !is_whole && tag.starts_with(':'),
            None => false,
        });
        match (fitting.next(), fitting.next()) {
            (Some(image), None) => format!("local/{image}"),
            _ => text.to_owned(),
        }
    }

    fn makers(&self) -> ByImage {
        let Some(kept) = &self.makers.0 else { return self.look_for_makers() };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.get_or_insert_with(|| self.look_for_makers()))
    }

    fn look_for_makers(&self) -> ByImage {
        let stores: Vec<&str> = self.store_names().collect();
        let mut by_image: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in recipes::find(&self.workspace.recipes).unwrap_or_default() {
            // One that cannot be read makes nothing.
            let recipe = recipes::read(&file).ok().and_then(|text| recipe::parse(&text, &stores).recipe);
            if let Some(recipe) = recipe {
                by_image.entry(recipe.reference()).or_default().push(file);
            }
        }
        Arc::new(by_image)
    }
}
