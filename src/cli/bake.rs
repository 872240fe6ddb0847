//! `bakery bake`: starts bakes and follows them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::render::Bars;
use super::run::Session;
use super::story::{Story, conclude};
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::bake::{Asked, BakeOptions, read_requests, start};
use crate::flows::batch::{Batch, Progress};
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
    if args.detach { detach(&context, &asked, session).await } else { follow(&context, asked, session).await }
}

async fn detach(context: &Context, asked: &Asked, session: &Session) -> Result<(), Report> {
    if Batch::has_dependencies(&asked.requests) {
        return Err(Report::message(
            Kind::Usage,
            "recipes that inherit from each other cannot be baked detached at once",
        )
        .help("bake them without --detach, or one after the other"));
    }
    for request in &asked.requests {
        let started = start(context, request, false).await?;
        if session.output.json {
            session.output.json(&started)?;
        } else {
            session.output.line(&started.bake)?;
            session.output.note(format!("baking {}; watch it: bakery attach {}", request.reference, started.bake));
        }
    }
    Ok(())
}

async fn follow(context: &Context, asked: Asked, session: &Session) -> Result<(), Report> {
    let several = asked.requests.len() > 1;
    let mut batch = Batch::new(context, asked)?;
    let mut interrupts = Interrupts::listen()?;
    let bars = Bars::default();
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
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
    finish(failures, session)
}

/// The worst failure decides the exit code; the others are told before it.
fn finish(mut failures: Vec<Report>, session: &Session) -> Result<(), Report> {
    failures.sort_by_key(|report| report.kind.exit_code());
    let worst = failures.pop();
    failures.iter().for_each(|report| session.output.failure(report));
    worst.map_or(Ok(()), Err)
}
