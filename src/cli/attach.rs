//! `bakery attach`: follows a bake from its first event to its end.

use super::run::Session;
use super::story::{Story, conclude};
use crate::flows::watch::{Pace, Shelf};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID, or its beginning
    #[arg(value_name = "ID")]
    bake: String,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let mut viewing = Shelf::from_environment().open(&args.bake, Pace::Live)?;
    let mut story = Story::progress(&session.output);
    story.tell(&mut viewing).await?;
    conclude(story.reference(), story.outcome())?;
    story.result()
}
