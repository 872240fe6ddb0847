//! The kinds of files there are, and the whole schema of each.

use serde_json::{Value, json};

use super::json_schema::of_shape;
use super::{SETTINGS, Shape, WORKSPACE, lock, policy, recipe, theme};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `config.yaml` of the user.
    Config,
    /// Recipes.
    Recipe,
    /// `bakery.yaml`.
    Workspace,
    /// `policy.yaml`.
    Policy,
    /// `themes/NAME.yaml`.
    Theme,
    /// `NAME.lock` beside a recipe.
    Lock,
}

impl Document {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Config, Self::Recipe, Self::Workspace, Self::Policy, Self::Theme, Self::Lock];

    /// Its name in commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Recipe => "recipe",
            Self::Workspace => "workspace",
            Self::Policy => "policy",
            Self::Theme => "theme",
            Self::Lock => "lock",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Config => "bakery: the user's own settings, config.yaml",
            Self::Recipe => "bakery: a recipe, from a base image to a baked one",
            Self::Workspace => "bakery: a workspace, bakery.yaml: where images come from and go to",
            Self::Policy => "bakery: what images must fulfil, policy.yaml",
            Self::Theme => "bakery: a theme of the terminal UI",
            Self::Lock => "bakery: what a recipe's base is pinned to; written by bakery",
        }
    }

    /// The form of the whole file.
    pub fn shape(self) -> Shape {
        match self {
            Self::Config => Shape::Mapping(SETTINGS, 0),
            Self::Recipe => Shape::Mapping(recipe::RECIPE, 0),
            Self::Workspace => Shape::Mapping(WORKSPACE, 0),
            Self::Policy => Shape::Mapping(policy::POLICY, 1),
            Self::Theme => Shape::Mapping(theme::THEME, 0),
            Self::Lock => Shape::Mapping(lock::LOCK, 0),
        }
    }

    /// Its JSON Schema. A recipe that fits it may still have errors that need the workspace to be found; one that does not
    /// fit it has errors. The names of roles are the terminal UI's: whoever knows them hands them in.
    pub fn schema(self, roles: &[&str]) -> Value {
        let mut schema = of_shape(&self.shape());
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["$id"] = json!(format!("urn:bakery:schema:{}:1", self.name()));
        schema["title"] = json!(self.about());
        if matches!(self, Self::Config | Self::Theme) {
            schema["properties"]["roles"]["propertyNames"] = json!({"enum": roles});
        }
        if self == Self::Config {
            // A file of comments only is nothing, and fine.
            schema["type"] = json!(["object", "null"]);
        }
        schema
    }
}
