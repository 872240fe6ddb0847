//! `bakery impact`: which images would be safe, baked again or refused, were a base to move.

use serde_json::json;

use super::render::rebase::{json as of_rebase, lines};
use super::run::Session;
use crate::flows::impact::HitCount;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code: 0, whatever comes of it; 2 when no new base is named.")]
pub(super) struct Args {
    /// The base's tag, and what it would point to: global/python:3.12@sha256:…
    #[arg(value_name = "BASE[@NEW]")]
    base: String,
    /// What it would point to, by any name
    #[arg(long, value_name = "REF")]
    onto: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let context = session.context()?;
    let digest = context.parse_reference(&args.base)?.digest;
    let onto = match (&args.onto, digest) {
        (Some(onto), None) => onto.clone(),
        (None, Some(_)) => args.base.clone(),
        _ => {
            return Err(Report::message(Kind::Usage, "name what the base would be, once")
                .help("bakery impact global/python:3.12@sha256:…, or --onto REF"));
        }
    };
    let hits = context.impact(&args.base, &onto).await?;
    let (output, count) = (&session.output, HitCount::of(&hits));
    if output.json {
        let images = hits.iter().map(|hit| {
            let rebase = hit.rebase.as_ref().map(|rebase| of_rebase(rebase));
            json!({"image": hit.reference, "rebase": rebase, "note": hit.note})
        });
        return output.json(&json!({"images": images.collect::<Vec<_>>(), "count": count}));
    }
    for hit in &hits {
        match (&hit.rebase, &hit.note) {
            (Some(rebase), _) => lines(rebase, output.color).iter().try_for_each(|line| output.line(line))?,
            (None, note) => output.line(format!("· {}  {}", hit.reference, note.as_deref().unwrap_or_default()))?,
        }
    }
    let HitCount { safe, rebake, refused, others } = count;
    output.note(format!("{safe} safe, {rebake} to be baked again, {refused} refused, {others} others"));
    Ok(())
}
