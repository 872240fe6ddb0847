//! Judging while a bake runs: every change on its way to the journal is held against the rules for paths. What breaks one is
//! marked and its check fails at once, while the step still runs; with fail-fast that ends the bake. What is seen is an
//! estimate: nothing here decides about an image, whose sealed layers are judged again, exactly.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::layers;
use crate::adapters::engine::{BakeJob, BaseImage, EngineError, Sink, SinkError};
use crate::adapters::index;
use crate::domain::journal::{ChangeOp, CheckVerdict, EventKind, Failure, SeenAgainst, SeenChange};
use crate::domain::layer::Tree;
use crate::domain::oci::{Descriptor, DiffId, annotation};
use crate::domain::plan::StepId;
use crate::domain::trust::rules::{SeenPath, Violation, Watching};
use crate::domain::trust::{Contract, Policy};

/// A check that has failed is told again with what came since no more often than this.
const PACE: Duration = Duration::from_millis(250);
/// Lines of evidence told while a step runs.
const LINES: usize = 20;
/// Paths that break one check of which is remembered what they break.
const REMEMBERED: usize = 1_000;
/// What a file holds is looked into after its name: that a name is seen again says nothing about this check.
const SECRETS: &str = "layer.secrets";

/// What a bake is judged by.
pub(super) struct Grounds {
    policy: Policy,
    /// One a platform.
    each: Vec<Ground>,
}

/// What the steps of a platform stand on.
struct Ground {
    steps: Vec<StepId>,
    contract: Contract,
    layers: Vec<(Descriptor, DiffId)>,
    cache: PathBuf,
    tree: OnceLock<Option<Tree>>,
}

/// A sink that judges what passes.
pub(super) struct Judging<'s> {
    inner: &'s dyn Sink,
    judges: Vec<Judge<'s>>,
    /// What is cancelled when a check fails.
    stop: Option<CancellationToken>,
    state: Mutex<State>,
}

/// Says what is wrong with a path.
type See<'s> = Box<dyn Fn(SeenPath<'_>) -> Vec<Violation> + Send + Sync + 's>;

/// Who judges the steps of a platform; made when there is something to judge.
struct Judge<'s> {
    steps: Vec<StepId>,
    see: LazyLock<See<'s>, Box<dyn FnOnce() -> See<'s> + Send + 's>>,
}

#[derive(Default)]
struct State {
    checks: BTreeMap<&'static str, Standing>,
    /// Checks the bake was stopped for, with their evidence.
    stopped_for: Vec<(String, Vec<String>)>,
}

/// How a check stands.
#[derive(Default)]
struct Standing {
    broken: BTreeMap<(StepId, String), Vec<Violation>>,
    /// Paths beyond those remembered.
    beyond: u64,
    /// Since it was told last.
    told: Option<Stopwatch>,
    /// Whether something came, or went, since.
    moved: bool,
}

impl Grounds {
    /// Those of a job.
    pub(super) fn of(job: &BakeJob, policy: Policy) -> Self {
        let grounds = job.plan.platforms.iter().map(|part| {
            let base = job.bases.iter().find(|base| base.platform == part.platform);
            Ground {
                steps: part.steps.iter().map(|step| step.id.clone()).collect(),
                contract: base.map(contract_of).unwrap_or_default(),
                layers: base.and_then(|base| layers::of_base(base).ok()).unwrap_or_default(),
                cache: job.cache.clone(),
                tree: OnceLock::new(),
            }
        });
        Self { policy, each: grounds.collect() }
    }
}

