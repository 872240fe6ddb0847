//! The gate of a bake: its base verified before anything runs, what came out judged before it gets a name, then signed with
//! what is stated of it. Runs nothing and moves no tag.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::prepare::Prepared;
use super::signer::Signer;
use super::statements::Making;
use super::{Context, reproduce};
use crate::adapters::engine::{BakeJob, Engine, EngineError, Gatekeeper, Sink, SinkError};
use crate::adapters::signing::PrivateKey;
use crate::domain::journal::EventKind;
use crate::domain::layer::packages::Package;
use crate::domain::oci::{Descriptor, Platform, Repository};
use crate::domain::plan::StepId;
use crate::domain::recipe::Lock;
use crate::domain::trust::{Check, CheckVerdict, Finding, Known, Policy, Verified};
use crate::report::{Kind, Report};

/// Passes facts on, and keeps how each check stands: the summary carries them.
pub(super) struct Listening<'s> {
    inner: &'s dyn Sink,
    told: Told,
}

/// How each check stands, in the order first told.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Vec<Check>>>);

impl Told {
    pub(super) fn all(&self) -> Vec<Check> {
        self.0.lock().map(|told| told.clone()).unwrap_or_default()
    }

    fn hear(&self, kind: &EventKind) {
        let EventKind::CheckFinished { check, verdict, reason, evidence } = kind else { return };
        let Ok(mut told) = self.0.lock() else { return };
        let now = Check::new(check.clone(), Finding::new(*verdict, reason.clone(), evidence.clone()));
        match told.iter_mut().find(|known| known.id == *check) {
            Some(known) => *known = now,
            None => told.push(now),
        }
    }
}

impl<'s> Listening<'s> {
    pub(super) fn to(inner: &'s dyn Sink) -> Self {
        Self { inner, told: Told::default() }
    }

    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }
}

impl Sink for Listening<'_> {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        self.told.hear(&kind);
        self.inner.emit(kind)
    }

    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError> {
        self.inner.output(step, bytes)
    }
}

/// Tells checks as they stand; gives those that stand in the way, each with its evidence. What nobody asks is not told.
pub(super) fn tell(checks: &[Check], sink: &dyn Sink) -> Result<Vec<(String, Vec<String>)>, SinkError> {
    let mut blocking = Vec::new();
    for Check { id, finding } in checks.iter().filter(|check| check.finding.verdict != CheckVerdict::Skip) {
        sink.emit(EventKind::CheckStarted { check: id.clone() })?;
        sink.emit(EventKind::CheckFinished {
            check: id.clone(),
            verdict: finding.verdict,
            reason: finding.reason.clone().into_owned(),
            evidence: finding.evidence.clone(),
        })?;
        if finding.verdict.blocks() {
            blocking.push((id.clone(), finding.evidence.clone()));
        }
    }
    Ok(blocking)
}

/// Verifies the base a bake begins on; an error where it does not stand up. `None` for scratch.
pub(super) async fn admit_base(
    context: &Context,
    lock: Option<&Lock>,
    allow_downgrade: bool,
    sink: &dyn Sink,
) -> Result<Option<Verified>, Report> {
    let Some(lock) = lock else { return Ok(None) };
    let verified = context.verify_base(&lock.base, &lock.digest, &lock.platforms, allow_downgrade).await?;
    let mut checks: Vec<Check> = Vec::new();
    for (depth, level) in verified.chain.iter().enumerate() {
        for check in &level.checks {
            // What a base stands on is told with its name, in the same check.
            match checks.iter_mut().find(|known| known.id == check.id) {
                Some(known) => join(known, check, &level.reference),
                None if depth > 0 => checks.push(named(check, &level.reference)),
                None => checks.push(check.clone()),
            }
        }
    }
    let blocking = tell(&checks, sink).map_err(|error| Report::new(Kind::Failed, &error))?;
    if blocking.is_empty() {
        return Ok(Some(verified));
    }
    let names: Vec<&str> = blocking.iter().map(|(check, _)| check.as_str()).collect();
    let verb = if names.len() == 1 { "does not hold" } else { "do not hold" };
    let mut report = Report::message(Kind::Rejected, format!("base {}: {} {verb}", lock.base, names.join(", ")));
    report.causes =
        blocking.iter().flat_map(|(_, evidence)| evidence).map(|line| crate::domain::text::escape(line)).collect();
    Err(report.help(format!("nothing was run; `bakery verify {}` explains each check", lock.base)))
}

