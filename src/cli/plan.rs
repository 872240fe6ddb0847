//! `bakery plan`: shows which steps would run, and why.

use std::path::PathBuf;

use serde::Serialize;

use super::render::plan;
use super::run::Session;
use crate::domain::plan::Plan;
use crate::domain::recipe::ConfigChange;
use crate::flows::PrepareOptions;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recipe file
    #[arg(value_name = "RECIPE")]
    recipe: PathBuf,
    /// Fail rather than resolve the base's tag: the lock must be there and fit
    #[arg(long)]
    frozen: bool,
    /// Plan as if nothing were cached
    #[arg(long)]
    no_cache: bool,
    /// Engine: embedded, docker[://…], podman[://…], buildkit://…, buildx://NAME
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Where a secret is had, instead of what is configured: NAME=env:VARIABLE or NAME=file:PATH
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<String>,
}

/// The plan, and the changes to the config, which are no step.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    config: &'a ConfigChange,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let context = session.context()?.with_secret_flags(&args.secrets)?.on_engine(args.engine.as_deref())?;
    let options = PrepareOptions { frozen: args.frozen, no_cache: args.no_cache, write_lock: false, ask_tag: true };
    for loaded in context.recipes(&[args.recipe])? {
        let prepared = context.prepare(&loaded, options).await?;
        let note = context.refuse_lacks(&prepared, args.engine.as_deref()).await?;
        if session.output.json {
            session.output.json(&Document { plan: &prepared.plan, config: &prepared.recipe.config })?;
        } else {
            let mut lines = plan::lines(&prepared.plan, &prepared.recipe.config, session.output.color);
            lines.extend(prepared.tag_now.as_ref().and_then(|now| plan::stale(&prepared.plan, now)));
            lines.extend(note);
            session.output.line(lines.join("\n"))?;
        }
    }
    Ok(())
}
