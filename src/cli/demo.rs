//! `bakery demo`: makes the demo workspace, tells what there is to see in it, and opens it, or walks through it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ratatui::layout::Size;
use serde_json::json;

use super::render::demo::lines;
use super::replay::speed;
use super::run::Session;
use super::screen::{Opening, has_terminal, open};
use super::screenshot::size;
use crate::domain::text::escape;
use crate::flows::demo::{Scene, demo, existing, prepare_tour};
use crate::flows::environment::uninstalled_program;
use crate::flows::{Context, pictures};
use crate::report::{Kind, Report};
use crate::tui::format::wrap;
use crate::tui::tour::STOPS;
use crate::tui::{CastRequest, Scenery, record_tour};

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
    /// Walk through it in two minutes, key by key, with captions. It edits a recipe of the demo, adds one, and bakes both
    #[arg(long, conflicts_with = "seed_only")]
    tour: bool,
    /// How many times as fast the tour goes; `inf` makes no pause
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed, requires = "tour")]
    speed: f64,
    /// Write the tour as an asciinema recording instead of showing it here
    #[arg(long, value_name = "FILE", requires = "tour")]
    cast: Option<PathBuf>,
    /// Columns and rows of the recording
    #[arg(long, value_name = "WxH", default_value = "112x34", value_parser = size, requires = "cast")]
    size: Size,
    /// Theme of the recording: dark, light, mono, or one of your own
    #[arg(long, value_name = "NAME", requires = "cast")]
    theme: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let quiet = args.seed_only || output.quiet || output.json;
    let opening = has_terminal() && !quiet && args.cast.is_none();
    let is_there = existing(args.dir.as_deref())?.filter(|_| opening || args.tour);
    let folder = match is_there {
        Some(folder) => folder,
        None => {
            let telling = !quiet && !args.tour;
            // A reader that goes away does not leave half a demo behind.
            let mut printed = Ok(());
            let mut tell = |scene: Scene| {
                if telling && printed.is_ok() {
                    printed = lines(&scene, output.color).iter().try_for_each(|line| output.line(line));
                }
            };
            let folder = demo(args.dir.as_deref(), args.seed_only, &mut tell).await?;
            printed?;
            folder
        }
    };
    if args.tour {
        prepare_tour(&folder)?;
    }
    let workspace = folder.display().to_string();
    if args.cast.is_some() {
        return record(&args, &folder, session).await;
    }
    if output.json {
        let mut told = json!({ "workspace": workspace });
        if args.tour {
            told["tour"] =
                STOPS.iter().map(|stop| json!({"title": stop.title, "says": stop.says, "keys": stop.keys()})).collect();
        }
        return output.json(&told);
    }
    if quiet {
        return output.line(escape(&workspace));
    }
    if opening {
        let how = Opening { tour: args.tour.then_some(args.speed), ..Opening::default() };
        open(session, Context::load(Some(&folder))?, how).await?;
    } else if args.tour {
        captions(session)?;
    }
    next(session, &folder)
}

/// The tour for those who have no terminal to see it on.
fn captions(session: &Session) -> Result<(), Report> {
    for (number, stop) in (1..).zip(STOPS) {
        session.output.line(format!("{number} of {}  {}", STOPS.len(), stop.title))?;
        wrap(stop.says, 76).iter().try_for_each(|line| session.output.line(format!("  {line}")))?;
        session.output.line(format!("  keys  {}\n", stop.keys().join(" ")))?;
    }
    Ok(())
}

async fn record(args: &Args, folder: &Path, session: &Session) -> Result<(), Report> {
    let Some(file) = &args.cast else { return Ok(()) };
    if !args.speed.is_finite() {
        return Err(Report::message(Kind::Usage, "a recording takes its time: --speed inf is for the tour here"));
    }
    let scenery = Scenery { size: args.size, theme: args.theme.clone(), ascii: session.plain };
    let context = Arc::new(Context::load(Some(folder))?);
    let cast = record_tour(&context, &CastRequest { scenery, speed: args.speed }).await?;
    let path = pictures::write_file(file, cast.as_bytes())?;
    let output = &session.output;
    if output.json {
        return output.json(&json!({"workspace": folder.display().to_string(), "cast": path, "bytes": cast.len()}));
    }
    output.line(escape(&path))
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
