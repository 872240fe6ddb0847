//! `bakery verify`: judges an image and all it is built on.

use super::render::trust;
use super::run::Session;
use crate::domain::oci::Platform;
use crate::flows::verify::{VerifyOptions, ending};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// The base it is said to be built on, instead of the one its annotations name
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// Only the image for this platform, as os/architecture; all of an index where none is named
    #[arg(long)]
    platform: Option<Platform>,
    /// Let a base pass that is older than the one last seen under its tag, and remember it
    #[arg(long)]
    allow_downgrade: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let options = VerifyOptions { base: args.base, platform: args.platform, allow_downgrade: args.allow_downgrade };
    let context = session.context()?;
    let verified = context.verify(&context.image_named(&args.image), &options).await?;
    let output = &session.output;
    if output.json {
        output.json(&verified)?;
    } else {
        for line in trust::lines(&verified, output.color) {
            output.line(line)?;
        }
    }
    // The verdict has been told.
    ending(&verified).map_err(|kind| Report::message(kind, ""))
}
