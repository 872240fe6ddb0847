//! `bakery lineage`: who inherits from whom over all stores, and what is stale.

use super::render::lineage::{Shown, lines, markdown};
use super::run::Session;
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0; 1 with --exit-code when anything that is shown is stale; 4 when a store could not be \
                        read whole: then what is shown may be too little."
)]
pub(super) struct Args {
    /// Only this image, what it is built on, and everything built on it
    image: Option<String>,
    /// End with 1 when anything that is shown is stale
    #[arg(long)]
    exit_code: bool,
    /// A table in Markdown of what is stale
    #[arg(long)]
    markdown: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if args.markdown && session.output.json {
        return Err(Report::message(Kind::Usage, "--markdown and --json are two forms of one result").help("name one"));
    }
    let context = session.context()?;
    let lineage = context.lineage().await;
    let output = &session.output;
    let shown = match &args.image {
        Some(image) => Shown::around(&lineage, context.lineage_of(&lineage, image).await?),
        None => Shown::all(&lineage),
    };
    if output.json {
        output.json(&shown)?;
    } else if args.markdown {
        markdown(&shown).iter().try_for_each(|line| output.line(line))?;
    } else {
        lines(&shown, output.color).iter().try_for_each(|line| output.line(line))?;
        output.note(shown.totals());
    }
    let mut worst = None;
    for (what, report) in &lineage.unread {
        output.failure(&report.clone().while_doing(format!("{} cannot be read", escape(what))));
        worst = Some(if worst == Some(Kind::Unreachable) { Kind::Unreachable } else { report.kind });
    }
    match (worst, args.exit_code && shown.stale() > 0) {
        (Some(kind), _) => Err(Report::message(kind, "")),
        (None, true) => Err(Report::message(Kind::Failed, "")),
        (None, false) => Ok(()),
    }
}
