//! `bakery bakes`: lists past and running bakes.

use serde_json::{Value, json};

use super::render;
use super::run::Session;
use crate::domain::projection::ShelfRow;
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::batch::away;
use crate::flows::watch::Shelf;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, session: &Session) -> Result<(), Report> {
    let rows = Shelf::from_environment().list()?;
    if session.output.json {
        return session.output.json(&rows.iter().map(object).collect::<Vec<_>>());
    }
    for batch in away::at_work()? {
        let waiting = count(batch.waiting.len() as u64, "recipe");
        session.output.note(format!(
            "batch {} is at work, {waiting} not begun; stop it: bakery cancel {}",
            batch.batch, batch.batch
        ));
    }
    if rows.is_empty() {
        session.output.note("no bakes yet; begin with: bakery bake RECIPE");
    }
    let widest =
        |text: fn(&ShelfRow) -> String| rows.iter().map(|row| escape(&text(row)).chars().count()).max().unwrap_or(0);
    let widths = (widest(|row| row.reference.clone()), widest(ShelfRow::baked_on));
    rows.iter().try_for_each(|row| session.output.line(line(row, widths, session.output.verbose > 0)))
}

/// One bake; `widths` are those of all references and of all places bakes ran on.
pub(super) fn line(row: &ShelfRow, (width, place): (usize, usize), verbose: bool) -> String {
    let (reference, on) = (escape(&row.reference), escape(&row.baked_on()));
    let failure = row.failure.as_ref().map(|failure| escape(&failure.message));
    let (over, all) = row.steps;
    let outcome = match (&row.digest, failure) {
        (_, Some(failure)) => failure,
        (Some(digest), None) if verbose => digest.short(),
        (Some(_), None) => String::new(),
        (None, None) if all == 0 => String::new(),
        (None, None) => format!("{over} of {all} steps"),
    };
    // Month, day, hour, minute in UTC: the whole stamp is in the JSON.
    let started = row.started.get(5..16).unwrap_or("").replace('T', " ");
    let took = render::millis(row.millis);
    let line =
        format!("{}  {:9}  {started}  {took:>7}  {reference:width$}  {on:place$}  {outcome}", row.bake, row.status);
    line.trim_end().to_owned()
}

fn object(row: &ShelfRow) -> Value {
    let (user, host, pid) = &row.place;
    let mut object = json!({
        "bake": row.bake,
        "reference": row.reference,
        "status": row.status.as_str(),
        "started": row.started,
        "millis": row.millis,
        "engine": row.engine,
        "user": user,
        "host": host,
        "pid": pid,
        "recipe": row.recipe,
        "base": row.base,
        "steps": { "over": row.steps.0, "all": row.steps.1, "cached": row.cached },
        "new_bytes": row.new_bytes,
    });
    if let Some(workspace) = &row.workspace {
        object["workspace"] = json!(workspace.display().to_string());
    }
    if !row.builders.is_empty() {
        object["builders"] = json!(row.builders);
    }
    if let Some(digest) = &row.base_digest {
        object["base_digest"] = json!(digest);
    }
    if let Some(check) = &row.rejected_by {
        object["rejected_by"] = json!(check);
    }
    if let Some(finished) = &row.finished {
        object["finished"] = json!(finished);
    }
    if let Some(digest) = &row.digest {
        object["digest"] = json!(digest);
    }
    if let Some(failure) = &row.failure {
        object["failure"] = json!({
            "message": failure.message,
            "causes": failure.causes,
            "help": failure.help,
            "exit_code": failure.exit_code,
        });
        if let Some(builder) = &failure.builder {
            object["failure"]["builder"] = json!(builder);
        }
    }
    object
}
