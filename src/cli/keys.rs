//! `bakery keys`: makes and shows signing keys.

use super::run::Session;
use crate::report::{Kind, Report};

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List
    Ls {},
}

pub(super) async fn run(_args: Command, _session: &Session) -> Result<(), Report> {
    Err(Report::message(Kind::Failed, "not built yet"))
}
