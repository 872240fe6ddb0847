//! `bakery evidence`: prints all that is known of an image before it is judged, as rules of one's own are given it.

use super::render::trust;
use super::run::Session;
use crate::domain::oci::Platform;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// Which image of an index, as os/architecture; this machine's where none is named
    #[arg(long)]
    platform: Option<Platform>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let evidence = session.context()?.evidence(&args.image, args.platform.as_ref()).await?;
    if session.output.json {
        return session.output.json(&evidence);
    }
    let mut printer = session.output.printer();
    for line in trust::document(&evidence) {
        printer.line(line)?;
    }
    printer.finish()
}
