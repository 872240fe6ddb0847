//! What other screens ask of the recipes by an image: which one makes it, which one is to have it as its base. Pure.

use std::path::PathBuf;

use super::{Effect, Model, wizard};
use crate::flows::standing::RecipeCard;
use crate::tui::effect::Effect as Outer;
use crate::tui::screens::{Around, Screen, Wish};
use crate::tui::widgets::{Item, Picker, Toast};

impl Model {
    /// A wish that is granted from the recipes waits until they are read; one that cannot be granted says why.
    pub fn owe(&mut self, wish: Wish) -> Vec<Wish> {
        if let Some(report) = &self.failure {
            return vec![Wish::Tell(Toast::failure(report))];
        }
        self.owed = Some(Box::new(wish));
        Vec::new()
    }

    /// Lets the user choose the recipe this image becomes the base of.
    pub fn choose_for(&self, image: &str) -> Vec<Wish> {
        let item = |card: &RecipeCard| Item {
            label: card.reference.clone().unwrap_or_else(|| card.shown.clone()),
            note: card.base.as_ref().map(|base| format!("now on {base}")).unwrap_or_else(|| "has errors".to_owned()),
            then: vec![
                Wish::Do(Outer::Recipes(Effect::SetBase { file: card.file.clone(), image: image.to_owned() })),
                Wish::Go(Screen::Recipes),
            ],
        };
        let new = Item {
            label: "a new recipe".to_owned(),
            note: "in three more answers".to_owned(),
            then: vec![wizard::Model::wanted(Some(image.to_owned())), Wish::Go(Screen::Recipes)],
        };
        let items = self.cards.iter().map(item).chain([new]).collect();
        vec![Wish::Pick(Picker::new(format!("{image} becomes the base of"), items))]
    }

    /// The recipes that make these images, by their references, each as people name it; and the images that none makes.
    pub fn makers(&self, images: &[String]) -> (Vec<(String, PathBuf, String)>, Vec<String>) {
        let (mut found, mut none) = (Vec::new(), Vec::new());
        for image in images {
            let bare = image.split_once('/').map_or(image.as_str(), |(_, bare)| bare);
            match self.cards.iter().find(|card| card.reference.as_deref() == Some(bare)) {
                Some(card) => found.push((image.clone(), card.file.clone(), card.shown.clone())),
                None => none.push(image.clone()),
            }
        }
        (found, none)
    }

    /// Opens the recipe that makes an image, by the image's reference in whatever store.
    pub fn edit_maker(&mut self, image: &str, around: &Around) -> Vec<Wish> {
        let name = image.split('@').next().unwrap_or(image);
        let bare = name.split_once('/').map_or(name, |(_, bare)| bare);
        let makes = |card: &RecipeCard| card.reference.as_deref().is_some_and(|made| made == bare || made == name);
        let Some(number) = self.cards.iter().position(makes) else {
            let text = format!("no recipe of this workspace makes {image}");
            return vec![Wish::Tell(Toast::warning(text).next("whoever made it has the recipe"))];
        };
        let card = &self.cards[number];
        if let Some(editor) = self.editor.as_ref().filter(|editor| editor.file != card.file) {
            let text = format!("{} is still open in the editor", editor.shown);
            return vec![
                Wish::Tell(Toast::warning(text).next("finish it first: 2, then Esc")),
                Wish::Go(Screen::Recipes),
            ];
        }
        if self.editor.is_some() {
            return vec![Wish::Go(Screen::Recipes)];
        }
        if !self.shown.contains(&number) {
            self.filter.drop_it();
            self.narrow();
        }
        let at = self.shown.iter().position(|shown| *shown == number).unwrap_or(0);
        self.cursor.go(at, self.len(), self.height(around));
        let mut wishes = vec![Wish::Go(Screen::Recipes)];
        wishes.extend(self.edit(around));
        wishes
    }
}
