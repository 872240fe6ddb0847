//! The worker: the process of one bake, from `bake.started` to `bake.finished`. Shows nothing to anybody.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::bake::{BakeRequest, REQUEST, Seated};
use super::engines;
use super::gatekeeper::{Again, BakeGate, Listening, admit_base};
use super::judging::{Grounds, Judging};
use super::prepare::PrepareOptions;
use super::prune;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::EngineError;
use crate::adapters::engine::embedded::cache::write_memory;
use crate::adapters::engine::scripted::ScriptedEngine;
use crate::adapters::journal::{BakeFolder, JournalWriter, WorkerLock};
use crate::adapters::process::{Handshake, Stops, identity, leave_session, passphrase_given};
use crate::adapters::secrets;
use crate::adapters::settings::Paths;
use crate::adapters::signing::Passphrase;
use crate::domain::journal::{BakeStarted, BakeStatus, EventKind, Failure, SeatTaken};
use crate::domain::oci::Digest;
use crate::report::{Kind, Report};

/// How long an engine may take to stop once asked to.
const GRACE: Duration = Duration::from_secs(30);

/// Where a bake's second run works, in the bake's folder.
const AGAIN: &str = "again";

/// Name of the note that says who asked to stop.
pub(super) const CANCEL_NOTE: &str = "cancel";

/// Everything the worker holds.
struct Bench {
    folder: BakeFolder,
    request: BakeRequest,
    writer: JournalWriter,
    lock: WorkerLock,
    passphrase: Option<Passphrase>,
}

/// Works off bake `id`. Whoever started this process is told whether it runs; the rest stands in the journal.
pub async fn work(id: &str) -> Result<(), Report> {
    leave_session();
    let watch = Stopwatch::start();
    bake(Handshake::tell(set_up(id))?, watch).await
}

fn set_up(id: &str) -> Result<(Bench, Stops), Report> {
    let stops = Stops::of_worker().map_err(|error| Report::new(Kind::Failed, &error))?;
    let folder = BakeFolder::of(&Paths::from_environment().bakes(), id)
        .ok_or_else(|| Report::message(Kind::Usage, format!("not a bake: {id}")))?;
    let lock = WorkerLock::take(&folder)?;
    let passphrase = passphrase_given().map_err(|error| Report::new(Kind::Failed, &error))?;
    let text =
        folder.read(REQUEST)?.ok_or_else(|| Report::message(Kind::Usage, format!("no request for bake {id}")))?;
    let request: BakeRequest = serde_json::from_slice(&text).map_err(|error| {
        Report::new(Kind::Failed, &error).while_doing(format!("request of bake {id} cannot be read"))
    })?;
    let writer = JournalWriter::open(&folder)?;
    if !writer.is_fresh() {
        return Err(Report::message(Kind::Usage, format!("bake {id} has been worked off already")));
    }
    writer.append(EventKind::BakeStarted(started(id, &request)))?;
    Ok((Bench { folder, request, writer, lock, passphrase: passphrase.map(Passphrase::from_bytes) }, stops))
}

fn started(id: &str, request: &BakeRequest) -> BakeStarted {
    let identity = identity();
    BakeStarted {
        bake: id.to_owned(),
        reference: request.reference.clone(),
        recipe: request.recipe.clone(),
        recipe_digest: Digest::of(request.recipe_text.as_bytes()),
        base: request.base.clone(),
        base_digest: request.lock.as_ref().map(|lock| lock.digest.clone()),
        platforms: request.platforms.clone(),
        engine: request.engines(),
        seats: request.seats.iter().map(taken).collect(),
        pid: identity.pid,
        host: identity.host,
        user: identity.user,
    }
}

fn taken(seat: &Seated) -> SeatTaken {
    let Seated { platform, engine, builder, .. } = seat.clone();
    SeatTaken { platform, engine, builder }
}

async fn bake((bench, mut stops): (Bench, Stops), watch: Stopwatch) -> Result<(), Report> {
    let cancel = CancellationToken::new();
    let result = tokio::select! {
        result = AssertUnwindSafe(execute(&bench, &cancel)).catch_unwind() => {
            result.unwrap_or_else(|_| Err(Stopped::broken()))
        }
        () = stop_when_asked(&bench.folder, &bench.writer, &mut stops, &cancel) => Err(Stopped::cancelled()),
    };
    let (status, failure) = match result {
        Ok(_) => (BakeStatus::Ok, None),
        Err(stopped) => (stopped.status, Some(stopped.failure)),
    };
    let finished = bench.writer.append(EventKind::BakeFinished { status, millis: watch.millis(), failure });
    bench.lock.release();
    if let Ok(context) = Context::load(Some(&bench.request.workspace)) {
        prune::keep_within_bound(&context).await;
    }
    Ok(finished?)
}

