//! `bakery replay`: plays a past bake again, or makes a recording of it.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::layout::Size;
use serde_json::json;

use super::run::Session;
use super::screen::{Opening, has_terminal, open};
use super::screenshot::size;
use super::story::Story;
use crate::domain::text::escape;
use crate::flows::pictures;
use crate::flows::watch::{Pace, Shelf};
use crate::report::{Kind, Report};
use crate::tui::{CastRequest, Scenery, record_bake};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID, or its beginning; with --cast also a journal.jsonl or a bake's folder
    #[arg(value_name = "ID")]
    bake: String,
    /// How many times as fast; `inf` does not wait at all
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed)]
    speed: f64,
    /// Play it on the Bake screen
    #[arg(long, conflicts_with = "cast")]
    tui: bool,
    /// Write the Bake screen as an asciinema recording instead of playing it here
    #[arg(long, value_name = "FILE")]
    cast: Option<PathBuf>,
    /// Columns and rows of the recording
    #[arg(long, value_name = "WxH", default_value = "120x36", value_parser = size, requires = "cast")]
    size: Size,
    /// Theme of the recording: dark, light, mono, or one of your own
    #[arg(long, value_name = "NAME", requires = "cast")]
    theme: Option<String>,
}

/// A speed as it is written: `2`, `2x`, `inf`.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.trim_end_matches('x').parse().map_err(|_| "not a number".to_owned())?;
    if speed > 0.0 { Ok(speed) } else { Err("must be more than 0".to_owned()) }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if let Some(file) = &args.cast {
        return record(file, &args, session).await;
    }
    if args.tui {
        let bake = Shelf::from_environment().find(&args.bake)?;
        if !has_terminal() {
            return Err(
                Report::message(Kind::Usage, "--tui needs a terminal").help("without it the story is told in lines")
            );
        }
        let how = Opening { replay: Some((bake, args.speed)), ..Opening::default() };
        return open(session, session.context()?, how).await;
    }
    let mut viewing = Shelf::from_environment().open(&args.bake, Pace::Replay(args.speed))?;
    let mut story = Story::progress(&session.output);
    story.tell(&mut viewing).await?;
    story.result()
}

async fn record(file: &std::path::Path, args: &Args, session: &Session) -> Result<(), Report> {
    if !args.speed.is_finite() {
        return Err(Report::message(Kind::Usage, "a recording takes its time: --speed inf is for playing here"));
    }
    let scenery = Scenery { size: args.size, theme: args.theme.clone(), ascii: session.plain };
    let context = Arc::new(session.context()?);
    let cast = record_bake(&context, &args.bake, &CastRequest { scenery, speed: args.speed }).await?;
    let path = pictures::write_file(file, cast.as_bytes())?;
    let output = &session.output;
    if output.json {
        return output.json(&json!({"cast": path, "bytes": cast.len(), "frames": cast.lines().count() - 2}));
    }
    output.line(escape(&path))
}
