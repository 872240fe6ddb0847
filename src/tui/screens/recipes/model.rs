//! What the Recipes screen knows.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{editor, wizard};
use crate::domain::oci::Digest;
use crate::flows::edit::Change;
use crate::flows::standing::{Prospect, RecipeCard, Standing};
use crate::report::Report;
use crate::tui::screens::Wish;
use crate::tui::theme::Glyph;
use crate::tui::widgets::{Cursor, Filter};

/// A recipe's plan: asked for, and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The recipe.
    pub file: PathBuf,
    /// What came last; `None` before the first.
    pub plan: Option<Result<Arc<Prospect>, Report>>,
    /// Whether another one is being made; what came last shows until then.
    pub is_going: bool,
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// All recipes, by file.
    pub cards: Vec<RecipeCard>,
    /// Whether they have been read once.
    pub read: bool,
    /// Why they cannot be read.
    pub failure: Option<Report>,
    /// Where their bases point now, by [`RecipeCard::asks`]; `None` inside: nobody answered.
    pub bases: HashMap<String, Option<Digest>>,
    /// Numbers of the cards the filter lets through.
    pub(super) shown: Vec<usize>,
    /// The selection among them.
    pub cursor: Cursor,
    /// The filter.
    pub filter: Filter,
    /// Marked recipes.
    pub marked: Vec<PathBuf>,
    /// Whether the detail has the keys, and its first line shown.
    pub detail: Option<usize>,
    /// The plan of the selected recipe.
    pub planned: Option<Planned>,
    /// The recipe being edited.
    pub editor: Option<editor::Model>,
    /// The recipe being made.
    pub wizard: Option<wizard::Model>,
    /// The bases set, the newest last, to be taken back.
    pub(super) done: Vec<(PathBuf, Change)>,
    /// The recipe whose bake is about to begin.
    pub(super) starting: Option<PathBuf>,
    /// A recipe to select once it is listed.
    pub(super) awaited: Option<PathBuf>,
    /// What was wished of the recipes before they were read.
    pub(super) owed: Option<Box<Wish>>,
}

impl Model {
    /// One of the recipes the filter lets through.
    pub fn card(&self, index: usize) -> Option<&RecipeCard> {
        self.shown.get(index).and_then(|number| self.cards.get(*number))
    }

    /// How many the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The selected recipe.
    pub fn selected(&self) -> Option<&RecipeCard> {
        self.card(self.cursor.selected)
    }

    /// Whether a recipe's base has moved on; `None` where that is not known.
    pub fn is_stale(&self, card: &RecipeCard) -> Option<bool> {
        let pinned = card.pinned.as_ref()?;
        Some(self.base_now(card)?? != pinned)
    }

    /// Where a recipe's base points now: `None` where it was not asked, `None` inside where nobody answered.
    pub fn base_now(&self, card: &RecipeCard) -> Option<Option<&Digest>> {
        self.bases.get(card.asks.as_ref()?).map(Option::as_ref)
    }

    /// How a recipe stands, as glyph and word.
    pub fn state(&self, card: &RecipeCard) -> (Glyph, String) {
        let stale = self.is_stale(card) == Some(true);
        match card.standing {
            Standing::Broken => {
                let errors = card.errors();
                (Glyph::Fail, format!("{errors} error{}", if errors == 1 { "" } else { "s" }))
            }
            Standing::Baking => (Glyph::Running, "baking".to_owned()),
            Standing::Rejected => (Glyph::Fail, card.rejected_by.clone().unwrap_or_else(|| "failing check".to_owned())),
            Standing::Failed => (Glyph::Fail, "failed".to_owned()),
            Standing::NeverBaked if stale => (Glyph::Stale, "stale lock".to_owned()),
            Standing::NeverBaked => (Glyph::Waiting, "never baked".to_owned()),
            Standing::Baked if stale => (Glyph::Stale, "stale".to_owned()),
            Standing::Baked if card.image.as_ref().is_some_and(|image| image.is_on_other_base) => {
                (Glyph::Stale, "other base".to_owned())
            }
            Standing::Baked if card.image.as_ref().is_some_and(|image| image.is_of_other_text) => {
                (Glyph::Waiting, "changed".to_owned())
            }
            Standing::Baked if card.signed_by.is_some() => (Glyph::Pass, "signed".to_owned()),
            Standing::Baked => (Glyph::Pass, "baked".to_owned()),
        }
    }

    /// What the filter looks at.
    pub(super) fn words(card: &RecipeCard) -> String {
        let [reference, base] = [&card.reference, &card.base].map(|text| text.as_deref().unwrap_or(""));
        format!("{} {reference} {base}", card.shown)
    }
}
