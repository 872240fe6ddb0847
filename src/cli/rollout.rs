//! `bakery rollout`: begins, follows, resumes, stops and lists roll-outs.

use serde_json::json;

use super::render::rollout::{Story, document, foreseen, row};
use super::run::Session;
use crate::domain::rollout::RolloutStatus;
use crate::domain::text::escape_json;
use crate::flows::Context;
use crate::flows::interrupts::Interrupts;
use crate::flows::rollout::RolloutOptions;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0 when everything was moved (--dry-run: would be); 3 when something may not be moved: verification \
                        says no; 1 when something failed or was left; 4 when a store could not be reached; 130 when it was \
                        cancelled.\nIt goes on when this command is gone: Ctrl-C stops it, once more leaves it stopping."
)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["base", "resume", "list", "cancel", "attach"]))]
pub(super) struct Args {
    /// The base's tag: everything stale that is built on it goes onto what it points to now
    #[arg(value_name = "BASE")]
    base: Option<String>,
    /// Only say what would be done with each image; leaves nothing behind
    #[arg(long, requires = "base", conflicts_with = "detach")]
    dry_run: bool,
    /// Images moved at once
    #[arg(long, value_name = "N", requires = "base", value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: Option<u16>,
    /// How many may fail before the rest is left
    #[arg(long, value_name = "N", requires = "base", default_value_t = 0)]
    budget: usize,
    /// Only these images: local/NAME:TAG
    #[arg(long, value_name = "IMAGE", requires = "base")]
    only: Vec<String>,
    /// Hand nothing on to where it was published before
    #[arg(long, requires = "base")]
    no_publish: bool,
    /// Let a base pass that is older than the one last seen under its tag
    #[arg(long, requires = "base")]
    allow_downgrade: bool,
    /// Start, print the roll-out's ID and leave
    #[arg(long, conflicts_with_all = ["list", "cancel", "attach"])]
    detach: bool,
    /// Go on with one that was stopped or whose process is gone: the newest, where no ID is named
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "")]
    resume: Option<String>,
    /// List the roll-outs of this workspace
    #[arg(long)]
    list: bool,
    /// Stop one: what is under way ends, nothing further begins
    #[arg(long, value_name = "ID")]
    cancel: Option<String>,
    /// Watch one from its beginning
    #[arg(long, value_name = "ID")]
    attach: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let context = session.context()?;
    let output = &session.output;
    if args.list {
        return list(&context, session);
    }
    if let Some(id) = &args.cancel {
        let id = context.find_rollout(Some(id))?;
        context.cancel_rollout(&id)?;
        if output.json {
            return output.json(&json!({ "rollout": id, "cancel": "requested" }));
        }
        output.note(format!("asked roll-out {id} to stop"));
        return Ok(());
    }
    if let Some(id) = &args.attach {
        return follow(&context, &context.find_rollout(Some(id))?, session).await;
    }
    if let Some(id) = &args.resume {
        let id = context.find_rollout(Some(id.as_str()).filter(|id| !id.is_empty()))?;
        let context = context.with_passphrase_asked()?;
        context.resume_rollout(&id).await?;
        return begun(&context, &id, (args.detach, session)).await;
    }
    let options = RolloutOptions {
        parallel: args
            .parallel
            .map(usize::from)
            .or(context.settings.parallel)
            .unwrap_or(RolloutOptions::default().parallel),
        budget: args.budget,
        only: args.only.iter().map(|only| context.image_named(only)).collect(),
        publish: !args.no_publish,
        allow_downgrade: args.allow_downgrade,
    };
    let base = args.base.unwrap_or_default();
    if args.dry_run {
        return dry_run(&context, (&base, &options), session).await;
    }
    let context = context.with_passphrase_asked()?;
    let id = context.begin_rollout(&base, &options).await?;
    begun(&context, &id, (args.detach, session)).await
}

async fn begun(context: &Context, id: &str, (detach, session): (bool, &Session)) -> Result<(), Report> {
    if !detach {
        return follow(context, id, session).await;
    }
    if session.output.json {
        return session.output.json(&json!({ "rollout": id }));
    }
    session.output.line(id)?;
    session.output.note(format!("watch it: bakery rollout --attach {id}"));
    Ok(())
}

async fn dry_run(context: &Context, (base, options): (&str, &RolloutOptions), session: &Session) -> Result<(), Report> {
    let told = context.foresee_rollout(base, options).await?;
    let output = &session.output;
    if output.json {
        output.json(&document(&told))?;
    } else {
        let (lines, totals) = foreseen(&told, output.color);
        lines.iter().try_for_each(|line| output.line(line))?;
        output.note(totals);
    }
    // The answer has been told.
    told.ending.map_or(Ok(()), |kind| Err(Report::message(kind, "")))
}

fn list(context: &Context, session: &Session) -> Result<(), Report> {
    let rows = context.rollouts()?;
    if session.output.json {
        return session.output.json(&rows);
    }
    rows.iter().try_for_each(|one| session.output.line(row(one)))?;
    if rows.is_empty() {
        session.output.note("nothing was rolled out in this workspace");
    }
    Ok(())
}

/// Tells it as it goes; `Ctrl-C` stops it, a second one leaves.
async fn follow(context: &Context, id: &str, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let mut following = context.follow_rollout(id)?;
    let mut interrupts = Interrupts::listen()?;
    let mut story = Story::new(output);
    let (mut asked_before, mut last) = (false, None);
    loop {
        let news = tokio::select! {
            news = following.news() => news?,
            () = interrupts.next() => {
                if std::mem::replace(&mut asked_before, true) {
                    return Err(Report::message(Kind::Cancelled, "left; the roll-out is still stopping")
                        .help(format!("see it: bakery rollout --attach {id}")));
                }
                story.note("cancelling: what is under way ends; once more leaves at once");
                // One that ends at this moment needs no asking.
                let _ = context.cancel_rollout(id);
                continue;
            }
        };
        let Some(news) = news else { break };
        news.damage.iter().for_each(|damage| story.note(&format!("warning: {damage}")));
        for line in &news.lines {
            match &line.event {
                _ if output.json => output.line(escape_json(&line.text))?,
                Some(event) => story.event(event)?,
                None => {}
            }
        }
        story.progress(&news.progress);
        last = Some(news.progress.status);
    }
    drop(story);
    match (last, following.ending()) {
        // One without a line was lost before its first.
        (Some(RolloutStatus::Lost) | None, _) => {
            Err(Report::message(Kind::Failed, format!("roll-out {id} was lost: its process is gone"))
                .help(format!("go on with it: bakery rollout --resume {id}")))
        }
        (_, Ok(())) => Ok(()),
        (_, Err(Kind::Cancelled)) => Err(Report::message(Kind::Cancelled, format!("roll-out {id} was cancelled"))
            .help(format!("go on with it: bakery rollout --resume {id}"))),
        (_, Err(kind)) => Err(Report::message(kind, format!("roll-out {id} did not move everything"))
            .help(format!("mend what failed, then: bakery rollout --resume {id}"))),
    }
}
