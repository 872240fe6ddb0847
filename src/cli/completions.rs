//! `bakery completions`: prints a completion script made from the command line itself.

use clap::CommandFactory;

use super::arguments::Cli;
use super::run::Session;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bakery", &mut script);
    let script = String::from_utf8(script).map_err(|error| Report::new(Kind::Failed, &error))?;
    session.output.line(script.trim_end())
}