fn named(check: &Check, reference: &str) -> Check {
    let lines = check.finding.evidence.iter().map(|line| format!("{reference}: {line}")).collect();
    Check::new(check.id.clone(), Finding { evidence: lines, ..check.finding.clone() })
}

/// The worse of two outcomes of a check counts; the lines of both stay.
fn join(known: &mut Check, other: &Check, reference: &str) {
    let other = named(other, reference);
    let worst = crate::domain::trust::overall([known.finding.verdict, other.finding.verdict]);
    if worst != known.finding.verdict {
        known.finding.verdict = other.finding.verdict;
        known.finding.reason = other.finding.reason;
    }
    known.finding.evidence.extend(other.finding.evidence);
}

/// A second bake, to see whether the same comes out.
pub(super) struct Again {
    pub(super) job: Box<BakeJob>,
    /// Who does it: the first bake's own engine, or another one.
    pub(super) engine: Arc<dyn Engine>,
    /// Where, in the bake's folder.
    pub(super) folder: PathBuf,
    pub(super) cancel: CancellationToken,
}

/// What the engine asks before the tag moves.
pub(super) struct BakeGate {
    context: Context,
    repository: Repository,
    reference: String,
    base: Option<Verified>,
    told: Told,
    making: Making,
    signer: Option<Signer>,
    /// What is installed in the image of each platform, once it has been judged.
    packages: Mutex<Vec<Known<Arc<Vec<Package>>>>>,
    /// What to bake once more, and where.
    pub(super) again: Option<Again>,
}

impl BakeGate {
    /// The gate of a bake that is prepared and whose base was admitted.
    pub(super) fn new(
        context: &Context,
        (bake, engine): (&str, &str),
        prepared: &Prepared,
        (policy, signer, base): (&Policy, Option<Signer>, Option<Verified>),
        told: Told,
    ) -> Self {
        Self {
            context: context.clone(),
            repository: prepared.recipe.name.clone(),
            reference: prepared.recipe.reference(),
            base,
            told,
            making: Making::of(bake, engine, prepared, policy),
            signer,
            packages: Mutex::default(),
            again: None,
        }
    }
}

fn gate(report: Report) -> EngineError {
    EngineError::Gate(Box::new(report))
}

#[async_trait]
impl Gatekeeper for BakeGate {
    async fn judge(
        &self,
        manifests: &[(Platform, Descriptor)],
        sink: &dyn Sink,
    ) -> Result<Vec<(String, Vec<String>)>, EngineError> {
        let judging = self.context.judge_baked(&self.repository, manifests, &self.reference, self.base.as_ref());
        let judged = judging.await.map_err(gate)?;
        let mut blocking = tell(&judged.level.checks, sink)?;
        if let Ok(mut packages) = self.packages.lock() {
            *packages = judged.packages;
        }
        if let Some(Again { job, engine, folder, cancel }) = &self.again {
            sink.emit(EventKind::CheckStarted { check: reproduce::CHECK.into() })?;
            let finding = reproduce::bake_again(job, manifests, folder.clone(), (&**engine, cancel)).await?;
            blocking.extend(tell(&[Check::new(reproduce::CHECK, finding)], sink)?);
        }
        Ok(blocking)
    }

    async fn attach(
        &self,
        image: &Descriptor,
        manifests: &[(Platform, Descriptor)],
        sink: &dyn Sink,
    ) -> Result<(), EngineError> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let attaching = self.context.attaching(&self.repository, signer).map_err(gate)?;
        let packages = self.packages.lock().map(|packages| packages.clone()).unwrap_or_default();
        let documents = self.making.documents(image, manifests, &packages, &self.told.all()).map_err(gate)?;
        if attaching.is_done(image, &documents).await {
            return Ok(());
        }
        let key: Arc<PrivateKey> = signer.open().await.map_err(gate)?;
        attaching.attach(&key, image, &documents).await.map_err(gate)?;
        sink.emit(EventKind::ImageSigned { digest: image.digest.clone(), key: key.public().fingerprint() })?;
        Ok(())
    }
}
