//! `bakery rebase`: puts an image on what its base is now, or says what stands in the way.

use super::render::rebase::{json, lines};
use super::run::Session;
use crate::flows::rebase::{Answer, RebaseOptions};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0 when it is done, safe (--dry-run) or current already; 1 when it has to be baked again; 3 when \
                        it may not be done."
)]
pub(super) struct Args {
    /// An image: local/NAME[:TAG], or one of a registry under a store with a key of yours
    image: String,
    /// The base to go to, instead of what the tag of its base points to now
    #[arg(long, value_name = "REF")]
    onto: Option<String>,
    /// The base it is on, where neither its annotations nor the stores tell
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// Only say what would come of it
    #[arg(long)]
    dry_run: bool,
    /// Let a base pass that is older than the one last seen under its tag, and remember it
    #[arg(long)]
    allow_downgrade: bool,
    /// Leave out its recipe's tests
    #[arg(long)]
    no_tests: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let options = RebaseOptions {
        onto: args.onto,
        base: args.base,
        dry_run: args.dry_run,
        allow_downgrade: args.allow_downgrade,
        no_tests: args.no_tests,
    };
    let mut context = session.context()?;
    if !options.dry_run {
        context = context.with_passphrase_asked()?;
    }
    let told = context.rebase(&context.image_named(&args.image), &options).await?;
    let output = &session.output;
    if output.json {
        output.json(&json(&told))?;
    } else {
        lines(&told, output.color).iter().try_for_each(|line| output.line(line))?;
    }
    // The answer has been told.
    match told.answer {
        Answer::Current | Answer::Safe => Ok(()),
        Answer::NeedsRebake => Err(Report::message(Kind::Failed, "")),
        Answer::Refused => Err(Report::message(Kind::Rejected, "")),
    }
}