impl<'s> Judging<'s> {
    /// Judges what a job tells `inner`; with `stop` the first check that fails cancels it.
    pub(super) fn over(inner: &'s dyn Sink, grounds: &'s Grounds, stop: Option<CancellationToken>) -> Self {
        let judge = |ground: &'s Ground| {
            let see = move || -> See<'s> {
                let watching = Watching::new(&grounds.policy, &ground.contract, ground.base());
                Box::new(move |seen| watching.see(seen))
            };
            Judge { steps: ground.steps.clone(), see: LazyLock::new(Box::new(see)) }
        };
        Self::with(inner, grounds.each.iter().map(judge).collect(), stop)
    }

    fn with(inner: &'s dyn Sink, judges: Vec<Judge<'s>>, stop: Option<CancellationToken>) -> Self {
        Self { inner, judges, stop, state: Mutex::default() }
    }

    /// Why the bake ended: a check it was stopped for, else what the engine says.
    pub(super) fn reason(&self, error: EngineError) -> EngineError {
        let failed = std::mem::take(&mut self.lock().stopped_for);
        if failed.is_empty() { error } else { EngineError::Rejected { failed } }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds changes against the rules, and marks those that break one.
    fn judge(&self, step: &StepId, changes: &mut [SeenChange], state: &mut State) {
        let Some(judge) = self.judges.iter().find(|judge| judge.steps.contains(step)) else { return };
        for change in changes {
            let mut by_check: BTreeMap<&'static str, Vec<Violation>> = BTreeMap::new();
            for violation in judge.violations(change) {
                by_check.entry(violation.check).or_default().push(violation);
            }
            for (check, violations) in &by_check {
                change.against.push(SeenAgainst { check: (*check).to_owned(), verdict: verdict_of(violations) });
            }
            if !state.checks.is_empty() || !by_check.is_empty() {
                state.settle(step, change, by_check);
            }
        }
    }

    /// Tells checks whose standing moved: at once where it is the first time, or when `all` are to be told.
    fn tell(&self, state: &mut State, all: bool) -> Result<(), SinkError> {
        for (check, standing) in &mut state.checks {
            let due = all || standing.told.as_ref().is_none_or(|told| told.elapsed() >= PACE);
            if !standing.moved || !due {
                continue;
            }
            standing.moved = false;
            if standing.told.is_none() && standing.broken.is_empty() {
                continue;
            }
            standing.told = Some(Stopwatch::start());
            self.inner.emit(EventKind::CheckStarted { check: (*check).to_owned() })?;
            // Nothing breaks it any more: the sealed layer will tell.
            let Some((verdict, reason)) = standing.verdict() else { continue };
            let evidence = standing.evidence();
            self.inner.emit(EventKind::CheckFinished {
                check: (*check).to_owned(),
                verdict,
                reason: reason.to_owned(),
                evidence: evidence.clone(),
            })?;
            if let Some(stop) = self.stop.as_ref().filter(|_| verdict == CheckVerdict::Fail) {
                if !state.stopped_for.iter().any(|(known, _)| known == check) {
                    state.stopped_for.push(((*check).to_owned(), evidence));
                }
                stop.cancel();
            }
        }
        Ok(())
    }
}

impl Judge<'_> {
    fn violations(&self, change: &SeenChange) -> Vec<Violation> {
        let secrets: Vec<(String, u32, String)> =
            change.secrets.iter().map(|secret| (secret.rule.clone(), secret.line, secret.masked.clone())).collect();
        let deleted = change.op == ChangeOp::Deleted;
        // The type is told of all but regular files.
        let mode = match change.mode {
            mode if deleted || mode & 0o170_000 != 0 => mode,
            mode => mode | 0o100_000,
        };
        (self.see)(SeenPath { path: &change.path, deleted, mode, secrets: &secrets })
    }
}

impl Sink for Judging<'_> {
    fn emit(&self, mut kind: EventKind) -> Result<(), SinkError> {
        let mut state = self.lock();
        match &mut kind {
            EventKind::LayerChanged { step, changes } => {
                self.judge(step, changes, &mut state);
                self.inner.emit(kind)?;
                return self.tell(&mut state, false);
            }
            // The exact judgement of the image takes the place of what was seen.
            EventKind::CheckStarted { check } => state.checks.retain(|known, _| known != check),
            EventKind::StepFinished { .. } => self.tell(&mut state, true)?,
            EventKind::StepFailed { failure, .. } => {
                self.tell(&mut state, true)?;
                if let Some(stopped) = stopped(&state.stopped_for) {
                    *failure = stopped;
                }
            }
            _ => self.tell(&mut state, false)?,
        }
        self.inner.emit(kind)
    }

    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError> {
        self.tell(&mut self.lock(), false)?;
        self.inner.output(step, bytes)
    }
}

