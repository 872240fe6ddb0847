//! `bakery new`: makes a new recipe on a base.

use serde::Serialize;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::edit::{NewRecipe, kind_for, recipe_kinds};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The image's repository in the local store, such as team-a/payments-api
    #[arg(value_name = "NAME")]
    name: String,
    /// What it inherits: STORE/NAME:TAG, or scratch
    #[arg(long, value_name = "IMAGE")]
    base: String,
    /// The image's tag
    #[arg(long, value_name = "TAG", default_value = "0.1.0")]
    tag: String,
    /// What it is for; by the base's name where absent
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(recipe_kinds().iter().map(|(name, what)| clap::builder::PossibleValue::new(*name).help(*what))))]
    kind: Option<String>,
}

/// What was made, as scripts read it.
#[derive(Serialize)]
struct Made<'a> {
    recipe: &'a str,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let Args { name, base, tag, kind } = args;
    let kind = kind.unwrap_or_else(|| kind_for(&base).to_owned());
    let (_, shown) = session.context()?.new_recipe_as(&NewRecipe { base, name, tag, kind })?;
    let output = &session.output;
    if output.json {
        return output.json(&Made { recipe: &shown });
    }
    output.line(format!("recipe {}", escape(&shown)))?;
    output.note("next:");
    output.note(format!("  bakery bake {}", escape(&shown)));
    Ok(())
}
