//! Recipes: all recipes of the workspace with how each stands, their text in place, the plan of the selected one.

pub mod editor;
mod model;

pub use model::Model;

use std::path::PathBuf;

/// What the Recipes screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// All recipes and how each stands.
    List,
    /// Bakes a recipe.
    Bake(PathBuf),
    /// For the editor.
    Editor(editor::Effect),
}

/// What the Recipes screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// For the editor.
    Editor(editor::Msg),
}
