//! `bakery __worker`: the process of one bake. Its stdout is a pipe to whoever started it; its stderr a file.

use super::run::Session;
use crate::flows::worker::work;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID
    #[arg(value_name = "ID")]
    bake: String,
}

pub(super) async fn run(args: Args, _session: &Session) -> Result<(), Report> {
    work(&args.bake).await
}
