//! `bakery init`: makes a new workspace here, or where `--workspace` says.

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::init;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, session: &Session) -> Result<(), Report> {
    let made = init::init(session.workspace.as_deref())?;
    let output = &session.output;
    if output.json {
        return output.json(&made);
    }
    output.line(format!("workspace {}", escape(&made.workspace.display().to_string())))?;
    for file in &made.files {
        output.line(format!("  {file}"))?;
    }
    if !made.ignore.is_empty() {
        output.note(format!(".gitignore was there and is unchanged; add to it: {}", made.ignore.join(" ")));
    }
    output.note("next:");
    output.note("  bakery bake recipes/first/first.yaml   the first image");
    output.note("  bakery keys new                        a key to sign with");
    output.note("  bakery demo                            a whole bakery to look around in");
    Ok(())
}
