//! `bakery bake`: starts bakes and follows them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::pool::Workload;
use super::render::Bars;
use super::run::Session;
use super::story::{Story, conclude};
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::Context;
use crate::flows::bake::{Asked, BakeOptions, Started, read_requests, start};
use crate::flows::batch::{Batch, Progress, away};
use crate::flows::interrupts::Interrupts;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recipe files, or names of recipes of the workspace
    #[arg(value_name = "RECIPE", required_unless_present = "all")]
    recipes: Vec<PathBuf>,
    /// Bake every recipe of the workspace
    #[arg(long, conflicts_with = "recipes")]
    all: bool,
    /// Engine: embedded, docker[://…], podman[://…], buildkit://…, buildx://NAME; two, A,B, with --reproduce
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Start, print the bake's ID and leave
    #[arg(long)]
    detach: bool,
    /// Run every step, whatever the cache holds
    #[arg(long)]
    no_cache: bool,
    /// Fail rather than write or change a lock
    #[arg(long)]
    frozen: bool,
    /// Bake once more elsewhere, and reject what does not come out bit-identical
    #[arg(long)]
    reproduce: bool,
    /// Publish the image when it is baked
    #[arg(long)]
    publish: bool,
    /// Let a base pass that is older than the one last seen under its tag
    #[arg(long)]
    allow_downgrade: bool,
    /// End at the first check that fails, while its step still runs
    #[arg(long)]
    fail_fast: bool,
    /// Where a secret is had, instead of what is configured: NAME=env:VARIABLE or NAME=file:PATH
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<String>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let options = BakeOptions {
        engine: args.engine,
        no_cache: args.no_cache,
        frozen: args.frozen,
        fail_fast: args.fail_fast,
        reproduce: args.reproduce,
        publish: args.publish,
        allow_downgrade: args.allow_downgrade,
        ..BakeOptions::default()
    };
    // None named is all, and only said so with --all.
    let context = session.context()?.with_secret_flags(&args.secrets)?.with_passphrase_asked()?;
    let asked = read_requests(&context, &args.recipes, &options)?;
    if args.detach { detach(&context, asked, session).await } else { follow(&context, asked, session).await }
}

async fn detach(context: &Context, asked: Asked, session: &Session) -> Result<(), Report> {
    let is_pooled = Batch::is_pooled(context, &asked.requests);
    let in_turn = is_pooled || asked.requests.len() > asked.parallel || Batch::has_dependencies(&asked.requests);
    if asked.requests.len() > 1 && in_turn {
        let away = away::begin(context, asked).await?;
        if session.output.json {
            return session.output.json(&away);
        }
        session.output.line(&away.batch)?;
        let count = count(away.waiting.len() as u64, "recipe");
        session
            .output
            .note(format!("baking {count} in turn; see them: bakery bakes, stop all: bakery cancel {}", away.batch));
        away.log()
            .into_iter()
            .for_each(|log| session.output.note(format!("what cannot begin is said in {}", log.display())));
        return Ok(());
    }
    if is_pooled {
        return first_begun(Batch::new(context, asked)?, session).await;
    }
    for request in &asked.requests {
        begun(&start(context, request, false).await?, &request.reference, session)?;
    }
    Ok(())
}

/// Waits until a builder has the one bake.
async fn first_begun(mut batch: Batch, session: &Session) -> Result<(), Report> {
    loop {
        match batch.next().await {
            Some(Progress::Started { started, reference }) => return begun(&started, &reference, session),
            Some(Progress::NotStarted { report, .. }) => return Err(report),
            Some(_) => {}
            None => return Ok(()),
        }
    }
}

fn begun(started: &Started, reference: &str, session: &Session) -> Result<(), Report> {
    if session.output.json {
        return session.output.json(started);
    }
    session.output.line(&started.bake)?;
    session.output.note(format!("baking {reference}; watch it: bakery attach {}", started.bake));
    Ok(())
}

async fn follow(context: &Context, asked: Asked, session: &Session) -> Result<(), Report> {
    let several = asked.requests.len() > 1;
    let mut batch = Batch::new(context, asked)?;
    let mut interrupts = Interrupts::listen()?;
    let bars = Bars::default();
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let mut workload = Workload::default();
    let (mut failures, mut asked_before) = (Vec::new(), false);
    loop {
        let progress = tokio::select! {
            progress = batch.next() => progress,
            () = interrupts.next() => {
                if std::mem::replace(&mut asked_before, true) {
                    return Err(Report::message(Kind::Cancelled, "left; the bakes are still stopping")
                        .help("see them: bakery bakes"));
                }
                session.output.note("cancelling; once more leaves at once");
                batch.cancel();
                continue;
            }
        };
        match progress {
            None => break,
            Some(Progress::Started { started, reference }) => {
                let story = if several {
                    Story::among(&session.output, &reference, &bars)
                } else {
                    Story::progress(&session.output)
                };
                stories.insert(started.bake, story);
            }
            Some(Progress::Record { bake, record, output }) => {
                if let Some(event) = record.as_ref().ok().and_then(|record| record.event.as_ref()) {
                    workload.record(&bake, &event.kind);
                }
                if let Some(story) = stories.get_mut(&bake) {
                    story.record(&record.map(|record| *record), &output)?;
                }
            }
            Some(Progress::Ended { bake, reference, outcome }) => {
                let story = stories.remove(&bake);
                match conclude(&reference, outcome) {
                    Ok(()) => story.map_or(Ok(()), Story::end)?,
                    Err(report) => failures.push(report),
                }
            }
            Some(Progress::Again { bake, reference, builder, failure }) => {
                stories.remove(&bake).map_or(Ok(()), Story::end)?;
                let (builder, why) = (escape(&builder), escape(&failure.message));
                session
                    .output
                    .note(format!("{why}; {builder} is left alone for a while, {reference} is baked elsewhere"));
            }
            Some(Progress::Out { builder, report }) => {
                let said = std::iter::once(&report.message).chain(&report.causes).map(|text| escape(text));
                let (builder, said) = (escape(&builder), said.collect::<Vec<_>>().join(": "));
                session.output.note(format!("{builder} is left alone for a while: {said}"));
            }
            Some(Progress::NotStarted { report, .. }) => failures.push(report),
        }
    }
    workload.lines().into_iter().for_each(|line| session.output.note(line));
    finish(failures, session)
}

/// The worst failure decides the exit code; the others are told before it.
fn finish(mut failures: Vec<Report>, session: &Session) -> Result<(), Report> {
    failures.sort_by_key(|report| report.kind.exit_code());
    let worst = failures.pop();
    failures.iter().for_each(|report| session.output.failure(report));
    worst.map_or(Ok(()), Err)
}
