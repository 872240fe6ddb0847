//! `bakery demo`: makes the demo workspace and tells what there is to see in it.

use std::path::PathBuf;

use super::render::demo::lines;
use super::run::Session;
use crate::domain::text::escape;
use crate::flows::demo::{Scene, demo};
use crate::flows::environment::uninstalled_program;
use crate::report::Report;

/// What to try in the workspace.
const NEXT: [&str; 4] = [
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
    let telling = !(args.seed_only || output.quiet || output.json);
    // A reader that goes away does not leave half a demo behind.
    let mut printed = Ok(());
    let mut tell = |scene: Scene| {
        if telling && printed.is_ok() {
            printed = lines(&scene, output.color).iter().try_for_each(|line| output.line(line));
        }
    };
    let workspace = demo(args.dir.as_deref(), args.seed_only, &mut tell).await?.display().to_string();
    printed?;
    if output.json {
        return output.json(&serde_json::json!({ "workspace": workspace }));
    }
    let workspace = escape(&workspace);
    if !telling {
        return output.line(workspace);
    }
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
