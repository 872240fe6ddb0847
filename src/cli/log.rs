//! `bakery log`: prints a bake's journal.

use super::run::Session;
use super::story::Story;
use crate::flows::watch::{Pace, Shelf};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID, or its beginning
    #[arg(value_name = "ID")]
    bake: String,
    /// Go on until the bake ends
    #[arg(short, long)]
    follow: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let pace = if args.follow { Pace::Live } else { Pace::Now };
    let mut viewing = Shelf::from_environment().open(&args.bake, pace)?;
    let mut story = Story::printed(&session.output);
    story.tell(&mut viewing).await?;
    if story.outcome().is_none() && viewing.is_lost()? {
        session.output.note("lost: the bake's worker is gone");
    }
    Ok(())
}
