//! `bakery replay`: plays a past bake again.

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
    /// How many times as fast; `inf` does not wait at all
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed)]
    speed: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.trim_end_matches('x').parse().map_err(|_| "not a number".to_owned())?;
    if speed > 0.0 { Ok(speed) } else { Err("must be more than 0".to_owned()) }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let mut viewing = Shelf::from_environment().open(&args.bake, Pace::Replay(args.speed))?;
    let mut story = Story::progress(&session.output);
    story.tell(&mut viewing).await?;
    story.result()
}
