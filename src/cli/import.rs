//! `bakery import`: a Dockerfile as a recipe, or every line of it that no recipe says.

use std::path::PathBuf;

use serde::Serialize;

use super::render::problems;
use super::run::Session;
use crate::domain::dockerfile::Unmapped;
use crate::domain::text::escape;
use crate::flows::port::{ImportOptions, ImportedFile};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 2 when something does not map. The base is asked for variables that the Dockerfile takes \
                        from it. Steps of a recipe run as root where the Dockerfile names no user; a .dockerignore is not read: say it with `exclude`."
)]
pub(super) struct Args {
    /// The Dockerfile; - for standard input
    #[arg(value_name = "DOCKERFILE")]
    dockerfile: PathBuf,
    /// The image's repository in the local store; after the Dockerfile's folder where absent
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The image's tag
    #[arg(long, value_name = "TAG", default_value = "0.1.0")]
    tag: String,
    /// File to make; without it the recipe is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write what maps, with the rest as comments
    #[arg(long)]
    partial: bool,
}

/// What came of it, as scripts read it.
#[derive(Serialize)]
struct Document<'a> {
    recipe: Option<&'a str>,
    unmapped: &'a [Unmapped],
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let Args { dockerfile, name, tag, out, partial } = args;
    let options = ImportOptions { name, tag, out: out.clone(), partial };
    let ImportedFile { bytes, imported, silent } = session.context()?.import_dockerfile(&dockerfile, &options).await?;
    let (output, left) = (&session.output, &imported.unmapped);
    if let Some((base, report)) = silent.filter(|_| !left.is_empty()) {
        let why = std::iter::once(&report.message).chain(&report.causes).map(|part| escape(part)).collect::<Vec<_>>();
        output.note(format!("{} could not be asked what it sets: {}", escape(&base), why.join(": ")));
    }
    let recipe = (left.is_empty() || partial).then_some(imported.recipe.as_str());
    let file = escape(&dockerfile.display().to_string());
    if output.json {
        output.json(&Document { recipe, unmapped: left })?;
    } else {
        for one in left {
            let mut problem = one.problem.clone();
            if !one.instruction.is_empty() {
                problem.message = format!("{} does not map: {}", one.instruction, problem.message);
            }
            let lines = problems::lines(&file, &bytes, &problem, output.color && !partial);
            if partial { output.note(lines) } else { output.line(lines)? }
        }
        match (recipe, &out) {
            (Some(text), Some(out)) => {
                output.line(format!("recipe {}", escape(&out.display().to_string())))?;
                let takes = ["- copy:", "- unpack:"].iter().any(|step| text.contains(step));
                if takes && out.parent() != dockerfile.parent() {
                    output.note(
                        "its files are taken from beside the recipe, not from beside the Dockerfile: put them there",
                    );
                }
            }
            (Some(recipe), None) => output.line(recipe.trim_end())?,
            (None, _) => {}
        }
    }
    if recipe.is_some() {
        return Ok(());
    }
    let message = match left.len() {
        1 => format!("a line of {file} does not map"),
        count => format!("{count} lines of {file} do not map"),
    };
    Err(Report::message(Kind::Usage, message).help("--partial writes what maps, with the rest as comments"))
}