/// Records the wish, passes it on to the engine, and gives it up when it takes too long or is asked again.
async fn stop_when_asked(folder: &BakeFolder, writer: &JournalWriter, stops: &mut Stops, cancel: &CancellationToken) {
    let signal = stops.next().await;
    let note = folder.read(CANCEL_NOTE).ok().flatten().and_then(|note| String::from_utf8(note).ok());
    let by = note.unwrap_or_else(|| signal.to_owned()).chars().take(256).collect();
    // A journal that takes no more fails the engine's next event as well; stopping goes first.
    let _ = writer.append(EventKind::CancelRequested { by });
    cancel.cancel();
    tokio::select! {
        _ = stops.next() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}

/// Prepares and bakes: from `plan.built` to the last event before `bake.finished`.
async fn execute(bench: &Bench, cancel: &CancellationToken) -> Result<(), Stopped> {
    let Bench { request, writer, .. } = bench;
    if ScriptedEngine::from_environment("").is_some() {
        return play(request, writer, cancel).await;
    }
    let mut context = Context::load(Some(&request.workspace))?.with_secrets(request.options.secrets.clone());
    context.passphrase.clone_from(&bench.passphrase);
    let (first, second) = engines::split(&request.engine);
    context.workspace.engine = Some((first.to_owned(), 0));
    let hired = engines::hired(&context, request)?;
    let engine = Arc::clone(&hired.engine);
    let loaded = request.judged(&context)?;
    let policy = context.policy()?;
    context.frozen_policy = Some(Arc::new(policy.clone()));
    let signer = context.signer()?;
    // The base is settled and its lock written; what moves from here on is not this bake's.
    let options = PrepareOptions { write_lock: false, ..request.options.prepare() };
    let prepared = context.prepare_on(&loaded, request.lock.clone(), options, hired.kinds.clone()).await?;
    writer.append(EventKind::PlanBuilt(prepared.plan.clone())).map_err(Report::from)?;
    secrets::require(&prepared.secrets_needed(), &context.secrets).map_err(Report::from)?;
    let listening = Listening::to(writer);
    let base = admit_base(&context, prepared.lock.as_ref(), request.options.allow_downgrade, &listening).await?;
    let (reference, file, memory) = (prepared.recipe.reference(), prepared.file.clone(), prepared.memory.clone());
    let on = request.engines();
    let mut gate =
        BakeGate::new(&context, (bench.folder.id(), &on), &prepared, (&policy, signer, base), listening.told());
    let mut job = prepared.into_job(context.local()?, &context, request.options.no_cache);
    let stop = cancel.child_token();
    if request.options.reproduce {
        let engine = match second {
            Some(other) => engines::engine(&engines::address(other)?, &context)?,
            None => Arc::clone(&engine),
        };
        let folder = bench.folder.path().join(AGAIN);
        gate.again = Some(Again { job: Box::new(job.clone()), engine, folder, cancel: stop.clone() });
    } else if second.is_some() {
        let message = "a bake has one engine";
        return Err(Report::message(Kind::Usage, message).help("`--reproduce` compares two").into());
    }
    job.gatekeeper = Some(Arc::new(gate));
    let grounds = Grounds::of(&job, policy);
    let judging = Judging::over(&listening, &grounds, request.options.fail_fast.then(|| stop.clone()));
    let baked = engine.bake(&job, &judging, &stop).await;
    if let Err(error) = baked {
        let mut stopped = Stopped::from(offer_shell(judging.reason(error), &request.recipe));
        stopped.failure.builder = stopped.failure.builder.map(|builder| hired.called(builder));
        return Err(stopped);
    }
    // Only what `plan` says about the next bake depends on it.
    let _ = write_memory(&context.paths.cache, &reference, &file, &memory);
    if request.options.publish {
        publish(&context, &reference, writer).await?;
    }
    Ok(())
}

/// A test plays the engines' parts: one script a builder, one after the other.
async fn play(request: &BakeRequest, writer: &JournalWriter, cancel: &CancellationToken) -> Result<(), Stopped> {
    for builder in request.builders() {
        let Some(scripted) = ScriptedEngine::from_environment(builder) else { continue };
        let engine = scripted.map_err(|error| Stopped::from(Report::new(Kind::Failed, &error)))?;
        engine.play(writer, cancel).await.map_err(|error| {
            let mut stopped = Stopped::from(error);
            stopped.failure.builder = stopped.failure.builder.map(|_| builder.to_owned());
            stopped
        })?;
    }
    Ok(())
}

/// Hands the image on, now that it has its tag.
async fn publish(context: &Context, reference: &str, writer: &JournalWriter) -> Result<(), Report> {
    let published = context.publish(&format!("local/{reference}"), None).await?;
    let (reference, digest) = (published.reference, published.digest);
    Ok(writer.append(EventKind::ImagePublished { reference, digest })?)
}

/// A program that failed in the image is best looked at there.
fn offer_shell(mut error: EngineError, recipe: &str) -> EngineError {
    if let EngineError::Step { step, action, failure } = &mut error
        && matches!(action.as_str(), "run" | "packages")
        && failure.help.is_none()
        // `arm64-2` is step 2.
        && let Some(number) = step.0.rsplit('-').next()
    {
        failure.help = Some(format!("`bakery shell {recipe}@{number}` opens the image as the step found it"));
    }
    error
}

/// A bake that did not come to its end.
struct Stopped {
    status: BakeStatus,
    failure: Failure,
}

impl Stopped {
    fn cancelled() -> Self {
        Report::message(Kind::Cancelled, "cancelled").into()
    }

    fn broken() -> Self {
        Report::message(Kind::Failed, "bakery itself broke while baking")
            .help("the worker.log in the bake's folder says where; please report it")
            .into()
    }
}

impl From<Report> for Stopped {
    fn from(report: Report) -> Self {
        let status = match report.kind {
            Kind::Rejected => BakeStatus::Rejected,
            Kind::Cancelled => BakeStatus::Cancelled,
            Kind::Failed | Kind::Usage | Kind::Unreachable => BakeStatus::Failed,
        };
        let exit_code = report.kind.exit_code();
        let failure =
            Failure { message: report.message, causes: report.causes, help: report.help, exit_code, builder: None };
        Self { status, failure }
    }
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        let builder = at_fault(&error);
        let mut stopped = Self::from(Report::from(error));
        stopped.failure.builder = builder;
        stopped
    }
}

/// The builder, where it and not the recipe is why a bake failed.
fn at_fault(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Builder(error) => error.at_fault().map(str::to_owned),
        _ => None,
    }
}
