//! `bakery inspect`: shows one image.

use super::render::inspection;
use super::run::Session;
use crate::domain::oci::Platform;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// Which image of an index, as os/architecture; its first where none is named
    #[arg(long)]
    platform: Option<Platform>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let inspected = session.context()?.inspect(&args.image, args.platform.as_ref()).await?;
    if session.output.json {
        return session.output.json(&inspected);
    }
    for line in inspection::lines(&inspected) {
        session.output.line(line)?;
    }
    Ok(())
}
