//! `bakery log`: prints a bake's journal.

use super::run::Session;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, _session: &Session) -> Result<(), Report> {
    Err(Report::message(Kind::Failed, "not built yet"))
}
