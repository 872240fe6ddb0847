//! Recipes: all recipes of the workspace with how each stands, their text in place, the plan of the selected one.

mod detail;
pub mod editor;
mod marked;
mod model;
mod of_image;
mod paint;
mod text;
mod update;
mod view;
pub mod wizard;

pub use model::{Model, Planned};

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::oci::Digest;
use crate::flows::edit::Change;
use crate::flows::standing::{Prospect, RecipeCard};
use crate::report::Report;

/// What the Recipes screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// All recipes and how each stands, then where their bases point now; again whenever a bake begins or ends.
    List,
    /// The plan of a recipe; the newest wish counts.
    Plan {
        /// The recipe.
        file: PathBuf,
        /// Whether to ask where the base's tag points now.
        ask: bool,
    },
    /// Bakes a recipe.
    Bake(PathBuf),
    /// Makes an image the base of a recipe.
    SetBase {
        /// The recipe.
        file: PathBuf,
        /// The image.
        image: String,
    },
    /// Takes a change back.
    TakeBack {
        /// The recipe.
        file: PathBuf,
        /// What was changed.
        change: Change,
    },
    /// For the editor.
    Editor(editor::Effect),
    /// For the wizard.
    Wizard(wizard::Effect),
}

/// What the Recipes screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// All recipes, by what lies here.
    Listed(Result<Vec<RecipeCard>, Report>),
    /// Where a base points now.
    BaseNow {
        /// As the recipes' cards ask for it.
        asks: String,
        /// `None` where nobody answered.
        now: Option<Digest>,
    },
    /// The plan of a recipe.
    Planned {
        /// The recipe.
        file: PathBuf,
        /// What would be done.
        plan: Result<Arc<Prospect>, Report>,
    },
    /// A bake has begun, or did not.
    Begun(Result<String, Report>),
    /// A base was set.
    BaseSet {
        /// The recipe.
        file: PathBuf,
        /// The image.
        image: String,
        /// What was changed.
        change: Result<Change, Report>,
    },
    /// A change was taken back.
    TakenBack(Result<String, Report>),
    /// For the editor.
    Editor(editor::Msg),
    /// For the wizard.
    Wizard(wizard::Msg),
}
