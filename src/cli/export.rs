//! `bakery export`: recipes as Dockerfiles, and for `docker buildx bake`; images into Docker and Podman, to be run there.

use std::path::PathBuf;

use serde::Serialize;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::port::{ExportOptions, ExportedRecipe};
use crate::report::{Kind, Report};

/// What is written.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a recipe as a Dockerfile
    Dockerfile(Args),
    /// Write recipes for `docker buildx bake`: docker-bake.json, and a Dockerfile each
    BuildxBake(BakeArgs),
    /// Load an image into Docker under its name, for `docker run`
    Docker(LoadArgs),
    /// Load an image into Podman under its name, for `podman run`
    Podman(LoadArgs),
}

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// Image of a layout on this machine: local/NAME[:TAG]; its name there is NAME:TAG
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Where it listens: unix://…, tcp://…, ssh://…; where its own program looks, without
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
}

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --out the Dockerfile is printed, and is built in the recipe's folder. With --out the folder is \
                        a build context of its own: the recipe's files with the modes it gives them, less what it leaves out."
)]
pub(super) struct Args {
    /// Recipe file, or name of a recipe of the workspace
    #[arg(value_name = "RECIPE")]
    recipe: PathBuf,
    /// Folder to make, new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct BakeArgs {
    /// Recipe files, or names of recipes of the workspace
    #[arg(value_name = "RECIPE", required = true)]
    recipes: Vec<PathBuf>,
    /// Folder to make, new or empty
    #[arg(long, value_name = "DIR", default_value = "bake")]
    out: PathBuf,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
struct How {
    /// Write no heredocs: for builders before Docker 23 and buildah 1.33
    #[arg(long)]
    plain: bool,
    /// What installs packages in the base, where it cannot be asked: apt, apk, dnf5, dnf, microdnf or yum
    #[arg(long, value_name = "NAME")]
    package_manager: Option<String>,
}

/// What was written, as scripts read it.
#[derive(Serialize)]
struct Row<'a> {
    recipe: &'a str,
    reference: &'a str,
    dockerfile: &'a str,
    notes: &'a [String],
}

pub(super) async fn run(command: Command, session: &Session) -> Result<(), Report> {
    let context = session.context()?;
    let (made, out) = match command {
        Command::Dockerfile(Args { recipe, out, how }) => {
            let options = ExportOptions { plain: how.plain, out: out.clone(), package_manager: how.package_manager };
            (vec![context.export_dockerfile(&recipe, &options).await?], out)
        }
        Command::BuildxBake(BakeArgs { recipes, out, how }) => {
            let (plain, package_manager) = (how.plain, how.package_manager);
            let options = ExportOptions { plain, out: Some(out.clone()), package_manager };
            (context.export_bake(&recipes, &options).await?, Some(out))
        }
        Command::Docker(args) => return load("docker", args, session).await,
        Command::Podman(args) => return load("podman", args, session).await,
    };
    let output = &session.output;
    for one in &made {
        for note in &one.exported.notes {
            output.note(format!("{}: {}", escape(&one.recipe), escape(note)));
        }
    }
    if output.json {
        return made.iter().try_for_each(|one| output.json(&row(one)));
    }
    match out {
        Some(out) => output.line(escape(&out.display().to_string())),
        None => made.iter().try_for_each(|one| output.line(one.exported.dockerfile.trim_end())),
    }
}

/// Loads an image, and says how it is called there.
async fn load(kind: &str, args: LoadArgs, session: &Session) -> Result<(), Report> {
    let engine = args.host.map_or_else(|| kind.to_owned(), |host| format!("{kind}://{host}"));
    let engine = engine.parse().map_err(|error| Report::new(Kind::Usage, &error))?;
    let loaded = session.context()?.load_into(&args.image, &engine).await?;
    match session.output.json {
        true => session.output.json(&loaded),
        false => {
            if let Some(before) = &loaded.before {
                session.output.note(format!("{} was {} there until now", escape(&loaded.name), escape(before)));
            }
            session.output.line(escape(&loaded.name))
        }
    }
}

fn row(one: &ExportedRecipe) -> Row<'_> {
    let ExportedRecipe { reference, recipe, exported } = one;
    Row { recipe, reference, dockerfile: &exported.dockerfile, notes: &exported.notes }
}
