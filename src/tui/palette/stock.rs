//! All the palette finds, gathered when it opens: what was chosen before, actions and commands, recipes, images, bakes, the
//! files of the open comparison, themes. Reads the model, changes nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::verbs::{VERBS, Verb, is_like};
use super::{Names, Takes};
use crate::domain::projection::ShelfStatus;
use crate::domain::text::escape_bytes;
use crate::tui::keymap::{Action, Bound, Keymap, Scope};
use crate::tui::model::Model;
use crate::tui::screens::{Reveal, Wish, store};
use crate::tui::widgets::Confirm;

/// What sort of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An action of where one is.
    Action(Action),
    /// A command, without its arguments.
    Verb(Verb),
    /// A line given before.
    Line,
    /// A recipe.
    Recipe(PathBuf),
    /// Recipes of one team.
    Group,
    /// An image.
    Image,
    /// A bake: its ID, and whether it runs.
    Bake(String, bool),
    /// A file of the open comparison.
    File,
    /// A theme.
    Theme,
}

impl Kind {
    /// What lifts a sort over another that fits as well.
    pub(super) fn weight(&self) -> u32 {
        match self {
            Self::Line | Self::Action(_) | Self::Verb(_) => 12,
            Self::Recipe(_) => 6,
            _ => 0,
        }
    }

    /// Whether a command takes it; without one, whether it can be chosen by itself.
    pub(super) fn fits(&self, takes: Option<Takes>, text: &str) -> bool {
        match takes {
            None => !matches!(self, Self::Group | Self::Theme),
            Some(Takes::Nothing) => false,
            Some(Takes::Images) => *self == Self::Image,
            Some(Takes::LocalImages) => *self == Self::Image && text.starts_with("local/"),
            Some(Takes::Recipes) => matches!(self, Self::Recipe(_) | Self::Group),
            Some(Takes::Bake) => matches!(self, Self::Bake(..)),
            Some(Takes::Running) => matches!(self, Self::Bake(_, true)),
            Some(Takes::Theme) => *self == Self::Theme,
        }
    }

    /// Its word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Action(_) | Self::Theme | Self::Group => "",
            Self::Verb(_) | Self::Line => "command",
            Self::Recipe(_) => "recipe",
            Self::Image => "image",
            Self::Bake(..) => "bake",
            Self::File => "file",
        }
    }
}

/// One thing the palette finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What sort.
    pub kind: Kind,
    /// What is searched and shown.
    pub text: Box<str>,
    /// What about it: of an action where it holds, and its name for `keys:` in `config.yaml`.
    pub note: Box<str>,
    /// The key that leads to it.
    pub key: Box<str>,
}

impl Thing {
    /// A thing.
    pub fn new(kind: Kind, text: impl Into<Box<str>>, note: impl Into<Box<str>>) -> Self {
        Self { kind, text: text.into(), note: note.into(), key: Box::default() }
    }

    /// Whether it is this one.
    pub(super) fn is(&self, kind: &Kind, text: &str) -> bool {
        self.kind == *kind && *self.text == *text
    }

    /// As an argument is typed.
    pub(super) fn typed(&self) -> &str {
        match &self.kind {
            Kind::Bake(id, _) => id,
            _ => &self.text,
        }
    }

    /// What choosing it leads to; `None` for a command, which is given as a line.
    pub(super) fn chosen(&self) -> Option<Vec<Wish>> {
        Some(match &self.kind {
            Kind::Action(action) => vec![Wish::Act(*action)],
            Kind::Recipe(file) => vec![Wish::Reveal(recipe(file.clone()))],
            Kind::Image => vec![Wish::Reveal(Reveal::Image(self.text.to_string()))],
            Kind::Bake(id, _) => vec![Wish::Watch { bake: id.clone(), replay: false }],
            Kind::File => vec![Wish::Reveal(Reveal::File(self.text.to_string()))],
            Kind::Verb(_) | Kind::Line | Kind::Group | Kind::Theme => return None,
        })
    }
}

/// A recipe as it can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its file.
    pub file: PathBuf,
    /// All it is called: `NAME:TAG`, `NAME`, its file.
    names: [String; 3],
}

impl Recipe {
    pub(super) fn is_called(&self, word: &str) -> bool {
        self.names.iter().any(|name| is_like(word, name))
    }
}

/// All there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stock {
    /// In the order they show where nothing is typed.
    pub things: Vec<Thing>,
    /// Images, after those.
    pub images: Names,
    /// Files of the open comparison, after those.
    pub files: Names,
    /// The recipes.
    pub recipes: Vec<Recipe>,
    /// The bakes' IDs.
    pub bakes: Vec<String>,
    /// The stores' names.
    pub stores: Vec<String>,
}

