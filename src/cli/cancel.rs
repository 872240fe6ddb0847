//! `bakery cancel`: asks a running bake to stop.

use serde_json::json;

use super::run::Session;
use crate::flows::watch::Shelf;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID, or its beginning
    #[arg(value_name = "ID")]
    bake: String,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let bake = Shelf::from_environment().cancel(&args.bake)?;
    if session.output.json {
        return session.output.json(&json!({ "bake": bake, "cancel": "requested" }));
    }
    session.output.note(format!("asked bake {bake} to stop"));
    Ok(())
}
