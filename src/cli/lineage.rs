//! `bakery lineage`: who inherits from whom over all stores, and what is stale.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use futures_util::StreamExt;
use serde_json::json;

use super::render::lineage::{Shown, lines, markdown, news as changes};
use super::run::Session;
use crate::domain::lineage::news;
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::interrupts::Interrupts;
use crate::flows::lineage::Lineage;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0; 1 with --exit-code when anything that is shown is stale, which with --watch ends it; 4 when a \
                        store could not be read whole: then what is shown may be too little."
)]
pub(super) struct Args {
    /// Only this image, what it is built on, and everything built on it; and what is best done with it
    image: Option<String>,
    /// Only this base, and everything built on it in whichever version: who is hit if it moves, or goes
    #[arg(long, value_name = "BASE", conflicts_with = "image")]
    down: Option<String>,
    /// Only this image and what it is built on, down to the root
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["image", "down"])]
    up: Option<String>,
    /// Only what is stale, and what it is on
    #[arg(long)]
    stale: bool,
    /// What is best done with each that is stale, and which packages that changes
    #[arg(long, conflicts_with = "watch")]
    assess: bool,
    /// In which order
    #[arg(long, value_enum, default_value_t = Order::Name)]
    sort: Order,
    /// Go on looking, and tell what changes
    #[arg(long)]
    watch: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "watch",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// End with 1 when anything that is shown is stale
    #[arg(long)]
    exit_code: bool,
    /// A table in Markdown of what is stale
    #[arg(long, conflicts_with = "watch")]
    markdown: bool,
}

/// The order of images beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// By who holds them and their names
    Name,
    /// The stalest first
    Staleness,
}

pub(super) async fn run(mut args: Args, session: &Session) -> Result<(), Report> {
    one_form(args.markdown, session)?;
    let context = session.context()?;
    for image in [&mut args.image, &mut args.up].into_iter().flatten() {
        *image = context.image_named(image);
    }
    if args.watch {
        return watch(&args, &context, session).await;
    }
    let lineage = Arc::new(context.lineage().await);
    let output = &session.output;
    let mut shown = pick(&args, &context, &lineage).await?;
    let mut numbers = if args.assess { shown.stale_ones() } else { Vec::new() };
    if let Some(image) = args.image.as_ref().or(args.up.as_ref()) {
        let number = context.lineage_of(&lineage, image).await?;
        numbers.extend(Some(number).filter(|number| !numbers.contains(number)));
    }
    let mut assessing = context.assess_all(Arc::clone(&lineage), numbers);
    while let Some((number, told)) = assessing.next().await {
        shown.assessed.insert(number, told?);
    }
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
        tell_unread(session, what, report);
        worst = Some(if worst == Some(Kind::Unreachable) { Kind::Unreachable } else { report.kind });
    }
    match (worst, args.exit_code && shown.stale() > 0) {
        (Some(kind), _) => Err(Report::message(kind, "")),
        (None, true) => Err(Report::message(Kind::Failed, "")),
        (None, false) => Ok(()),
    }
}

/// What the arguments ask for.
async fn pick<'l>(args: &Args, context: &Context, lineage: &'l Lineage) -> Result<Shown<'l>, Report> {
    let mut shown = if let Some(image) = &args.image {
        Shown::around(lineage, context.lineage_of(lineage, image).await?)
    } else if let Some(image) = &args.up {
        Shown::up(lineage, context.lineage_of(lineage, image).await?)
    } else if let Some(base) = &args.down {
        let tag = context.lineage_name(base)?;
        let number = context.lineage_of(lineage, base).await;
        let followed = tag.as_deref().is_some_and(|tag| !lineage.graph.followers(tag).is_empty());
        // A tag that is gone has its followers all the same.
        let number = if followed { number.ok() } else { Some(number?) };
        Shown::down(lineage, tag.as_deref(), number)
    } else {
        Shown::all(lineage)
    };
    if args.stale {
        shown.only_stale();
    }
    shown.stalest_first = args.sort == Order::Staleness;
    Ok(shown)
}

/// Looks over and over; tells only what changes.
async fn watch(args: &Args, context: &Context, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let mut interrupts = Interrupts::listen()?;
    let mut watching = context.watch_lineage(Duration::from_secs(args.every));
    let mut last: Option<Arc<Lineage>> = None;
    loop {
        let lineage = tokio::select! {
            lineage = watching.next() => lineage,
            () = interrupts.next() => return Ok(()),
        };
        let shown = match (pick(args, context, &lineage).await, &last) {
            (Err(report), None) => return Err(report),
            // What was asked for is gone meanwhile; it may come back.
            (Err(_), Some(_)) => Shown::none(&lineage),
            (Ok(shown), _) => shown,
        };
        match &last {
            None if output.json => {
                output.json(&json!({"at": watching.looked_at(), "change": "began", "images": shown.tagged().len(), "stale": shown.stale()}))?;
            }
            None => output.note(format!("watching {}", shown.totals())),
            Some(before) => {
                let known = pick(args, context, before).await.unwrap_or_else(|_| Shown::none(before));
                tell_news(session, watching.looked_at(), (&known, before), (&shown, &lineage))?;
            }
        }
        let before: BTreeSet<&String> = last.iter().flat_map(|last| &last.unread).map(|(what, _)| what).collect();
        for (what, report) in lineage.unread.iter().filter(|(what, _)| !before.contains(what)) {
            tell_unread(session, what, report);
        }
        if args.exit_code && shown.stale() > 0 {
            return Err(Report::message(Kind::Failed, ""));
        }
        last = Some(lineage);
    }
}

fn tell_news(
    session: &Session,
    at: &str,
    (known, before): (&Shown<'_>, &Lineage),
    (shown, after): (&Shown<'_>, &Lineage),
) -> Result<(), Report> {
    for one in news(&before.graph, &after.graph) {
        let was = before.graph.at(&one.place().to_string());
        let is_shown = one.number().is_some_and(|number| shown.picked[number]);
        if !is_shown && !was.is_some_and(|number| known.picked[number]) {
            continue;
        }
        match session.output.json {
            true => session.output.json(&changes::json(&one, shown, at))?,
            false => session.output.line(changes::line(&one, shown, at))?,
        }
    }
    Ok(())
}

fn tell_unread(session: &Session, what: &str, report: &Report) {
    session.output.failure(&report.clone().while_doing(format!("{} cannot be read", escape(what))));
}

/// Markdown and JSON are two forms of one result.
pub(super) fn one_form(markdown: bool, session: &Session) -> Result<(), Report> {
    if markdown && session.output.json {
        return Err(Report::message(Kind::Usage, "--markdown and --json are two forms of one result").help("name one"));
    }
    Ok(())
}
