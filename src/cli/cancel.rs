//! `bakery cancel`: asks a running bake to stop, or a batch with all it has under way.

use serde_json::json;

use super::run::Session;
use crate::flows::batch::away;
use crate::flows::watch::Shelf;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's or the batch's ID, or its beginning
    #[arg(value_name = "ID")]
    bake: String,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if let Some(batch) = away::cancel(&args.bake)? {
        if session.output.json {
            return session.output.json(&json!({ "batch": batch, "cancel": "requested" }));
        }
        session.output.note(format!("asked batch {batch} to stop"));
        return Ok(());
    }
    let bake = Shelf::from_environment().cancel(&args.bake)?;
    if session.output.json {
        return session.output.json(&json!({ "bake": bake, "cancel": "requested" }));
    }
    session.output.note(format!("asked bake {bake} to stop"));
    Ok(())
}
