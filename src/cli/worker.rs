//! `bakery __worker`, `bakery __batch` and `bakery __rollout`: the processes of one bake, of several and of one roll-out. Their
//! stdout is a pipe to whoever started them; their stderr a file.

use super::run::Session;
use crate::flows::batch::away;
use crate::flows::{rollout, worker};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bake's ID
    #[arg(value_name = "ID")]
    bake: String,
}

pub(super) async fn run(args: Args, _session: &Session) -> Result<(), Report> {
    worker::work(&args.bake).await
}

/// Arguments of the batch's.
#[derive(Debug, clap::Args)]
pub(super) struct BatchArgs {
    /// The batch's ID
    #[arg(value_name = "ID")]
    batch: String,
}

pub(super) async fn run_batch(args: BatchArgs, _session: &Session) -> Result<(), Report> {
    away::work(&args.batch).await
}

/// Arguments of the roll-out's.
#[derive(Debug, clap::Args)]
pub(super) struct RolloutArgs {
    /// The roll-out's ID
    #[arg(value_name = "ID")]
    rollout: String,
}

pub(super) async fn run_rollout(args: RolloutArgs, _session: &Session) -> Result<(), Report> {
    rollout::work(&args.rollout).await
}
