//! `bakery impact`: which images would be safe, baked again or refused, were a base to move.

use super::render::lineage::impact;
use super::render::rebase::lines;
use super::run::Session;
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it would point to need not be published: a digest, or an image of a layout, will do.\n\nExit code: 0, \
                        whatever comes of it; 1 with --exit-code when any image would not simply be rebased, or nobody can \
                        tell; 2 when no new base is named."
)]
pub(super) struct Args {
    /// The base's tag, and what it would point to: global/python:3.12@sha256:…
    #[arg(value_name = "BASE[@NEW]")]
    base: String,
    /// What it would point to, by any name: oci:./next:python:3.12
    #[arg(long, value_name = "REF")]
    onto: Option<String>,
    /// End with 1 when any image would have to be baked again, is refused, or cannot be judged from here
    #[arg(long)]
    exit_code: bool,
    /// A table in Markdown
    #[arg(long)]
    markdown: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    super::lineage::one_form(args.markdown, session)?;
    let context = session.context()?;
    let digest = context.parse_reference(&args.base)?.digest;
    let onto = match (&args.onto, digest) {
        (Some(onto), None) => onto.clone(),
        (None, Some(_)) => args.base.clone(),
        (Some(_), Some(_)) => {
            let message = "what the base's tag would point to is named twice: by its digest, and by --onto";
            return Err(Report::message(Kind::Usage, message).help("leave one of them out"));
        }
        (None, None) => {
            let base = escape(&args.base);
            let message = format!("what {base} would point to is not named");
            return Err(Report::message(Kind::Usage, message)
                .help(format!("bakery impact {base}@sha256:…, or bakery impact {base} --onto REF")));
        }
    };
    let hits = context.impact(&args.base, &onto).await?;
    let output = &session.output;
    if output.json {
        output.json(&impact::json(&hits))?;
    } else if args.markdown {
        impact::markdown(&hits).iter().try_for_each(|line| output.line(line))?;
    } else {
        for hit in &hits {
            if let Some(rebase) = &hit.rebase {
                lines(rebase, output.color).iter().try_for_each(|line| output.line(line))?;
            }
            if let Some(line) = impact::line(hit) {
                output.line(line)?;
            }
        }
        if hits.is_empty() {
            output.line(format!("nothing in the stores of this workspace is built on {}", escape(&args.base)))?;
        } else {
            output.note(impact::totals(&hits));
        }
    }
    match args.exit_code && hits.iter().any(|hit| hit.outcome.is_trouble()) {
        true => Err(Report::message(Kind::Failed, "")),
        false => Ok(()),
    }
}
