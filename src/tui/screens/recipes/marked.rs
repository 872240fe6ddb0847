//! What is done with marked recipes, or with the selected one: baked, their images verified and published. Pure.

use std::path::{Path, PathBuf};

use super::Model;
use crate::domain::recipe::Severity;
use crate::flows::standing::{RecipeCard, Standing};
use crate::tui::effect::Effect as Outer;
use crate::tui::errands;
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

impl Model {
    /// Marks the selected recipe, or takes its mark away.
    pub(super) fn mark(&mut self) {
        let Some(file) = self.selected().map(|card| card.file.clone()) else { return };
        let count = self.marked.len();
        self.marked.retain(|marked| *marked != file);
        if self.marked.len() == count {
            self.marked.push(file);
        }
    }

    /// Marks of recipes that are gone go, too.
    pub(super) fn forget_gone(&mut self) {
        let cards = &self.cards;
        self.marked.retain(|file| cards.iter().any(|card| card.file == *file));
    }

    /// What is marked; where nothing is, what is selected.
    fn meant(&self) -> Vec<&RecipeCard> {
        if self.marked.is_empty() {
            return self.selected().into_iter().collect();
        }
        self.cards.iter().filter(|card| self.marked.contains(&card.file)).collect()
    }

    pub(super) fn bake(&mut self) -> Vec<Wish> {
        let meant = self.meant();
        if let Some(card) = meant.iter().find(|card| card.standing == Standing::Broken) {
            let error = card.problems.iter().find(|problem| problem.severity == Severity::Error);
            let first = error.map(|p| format!("{}:{}: {}", p.line, p.column, p.message)).unwrap_or_default();
            let told = format!("{} cannot be baked: {first}", card.shown);
            return vec![Wish::Tell(Toast::warning(told).next("e opens it"))];
        }
        let files: Vec<PathBuf> = meant.iter().map(|card| card.file.clone()).collect();
        if files.len() > 1 {
            self.marked.clear();
            return vec![Wish::BakeAll(files)];
        }
        let Some(file) = files.into_iter().next() else { return Vec::new() };
        self.marked.clear();
        // Asked for twice at once, it is baked once.
        if self.starting.replace(file.clone()).as_ref() == Some(&file) {
            return Vec::new();
        }
        vec![Wish::Bake(file)]
    }

    /// The bake that was about to begin did not, or not yet.
    pub fn not_begun(&mut self) {
        self.starting = None;
    }

    /// The images that were made of what is meant.
    fn images(&self) -> Vec<String> {
        let image =
            |card: &&RecipeCard| card.image.as_ref().and(card.reference.as_ref()).map(|name| format!("local/{name}"));
        self.meant().iter().filter_map(image).collect()
    }

    pub(super) fn verify(&self) -> Vec<Wish> {
        match (self.images().as_slice(), self.meant().is_empty()) {
            ([], true) => Vec::new(),
            ([], false) => vec![none_baked()],
            ([image], _) => vec![Wish::Verify(image.clone())],
            (images, _) => vec![Wish::Do(Outer::Errand(errands::Effect::VerifyAll(images.to_vec())))],
        }
    }

    pub(super) fn publish(&self) -> Vec<Wish> {
        match (self.images(), self.meant().is_empty()) {
            (images, true) if images.is_empty() => Vec::new(),
            (images, false) if images.is_empty() => vec![none_baked()],
            (images, _) => vec![Wish::Do(Outer::Errand(errands::Effect::PlanPublish(images)))],
        }
    }

    /// Goes to a recipe and selects it.
    pub fn reveal(&mut self, file: &Path, around: &Around) -> Vec<Wish> {
        if self.editor.is_some() {
            return Vec::new();
        }
        self.detail = None;
        if !self.select(file, around) {
            self.filter.drop_it();
            self.narrow();
            if !self.select(file, around) {
                return vec![Wish::Tell(Toast::warning("that recipe is gone").next("r reads them again"))];
            }
        }
        self.ask_plan()
    }
}

fn none_baked() -> Wish {
    Wish::Tell(Toast::warning("its image is not in the local store").next("b bakes it"))
}
