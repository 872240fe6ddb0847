//! `bakery demo`: makes the demo workspace, tells what there is to see in it, and opens it.

use std::path::{Path, PathBuf};

use super::render::demo::lines;
use super::run::Session;
use super::screen::{has_terminal, open};
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::demo::{Scene, demo, existing};
use crate::flows::environment::uninstalled_program;
use crate::report::Report;

/// What to try in the workspace.
const NEXT: [&str; 5] = [
    "bakery",
    "bakery store ls",
    "bakery bakes",
    "bakery bake recipes/team-a/payments-api/payments-api.yaml",
    "bakery plan recipes/team-b/reports/reports.yaml",
];

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// New or empty folder to make it in [default: bakery-demo]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Make the workspace only: the teams bake nothing, no story
    #[arg(long)]
    seed_only: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let opening = has_terminal() && !(args.seed_only || output.quiet || output.json);
    if opening && let Some(workspace) = existing(args.dir.as_deref())? {
        open(session, Context::load(Some(&workspace))?).await?;
        return next(session, &workspace);
    }
    let telling = !(args.seed_only || output.quiet || output.json);
    // A reader that goes away does not leave half a demo behind.
    let mut printed = Ok(());
    let mut tell = |scene: Scene| {
        if telling && printed.is_ok() {
            printed = lines(&scene, output.color).iter().try_for_each(|line| output.line(line));
        }
    };
    let folder = demo(args.dir.as_deref(), args.seed_only, &mut tell).await?;
    printed?;
    let workspace = folder.display().to_string();
    if output.json {
        return output.json(&serde_json::json!({ "workspace": workspace }));
    }
    if !telling {
        return output.line(escape(&workspace));
    }
    if opening {
        open(session, Context::load(Some(&folder))?).await?;
    }
    next(session, &folder)
}

/// What to try once one is back at the shell.
fn next(session: &Session, workspace: &Path) -> Result<(), Report> {
    let output = &session.output;
    let workspace = escape(&workspace.display().to_string());
    output.line(format!("\nnext\n  cd {}", shell_word(&workspace)))?;
    // Built but not installed: without this, the lines below find no `bakery`.
    if let Some(program) = uninstalled_program() {
        output.line(format!("  alias bakery={}", shell_word(&escape(&program))))?;
    }
    NEXT.iter().try_for_each(|line| output.line(format!("  {line}")))
}

/// As a shell reads it back.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@');
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