impl State {
    /// A path is seen: what it breaks takes the place of what it broke, and with a folder that is gone what was in it broke.
    fn settle(&mut self, step: &StepId, change: &SeenChange, mut now: BTreeMap<&'static str, Vec<Violation>>) {
        let deleted = change.op == ChangeOp::Deleted;
        let key = (step.clone(), change.path.clone());
        for check in now.keys() {
            self.checks.entry(check).or_default();
        }
        for (check, standing) in &mut self.checks {
            let violations = now.remove(check).unwrap_or_default();
            let unread = *check == SECRETS && !deleted && change.secrets.is_empty();
            if !unread && standing.broken.get(&key).map_or(&[][..], Vec::as_slice) != violations {
                standing.put(&key, violations);
            }
            if deleted {
                standing.forget_below(&key);
            }
        }
    }
}

impl Standing {
    fn put(&mut self, key: &(StepId, String), violations: Vec<Violation>) {
        self.moved = true;
        if violations.is_empty() {
            self.broken.remove(key);
        } else if self.broken.len() < REMEMBERED || self.broken.contains_key(key) {
            self.broken.insert(key.clone(), violations);
        } else {
            self.beyond += 1;
        }
    }

    fn forget_below(&mut self, (step, path): &(StepId, String)) {
        let inside = (step.clone(), format!("{path}/"))..(step.clone(), format!("{path}0"));
        let gone: Vec<_> = self.broken.range(inside).map(|(key, _)| key.clone()).collect();
        self.moved |= !gone.is_empty();
        gone.iter().for_each(|key| drop(self.broken.remove(key)));
    }

    fn verdict(&self) -> Option<(CheckVerdict, &'static str)> {
        let all = || self.broken.values().flatten();
        let worst = all().find(|violation| !violation.warns).or_else(|| all().next())?;
        Some((verdict_of(std::slice::from_ref(worst)), worst.reason))
    }

    fn evidence(&self) -> Vec<String> {
        let mut all: Vec<&Violation> = self.broken.values().flatten().collect();
        all.sort_by_key(|violation| violation.warns);
        let mut lines: Vec<String> = all.iter().take(LINES).map(|violation| violation.line.clone()).collect();
        let more = self.beyond + all.len().saturating_sub(LINES) as u64;
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }
}

impl Ground {
    /// The base's layers merged, where they have been looked into. It takes a while, and only a contract needs it.
    fn base(&self) -> Option<&Tree> {
        if self.contract.protected.is_empty() {
            return None;
        }
        let merged = || {
            let mut tree = Tree::default();
            for (blob, diff_id) in &self.layers {
                let index = index::read(&index::path_of(&self.cache, blob, diff_id))?;
                tree.apply(&index.contents).ok()?;
            }
            Some(tree)
        };
        self.tree.get_or_init(merged).as_ref()
    }
}

fn verdict_of(violations: &[Violation]) -> CheckVerdict {
    if violations.iter().all(|violation| violation.warns) { CheckVerdict::Warn } else { CheckVerdict::Fail }
}

/// What a base's children may not do.
fn contract_of(base: &BaseImage) -> Contract {
    let labels = base.config.config.as_ref().and_then(|config| config.labels.as_ref());
    let label = labels.and_then(|labels| labels.get(annotation::CONTRACT));
    // One that cannot be read fails its check when the image is judged.
    label.and_then(|label| Contract::parse(label).ok()).unwrap_or_default()
}

