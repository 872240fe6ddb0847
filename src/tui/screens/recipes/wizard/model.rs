//! What the wizard knows.

use std::path::PathBuf;

use ratatui::layout::Rect;

use crate::domain::oci::{ImageRef, Repository, Tag};
use crate::flows::edit::{NewRecipe, kind_for, recipe_kinds};
use crate::tui::screens::{Around, StoreName};
use crate::tui::widgets::{Cursor, Filter};

/// One of the four answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Base,
    Name,
    Tag,
    Kind,
}

impl Step {
    pub(super) const ALL: [Self; 4] = [Self::Base, Self::Name, Self::Tag, Self::Kind];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Name => "name",
            Self::Tag => "tag",
            Self::Kind => "for",
        }
    }

    /// What is asked.
    pub(super) fn asks(self) -> &'static str {
        match self {
            Self::Base => "the image it inherits from: choose one, typing narrows the list",
            Self::Name => "its repository in the local store, a team's name in front",
            Self::Tag => "its tag: what tells this version from others",
            Self::Kind => "what it begins with: everything can be changed in the editor",
        }
    }
}

/// A new recipe on its way.
#[derive(Debug)]
pub struct Model {
    pub(super) step: Step,
    /// What is typed for each.
    pub(super) typed: [Filter; 4],
    /// The selection among what may be chosen.
    pub(super) cursor: Cursor,
    /// Images there are.
    pub(super) images: Vec<String>,
    /// Whether all have been told.
    pub(super) is_read: bool,
    /// `NAME:TAG` of the recipes there are.
    pub(super) taken: Vec<String>,
    pub(super) stores: Vec<StoreName>,
    /// What is wrong with the answer.
    pub(super) wrong: Option<String>,
    /// The recipe is being made.
    pub(super) is_making: bool,
    /// The recipe that was made: the editor opens it.
    pub(super) made: Option<(PathBuf, String)>,
    pub(super) over: bool,
}

impl Model {
    /// Begins, the base answered where one is given; `taken` are the names and tags of the recipes there are.
    pub fn new(base: Option<String>, taken: Vec<String>, around: &Around) -> Self {
        let mut model = Self {
            step: Step::Base,
            typed: Default::default(),
            cursor: Cursor::default(),
            images: Vec::new(),
            is_read: false,
            taken,
            stores: around.stores.clone(),
            wrong: None,
            is_making: false,
            made: None,
            over: false,
        };
        if let Some(base) = base {
            model.typed[0].text = base;
            model.enter(Step::Name);
        }
        model
    }

    /// Whether the user is done with it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The recipe that was made: its file, and as people name it.
    pub fn made(&mut self) -> Option<(PathBuf, String)> {
        self.made.take()
    }

    pub(super) fn text(&self, step: Step) -> &str {
        &self.typed[step as usize].text
    }

    pub(super) fn field(&mut self) -> &mut Filter {
        &mut self.typed[self.step as usize]
    }

    /// Goes to an answer, with a default where there is none yet.
    pub(super) fn enter(&mut self, step: Step) {
        (self.step, self.wrong, self.cursor) = (step, None, Cursor::default());
        if !self.text(step).is_empty() {
            return;
        }
        let default = match step {
            Step::Base => return,
            Step::Kind => {
                // What such a base is most likely for is selected.
                let kind = kind_for(self.text(Step::Base));
                let at = self.options().iter().position(|(name, _)| *name == kind);
                self.cursor.selected = at.unwrap_or(0);
                return;
            }
            Step::Name => self.names().into_iter().next().unwrap_or_default(),
            Step::Tag => "0.1.0".to_owned(),
        };
        self.field().text = default;
    }

    /// Names that are free: one for each team there is.
    fn names(&self) -> Vec<String> {
        let base = self.text(Step::Base);
        let last = base.rsplit('/').next().unwrap_or(base);
        let last = last.split([':', '@']).next().unwrap_or(last);
        let last = if last.is_empty() || last == "scratch" { "image" } else { last };
        let mut teams: Vec<&str> = self.taken.iter().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        teams.sort_unstable();
        teams.dedup();
        let prefixes = teams.iter().map(|team| format!("{team}/")).chain([String::new()]);
        let is_taken = |name: &str| self.taken.iter().any(|taken| taken.split(':').next() == Some(name));
        let free = |prefix: String| {
            let first = std::iter::once(format!("{prefix}my-{last}"));
            let mut all = first.chain((2..100).map(|number| format!("{prefix}my-{last}-{number}")));
            all.find(|name| !is_taken(name))
        };
        prefixes.filter_map(free).collect()
    }

    /// What may be chosen: a name, and what about it.
    pub(super) fn options(&self) -> Vec<(String, String)> {
        let plain = |names: Vec<String>| names.into_iter().map(|name| (name, String::new())).collect();
        match self.step {
            Step::Base => {
                let scratch = ("scratch".to_owned(), "nothing: everything comes from the recipe".to_owned());
                let images = self.images.iter().map(|image| (image.clone(), String::new()));
                images.chain([scratch]).filter(|(name, _)| self.typed[0].lets(name)).collect()
            }
            Step::Name => plain(self.names()),
            Step::Tag => Vec::new(),
            Step::Kind => {
                let all = recipe_kinds().iter();
                let wanted = all.filter(|(name, _)| self.typed[Step::Kind as usize].lets(name));
                wanted.map(|(name, about)| ((*name).to_owned(), (*about).to_owned())).collect()
            }
        }
    }

    /// The answer as it stands: what is selected, where something is to be selected, else what is typed.
    pub(super) fn answer(&self) -> String {
        let selected = || self.options().into_iter().nth(self.cursor.selected).map(|(name, _)| name);
        let typed = self.text(self.step).trim().to_owned();
        match self.step {
            Step::Base | Step::Kind => selected().unwrap_or(typed),
            Step::Name | Step::Tag => typed,
        }
    }

    /// What is wrong with an answer.
    pub(super) fn refuses(&self, answer: &str) -> Option<String> {
        let is_store = |name: &str| self.stores.iter().any(|store| store.name == name);
        match self.step {
            Step::Base if answer.is_empty() => Some("an image is needed; `scratch` begins with nothing".to_owned()),
            Step::Base if answer == "scratch" => None,
            Step::Base => ImageRef::parse(answer, is_store).err().map(|error| error.to_string()),
            Step::Name if answer.is_empty() => Some("a name is needed: team-a/payments-api".to_owned()),
            Step::Name => answer.parse::<Repository>().err().map(|error| error.to_string()),
            Step::Tag if answer.is_empty() => Some("a tag is needed: 0.1.0".to_owned()),
            Step::Tag => {
                let made = format!("{}:{answer}", self.text(Step::Name));
                let wrong = answer.parse::<Tag>().err().map(|error| error.to_string());
                wrong.or_else(|| self.taken.contains(&made).then(|| format!("another recipe makes {made} already")))
            }
            Step::Kind => {
                let known = recipe_kinds().iter().any(|(name, _)| *name == answer);
                (!known).then(|| "choose one of the list".to_owned())
            }
        }
    }

    /// All four.
    pub(super) fn asked(&self) -> NewRecipe {
        let text = |step| self.text(step).to_owned();
        NewRecipe { base: text(Step::Base), name: text(Step::Name), tag: text(Step::Tag), kind: text(Step::Kind) }
    }

    /// Rows for what may be chosen: below the four answers, a blank, a rule and what is asked.
    pub(super) fn room(area: Rect) -> usize {
        usize::from(area.height).saturating_sub(9)
    }
}
