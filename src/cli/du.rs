//! `bakery du`: who owns the bytes of an image, which of them nobody sees any more, and whether that is too many.

use super::looking::Unread;
use super::render::shares::Shares;
use super::run::Session;
use crate::domain::layer::Rule;
use crate::domain::oci::Platform;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code: 0; 3 when a rule of --fail-on holds; 1 when an image cannot be read whole.")]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// Which image of an index, as os/architecture; this machine's where none is named
    #[arg(long)]
    platform: Option<Platform>,
    /// End with 3 when this holds, such as waste>20MB, waste>5%, local-waste>1MB, local>200MB, total>1GB,
    /// efficiency<0.95; may be given more than once. A part is one of all bytes of the image
    #[arg(long, value_name = "RULE", value_parser = Rule::parse)]
    fail_on: Vec<Rule>,
    /// How many wasted paths to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let opened = session.context()?.open_image_for(&args.image, args.platform.as_ref()).await?;
    let unread = Unread::tell(&opened, session);
    let shares = Shares { opened: &opened, owned: opened.ownership(), rules: &args.fail_on, top: args.top };
    let mut printer = session.output.printer();
    if session.output.json {
        printer.json(&shares)?;
    } else {
        for line in shares.lines(session.output.color) {
            printer.line(line)?;
        }
    }
    printer.finish()?;
    match (shares.verdict(), unread.end()) {
        // What was not read cannot be judged: the rules that hold are told, but that is not the verdict.
        (Err(verdict), Err(unread)) => {
            session.output.failure(&verdict);
            Err(unread)
        }
        (verdict, unread) => verdict.and(unread),
    }
}