/// Why a step that was stopped for a check did not come to its end.
fn stopped(checks: &[(String, Vec<String>)]) -> Option<Failure> {
    let (first, _) = checks.first()?;
    Some(Failure {
        builder: None,
        message: format!("stopped: {first} does not hold"),
        causes: checks.iter().flat_map(|(_, evidence)| evidence.clone()).collect(),
        help: Some("mend it, or bake without --fail-fast to see all that is wrong".into()),
        exit_code: 3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{Event, Order, SeenSecret};

    /// Keeps what it is told, and holds it to the order of a journal.
    #[derive(Default)]
    struct Kept(Mutex<(Order, Vec<EventKind>)>);

    impl Sink for Kept {
        fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
            let mut kept = self.0.lock().unwrap();
            let event = Event { seq: kept.0.next_seq(), at: String::new(), kind: kind.clone() };
            kept.0.accept(&event).map_err(|error| SinkError(Box::new(error)))?;
            kept.1.push(kind);
            Ok(())
        }

        fn output(&self, _step: &StepId, _bytes: &[u8]) -> Result<(), SinkError> {
            Ok(())
        }
    }

    impl Kept {
        /// Checks in the order they were told: name, and verdict with the number of lines where it ended.
        fn checks(&self) -> Vec<String> {
            let kept = self.0.lock().unwrap();
            let told = kept.1.iter().filter_map(|kind| match kind {
                EventKind::CheckStarted { check } => Some(check.clone()),
                EventKind::CheckFinished { check, verdict, evidence, .. } => {
                    Some(format!("{check} {} {}", verdict.as_str(), evidence.len()))
                }
                _ => None,
            });
            told.collect()
        }
    }

    /// Forbids setuid and secrets, warns of what anybody may write.
    fn see(seen: SeenPath<'_>) -> Vec<Violation> {
        let of = |check, warns| Violation { check, warns, reason: "seen", line: format!("{}: {check}", seen.path) };
        let mut found = Vec::new();
        if !seen.deleted && seen.mode & 0o170_000 == 0o100_000 {
            found.extend((seen.mode & 0o4000 != 0).then(|| of("layer.setuid", false)));
            found.extend((seen.mode & 0o002 != 0).then(|| of("layer.world-writable", true)));
        }
        found.extend((!seen.secrets.is_empty()).then(|| of(SECRETS, false)));
        found
    }

    fn step() -> StepId {
        StepId("1".into())
    }

    fn judge<'s>() -> Vec<Judge<'s>> {
        vec![Judge { steps: vec![step()], see: LazyLock::new(Box::new(|| Box::new(see))) }]
    }

    fn began(kept: &Kept) {
        for kind in [crate::domain::journal::samples::started(), EventKind::StepStarted { step: step() }] {
            kept.emit(kind).unwrap();
        }
    }

    fn changed(judging: &Judging<'_>, changes: Vec<SeenChange>) {
        judging.emit(EventKind::LayerChanged { step: step(), changes }).unwrap();
    }

    fn over(judging: &Judging<'_>) {
        judging.emit(EventKind::StepFinished { step: step(), millis: 1 }).unwrap();
    }

    fn added(path: &str, mode: u32) -> SeenChange {
        SeenChange::new(ChangeOp::Added, path, 1, mode)
    }

    fn with_secret(path: &str) -> SeenChange {
        let secret = SeenSecret { rule: "jwt".into(), line: 3, masked: "eyJh***".into() };
        SeenChange { secrets: vec![secret], ..added(path, 0o644) }
    }

    #[test]
    fn the_first_violation_is_told_at_once_and_marked_and_the_others_by_and_by() {
        let kept = Kept::default();
        began(&kept);
        let judging = Judging::with(&kept, judge(), None);
        changed(&judging, vec![added("/a", 0o644), added("/b", 0o4755), added("/l", 0o120_777)]);
        assert_eq!(kept.checks(), ["layer.setuid", "layer.setuid fail 1"]);
        let EventKind::LayerChanged { changes, .. } = kept.0.lock().unwrap().1[2].clone() else { panic!() };
        let marks: Vec<Option<&str>> = changes.iter().map(|c| c.against.first().map(|a| &*a.check)).collect();
        assert_eq!(marks, [None, Some("layer.setuid"), None], "each change says what it breaks");
        changed(&judging, vec![added("/b", 0o4755)]);
        assert!(!judging.lock().checks["layer.setuid"].moved, "what is known is no news");
        for number in 0..30 {
            changed(&judging, vec![added(&format!("/c{number}"), 0o4755)]);
        }
        assert_eq!(kept.checks().len(), 2, "not each of them is told by itself");
        over(&judging);
        assert_eq!(kept.checks()[2..], ["layer.setuid", "layer.setuid fail 21"], "20 lines, and how many more");
    }

    #[test]
    fn what_goes_again_is_withdrawn_and_left_to_the_exact_judgement() {
        let kept = Kept::default();
        began(&kept);
        let judging = Judging::with(&kept, judge(), None);
        changed(&judging, vec![added("/d/x", 0o4755), added("/w", 0o666), with_secret("/d/.env")]);
        over_checks(&kept, &["layer.secrets fail 1", "layer.setuid fail 1", "layer.world-writable warn 1"]);
        changed(&judging, vec![added("/d/.env", 0o600), added("/d/x", 0o755)]);
        over(&judging);
        assert_eq!(kept.checks()[6..], ["layer.setuid"], "a name seen again does not take a secret back");
        kept.emit(EventKind::StepStarted { step: StepId("2".into()) }).unwrap();
        judging
            .emit(EventKind::LayerChanged {
                step: StepId("2".into()),
                changes: vec![SeenChange::new(ChangeOp::Deleted, "/d", 0, 0)],
            })
            .unwrap();
        assert_eq!(kept.checks().len(), 7, "what a layer below holds still ships");
        judging.emit(EventKind::CheckStarted { check: SECRETS.into() }).unwrap();
        assert!(!judging.lock().checks.contains_key(SECRETS));
    }

    fn over_checks(kept: &Kept, finished: &[&str]) {
        let told: Vec<String> = kept.checks().into_iter().filter(|line| line.contains(' ')).collect();
        assert_eq!(told, finished);
    }

    #[test]
    fn with_fail_fast_a_check_that_fails_ends_the_bake_and_one_that_warns_does_not() {
        let (kept, stop) = (Kept::default(), CancellationToken::new());
        began(&kept);
        let judging = Judging::with(&kept, judge(), Some(stop.clone()));
        changed(&judging, vec![added("/w", 0o666)]);
        assert!(!stop.is_cancelled());
        changed(&judging, vec![with_secret("/key")]);
        assert!(stop.is_cancelled());
        judging.emit(EventKind::StepFailed { step: step(), millis: 1, failure: Failure::default() }).unwrap();
        let EventKind::StepFailed { failure, .. } = kept.0.lock().unwrap().1.last().unwrap().clone() else { panic!() };
        assert_eq!((failure.message.as_str(), failure.exit_code), ("stopped: layer.secrets does not hold", 3));
        let EngineError::Rejected { failed } = judging.reason(EngineError::Cancelled) else { panic!() };
        assert_eq!(failed, [("layer.secrets".to_owned(), vec!["/key: layer.secrets".to_owned()])]);
        assert!(matches!(judging.reason(EngineError::Cancelled), EngineError::Cancelled));
    }

    #[test]
    fn a_path_takes_no_time() {
        let kept = Kept::default();
        began(&kept);
        let judging = Judging::with(&kept, judge(), None);
        let mut changes: Vec<SeenChange> = (0..100_000).map(|n| added(&format!("/srv/f{n}"), 0o644)).collect();
        let watch = Stopwatch::start();
        judging.judge(&step(), &mut changes, &mut State::default());
        // A build without optimisations is some ten times slower, and the machine may be busy.
        assert!(watch.millis() < 2_000, "{} ms for 100,000 paths", watch.millis());
    }
}
