//! `bakery demo`: makes the demo workspace and tells what there is to see in it.

use std::path::PathBuf;

use super::output::Output;
use super::run::Session;
use crate::domain::text::escape;
use crate::flows::demo::{self, Demo, RecipeState};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// New or empty folder to make it in [default: bakery-demo]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Make the workspace only: no example bakes, no story
    #[arg(long)]
    seed_only: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let made = demo::demo(args.dir.as_deref(), args.seed_only).await?;
    let workspace = made.workspace.display().to_string();
    if output.json {
        return output.json(&serde_json::json!({ "workspace": workspace }));
    }
    if args.seed_only || output.quiet {
        return output.line(escape(&workspace));
    }
    tell(&made, &escape(&workspace), output)
}

/// The story, in the order one would show it.
fn tell(made: &Demo, workspace: &str, output: &Output) -> Result<(), Report> {
    let seconds = format!("{}.{} s", made.millis / 1000, made.millis % 1000 / 100);
    output.line(format!("made {workspace} in {seconds}, from this host alone: no network, no root needed\n"))?;
    output.line("the global team keeps trusted images; all but the first inherit os:12")?;
    for image in &made.images {
        let kind = if image.stand_in { "a stand-in for " } else { "" };
        let (reference, digest) = (&image.reference, image.digest.short());
        output.line(format!("  global/{reference:<13} {digest}  {kind}{}", image.what))?;
        if let Some(before) = &image.before {
            output.line(format!(
                "  {:<20} {}  what the tag pointed to before its last hardening",
                "",
                before.short()
            ))?;
        }
    }
    output.line("\ntwo teams make their own images of them")?;
    for recipe in &made.recipes {
        let state = match recipe.state {
            RecipeState::New => "never baked",
            RecipeState::Fresh => "baked, up to date",
            RecipeState::Stale => "stale: its lock pins the base of before",
            RecipeState::Broken => "has a mistake to find",
        };
        output.line(format!("  {:<46} {state}", recipe.file))?;
    }
    output.line("\nnext")?;
    for line in [
        format!("cd {}", shell_word(workspace)),
        "export BAKERY_PASSWORD_FILE=$PWD/keys/passphrase".into(),
        "bakery store ls global".into(),
        "bakery check recipes/team-b/dashboard/dashboard.yaml".into(),
        "bakery bake recipes/team-a/payments-api/payments-api.yaml".into(),
        "bakery plan recipes/team-b/reports/reports.yaml".into(),
    ] {
        output.line(format!("  {line}"))?;
    }
    Ok(())
}

/// As a shell reads it back.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@');
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