impl Stock {
    /// How much there is.
    pub fn len(&self) -> usize {
        self.things.len() + self.images.len() + self.files.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What sort of thing number `at` is, and its text.
    pub(super) fn named(&self, at: usize) -> Option<(&Kind, &str)> {
        if let Some(thing) = self.things.get(at) {
            return Some((&thing.kind, &thing.text));
        }
        let at = at - self.things.len();
        match at.checked_sub(self.images.len()) {
            None => self.images.get(at).map(|text| (&Kind::Image, text)),
            Some(at) => self.files.get(at).map(|text| (&Kind::File, text)),
        }
    }

    /// Thing number `at`.
    pub fn thing(&self, at: u32) -> Option<Thing> {
        let at = at as usize;
        let made = || self.named(at).map(|(kind, text)| Thing::new(kind.clone(), text, ""));
        self.things.get(at).cloned().or_else(made)
    }
}

pub(super) fn recipe(file: PathBuf) -> Reveal {
    Reveal::Recipe(file)
}

pub(super) fn cancel_question(bake: &str, then: Vec<Wish>) -> Confirm {
    let text = "It stops where it is. Steps that are done stay in the cache.";
    Confirm::no_or(format!("cancel bake {bake}?"), text, "cancel it", then)
}

/// The actions of `scopes` that are offered, each once, with the key that leads to it.
pub fn of_scopes(keymap: &Keymap, scopes: &[Scope], ascii: bool, offers: impl Fn(&Bound) -> bool) -> Vec<Thing> {
    let mut seen = Vec::new();
    let mut things = Vec::new();
    for bound in scopes.iter().flat_map(|scope| keymap.of(*scope)) {
        if seen.contains(&bound.action) {
            continue;
        }
        // What the innermost does not do here, the same key of an outer scope does not do in its place.
        seen.push(bound.action);
        if !offers(bound) {
            continue;
        }
        let note = format!("{}: {}", bound.scope.name(), bound.action.name());
        let key = bound.shown_key(ascii).into();
        things.push(Thing { key, ..Thing::new(Kind::Action(bound.action), bound.label, note) });
    }
    // Moving about is at one's fingers already: it comes last.
    things.sort_by_key(|thing| matches!(thing.kind, Kind::Action(Action::Move(_))));
    things
}

/// All there is now.
pub fn gather(model: &Model, ascii: bool) -> Stock {
    let readonly = model.settled.readonly;
    let scopes = model.scopes();
    let (general, own): (Vec<Scope>, Vec<Scope>) =
        scopes.iter().partition(|scope| matches!(scope, Scope::List | Scope::Everywhere));
    let offers = |bound: &Bound| model.offers(bound);
    let mut actions = of_scopes(&model.settled.keymap, &own, ascii, offers);
    let own = actions.len();
    let known = |actions: &[Thing], thing: &Thing| actions.iter().any(|other| other.kind == thing.kind);
    for thing in of_scopes(&model.settled.keymap, &general, ascii, offers) {
        if !known(&actions, &thing) {
            actions.push(thing);
        }
    }
    let general = actions.split_off(own);
    let verbs = VERBS.iter().filter(|row| !(readonly && row.changes() && row.count.0 == 0 && row.verb == Verb::Gc));
    let verbs = verbs.map(|row| Thing::new(Kind::Verb(row.verb), row.usage(), row.about));
    let is_there = |thing: &&Thing| match thing.kind {
        Kind::Action(_) => known(&actions, thing) || known(&general, thing),
        _ => true,
    };
    let mut things: Vec<Thing> = model.recent.iter().filter(is_there).cloned().collect();
    let before: Vec<Kind> = things.iter().map(|thing| thing.kind.clone()).collect();
    things.extend(actions.into_iter().filter(|thing| !before.contains(&thing.kind)));
    things.extend(verbs);
    things.extend(general.into_iter().filter(|thing| !before.contains(&thing.kind)));
    let recipes = recipes(model, &mut things);
    for row in model.bakes.rows() {
        let runs = row.status == ShelfStatus::Running;
        let text = format!("{} {}", row.reference, row.bake);
        things.push(Thing::new(Kind::Bake(row.bake.clone(), runs), text, row.status.to_string()));
    }
    let mut files = Names::default();
    model.diff.file_paths(FILES).iter().for_each(|path| files.push(&["/", &escape_bytes(path)]));
    things.extend(model.settled.themes.iter().map(|name| Thing::new(Kind::Theme, name.as_str(), "")));
    let bakes = model.bakes.rows().iter().map(|row| row.bake.clone()).collect();
    let stores = model.here.stores.iter().map(|store| store.name.clone()).collect();
    Stock { things, images: images(&model.store), files, recipes, bakes, stores }
}

/// Files of the open comparison taken in, at most; that screen's own filter looks through all.
const FILES: usize = 20_000;

fn recipes(model: &Model, things: &mut Vec<Thing>) -> Vec<Recipe> {
    let (mut recipes, mut teams) = (Vec::new(), BTreeSet::new());
    for card in &model.recipes.cards {
        let reference = card.reference.clone().unwrap_or_else(|| card.shown.clone());
        let name = reference.rsplit_once(':').map_or(reference.clone(), |(name, _)| name.to_owned());
        if let Some((team, _)) = name.rsplit_once('/').filter(|_| card.reference.is_some()) {
            teams.insert(format!("{team}/*"));
        }
        things.push(Thing::new(Kind::Recipe(card.file.clone()), reference.as_str(), card.shown.as_str()));
        recipes.push(Recipe { file: card.file.clone(), names: [reference, name, card.shown.clone()] });
    }
    things.extend(teams.into_iter().map(|team| Thing::new(Kind::Group, team, "all of them")));
    recipes
}

fn images(store: &store::Model) -> Names {
    let mut names = Names::default();
    for shelf in &store.shelves {
        for repo in &shelf.repos {
            let tags = repo.tags.as_deref().unwrap_or_default();
            tags.iter().for_each(|tag| names.push(&[&shelf.name, "/", &repo.name, ":", tag]));
        }
    }
    names
}
