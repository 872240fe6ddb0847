//! `bakery check`: prints every problem of recipes.

use std::path::PathBuf;

use serde::Serialize;

use super::render::problems;
use super::run::Session;
use crate::domain::recipe::{Problem, Severity};
use crate::domain::text::escape;
use crate::flows::LoadedRecipe;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recipe files; all of the workspace where none is named
    #[arg(value_name = "RECIPE")]
    recipes: Vec<PathBuf>,
    /// Where a secret is had, instead of what is configured: NAME=env:VARIABLE or NAME=file:PATH
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<String>,
}

/// One problem, as scripts read it.
#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    #[serde(flatten)]
    problem: &'a Problem,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let loaded = session.context()?.with_secret_flags(&args.secrets)?.check_recipes(&args.recipes)?;
    let all = || loaded.iter().flat_map(|recipe| recipe.problems.iter().map(move |problem| (recipe, problem)));
    if session.output.json {
        let rows: Vec<Row<'_>> = all().map(|(recipe, problem)| Row { file: &recipe.shown, problem }).collect();
        session.output.json(&rows)?;
    } else {
        for (recipe, problem) in all() {
            session.output.line(problems::lines(&recipe.shown, &recipe.bytes, problem, session.output.color))?;
        }
    }
    let count = |severity| all().filter(|(_, problem)| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if !session.output.json {
        session.output.note(summary(&loaded, errors, warnings));
    }
    match errors {
        0 => Ok(()),
        // Everything has been said.
        _ => Err(Report::message(Kind::Usage, "")),
    }
}

fn summary(loaded: &[LoadedRecipe], errors: usize, warnings: usize) -> String {
    let many = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let recipes = match loaded {
        [only] => escape(&only.shown),
        all => many(all.len(), "recipe"),
    };
    match (errors, warnings) {
        (0, 0) => format!("{recipes}: no problems"),
        _ => format!("{recipes}: {}, {}", many(errors, "error"), many(warnings, "warning")),
    }
}
