//! One platform's steps, one after the other on a thread of its own: each found in the cache, or made and sealed. The
//! tree below is only put together when a step has to be made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::base::{Ground, index_of};
use super::cache::{StepCache, StoredResult};
use super::checking::FileTests;
use super::events::{Events, Progress, change_seen};
use super::image::{Frame, StepOutcome, put_image};
use super::reading::Contents;
use super::running::{Elsewhere, Runner, StepRun, UnderWay};
use super::seal::{Sealed, Sealing, seal};
use super::steps::{self, Remembered, Source, Spool, Stamp, StepError, Unpacking};
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::{BaseImage, Packing};
use crate::adapters::host::IdMode;
use crate::adapters::index;
use crate::adapters::inputs::InputRoot;
use crate::adapters::sandbox::Counts;
use crate::adapters::store::StoreError;
use crate::domain::journal::{EventKind, LayerBlob, SealedLayer, SeenChange};
use crate::domain::layer::{Changeset, Stage, Tree};
use crate::domain::oci::{ChainId, Descriptor, DiffId, Platform};
use crate::domain::plan::{Below, CacheKey, InputKind, InputManifest, KeyParts, StepId, step_key};
use crate::domain::recipe::{Action, SecretSource, Step, TestCase};
use crate::domain::trust::Finding;

/// Changes told while a step runs: at once, and in all.
const BATCH: usize = 256;
const MOST_TOLD: usize = 4096;

/// A step with everything it needs.
pub(super) struct Task {
    pub(super) id: StepId,
    pub(super) step: Step,
    pub(super) inputs: Option<InputManifest>,
}

/// What all steps of a platform share.
pub(super) struct Workshop {
    pub(super) platform: Platform,
    pub(super) recipe_folder: PathBuf,
    pub(super) cache: PathBuf,
    pub(super) packing: Packing,
    pub(super) no_cache: bool,
    pub(super) ids: IdMode,
    pub(super) step_timeout: Option<Duration>,
    pub(super) cancel: CancellationToken,
    /// Who carries out steps that run something, where that is not this machine.
    pub(super) elsewhere: Option<Arc<dyn Elsewhere>>,
    pub(super) frame: Frame,
    pub(super) base: Option<BaseImage>,
    pub(super) secrets: BTreeMap<String, SecretSource>,
    /// The recipe's name: its steps share caches.
    pub(super) owner: String,
    pub(super) tests: Vec<TestCase>,
    pub(super) files: FileTests,
    /// Whether outcomes of tests are told at once: there is no other platform whose outcome may be worse.
    pub(super) alone: bool,
}

/// A platform's image, and what each of the recipe's tests found in it.
pub(super) struct Made {
    pub(super) manifest: Descriptor,
    pub(super) found: Vec<Finding>,
}

/// What ended a platform's bake.
pub(super) enum Ended {
    /// A step.
    Step(StepFailed),
    /// Writing the image around the layers.
    Store(StoreError),
    /// The user, or a journal that takes no more.
    Cancelled,
}

/// A step that failed, and after how long.
pub(super) struct StepFailed {
    pub(super) step: StepId,
    /// Whether anybody was told that it began.
    pub(super) begun: bool,
    pub(super) action: &'static str,
    pub(super) millis: u64,
    pub(super) error: StepError,
}

/// The stack as it grows.
pub(super) struct Stack {
    pub(super) layers: Vec<Ground>,
    pub(super) tree: Option<Tree>,
    pub(super) remembered: Remembered,
    /// Begun by the first step that runs something.
    pub(super) runner: Option<Runner>,
    /// What is under way elsewhere.
    pub(super) away: UnderWay,
}

impl Stack {
    fn chain(&self) -> Option<ChainId> {
        let ids: Vec<DiffId> = self.layers.iter().map(|layer| layer.diff_id.clone()).collect();
        ChainId::of(&ids)
    }
}

impl Workshop {
    /// Carries out the steps on top of `layers` and stores the image; the tests are held against it.
    pub(super) fn run(&self, layers: Vec<Ground>, tasks: &[Task], events: &Events) -> Result<Made, Ended> {
        let mut stack =
            Stack { layers, tree: None, remembered: Remembered::new(), runner: None, away: UnderWay::default() };
        let outcomes = self.steps(&mut stack, tasks, events).map_err(Ended::Step)?;
        let manifest = put_image(&self.frame, &self.platform, self.base.as_ref(), &outcomes).map_err(Ended::Store)?;
        let found = self.test(stack, events).map_err(|_| Ended::Cancelled)?;
        Ok(Made { manifest, found })
    }

    fn runner<'r>(&self, runner: &'r mut Option<Runner>) -> Result<&'r mut Runner, StepError> {
        Ok(Runner::begun(runner, (&self.cache, self.ids), &self.cancel)?)
    }

    /// Makes sure that the stack has its tree.
    pub(super) fn tree(&self, stack: &mut Stack) -> Result<(), StepError> {
        if stack.tree.is_none() {
            stack.tree = Some(self.grow(&stack.layers, &mut stack.remembered)?);
        }
        Ok(())
    }

    fn steps(&self, stack: &mut Stack, tasks: &[Task], events: &Events) -> Result<Vec<StepOutcome>, StepFailed> {
        let mut outcomes = Vec::with_capacity(tasks.len());
        for (at, task) in tasks.iter().enumerate() {
            let (watch, mut begun) = (Stopwatch::start(), false);
            let result = self.step(stack, &tasks[at..], events, &mut begun);
            let result = result.map_err(|error| {
                // Of those that are carried out together it may be a later one.
                let there = stack.away.at.take();
                let failed = tasks[at..].iter().find(|task| there.as_ref() == Some(&task.id)).unwrap_or(task);
                let since = stack.away.turns.since(&failed.id);
                let (begun, millis) = (begun || since.is_some(), since.unwrap_or(watch).millis());
                let action = failed.step.action.kind();
                StepFailed { step: failed.id.clone(), begun, action, millis, error }
            })?;
            outcomes.push(StepOutcome { created_by: created_by(&task.step.action, &result), layer: result.layer });
        }
        Ok(outcomes)
    }

    /// The first of `tasks`.
    fn step(
        &self,
        stack: &mut Stack,
        tasks: &[Task],
        events: &Events,
        begun: &mut bool,
    ) -> Result<StoredResult, StepError> {
        let [task, ..] = tasks else { return Err(StepError::NoInputs) };
        if self.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let inputs = task.inputs.as_ref().map(InputManifest::digest);
        let below = Below::Chain(stack.chain());
        let packing = self.packing.describe();
        let env = self.base.as_ref().map_or(&[][..], BaseImage::env);
        let key = step_key(&KeyParts {
            below: &below,
            action: &task.step.action,
            inputs: inputs.as_ref(),
            created: self.frame.created,
            packing: &packing,
            running: self.running(&task.step.action, env),
        });
        let cache = StepCache::new(&self.cache);
        let present = |layer: &LayerBlob| self.frame.target.has(&layer.descriptor);
        let look = |stack: &mut Stack| {
            // What nobody has proven yet is not built upon, unless it is by whoever is about to prove it.
            let may = !self.no_cache && stack.away.waiting.is_empty();
            let stored = cache.result(&key, &present).filter(|stored| may && self.stand_on(stack, stored))?;
            stack.away.turns.withdraw(&task.id);
            Some(stored)
        };
        if let Some(stored) = look(stack) {
            return self.tell_cached(task, stored, events);
        }
        // Wanted by two bakes at once, it is made by one of them.
        let _alone = cache.lock(&key, &self.cancel)?;
        if let Some(stored) = look(stack) {
            return self.tell_cached(task, stored, events);
        }
        let watch = Stopwatch::start();
        // Carried out together with one before it, it is told by whoever does that.
        if !stack.away.turns.is_promised(&task.id) {
            events.emit(EventKind::StepStarted { step: task.id.clone() })?;
            *begun = true;
        }
        let (result, millis) = match (&task.step.action, &self.elsewhere) {
            (action, Some(elsewhere)) if action.runs() => {
                let carried_out = self.run_elsewhere(&**elsewhere, stack, (tasks, key), events);
                // Whoever was to tell its beginning may not have come to it.
                stack.away.turns.begin(&task.id, events);
                // What fails, too, may prove what came before it.
                self.remember(&stack.away.waiting.proven());
                carried_out?
            }
            (action, _) => {
                let result = match action {
                    Action::Run(_) | Action::Packages(_) => self.run_step(stack, task, key, events)?,
                    _ => self.make(stack, task, key, events)?,
                };
                self.remember(std::slice::from_ref(&result));
                (result, watch.millis())
            }
        };
        events.emit(EventKind::LayerSealed(self.sealed(task, &result)))?;
        events.emit(EventKind::StepFinished { step: task.id.clone(), millis })?;
        Ok(result)
    }

    fn remember(&self, results: &[StoredResult]) {
        for result in results {
            // A result that is not remembered is made again.
            let _ = StepCache::new(&self.cache).store(result);
        }
    }

    fn tell_cached(&self, task: &Task, stored: StoredResult, events: &Events) -> Result<StoredResult, StepError> {
        events.emit(EventKind::StepCached { step: task.id.clone(), key: stored.key.clone() })?;
        if stored.layer.is_some() {
            events.emit(EventKind::LayerSealed(self.sealed(task, &stored)))?;
        }
        Ok(stored)
    }

    fn sealed(&self, task: &Task, result: &StoredResult) -> SealedLayer {
        SealedLayer {
            step: task.id.clone(),
            platform: self.platform.clone(),
            layer: result.layer.clone(),
            added: result.added,
            modified: result.modified,
            deleted: result.deleted,
        }
    }

    /// Puts a cached layer on the stack; `false` where it turns out to be unreadable, and has to be made again.
    fn stand_on(&self, stack: &mut Stack, stored: &StoredResult) -> bool {
        let Some(layer) = &stored.layer else { return true };
        let ground = Ground { blob: layer.descriptor.clone(), diff_id: layer.diff_id.clone() };
        if let Some(mut tree) = stack.tree.take() {
            let Ok(index) = index_of(&self.frame.target, &self.cache, &ground, &self.cancel) else {
                stack.tree = Some(tree);
                return false;
            };
            // Where it does not fit after all, the tree is grown anew.
            if tree.apply(&index.contents).is_err() {
                return false;
            }
            stack.tree = Some(tree);
            stack.remembered.extend(index.remembered);
        }
        stack.layers.push(ground);
        true
    }

    fn make(&self, stack: &mut Stack, task: &Task, key: CacheKey, events: &Events) -> Result<StoredResult, StepError> {
        self.tree(stack)?;
        let Some(tree) = &mut stack.tree else { return Err(StepError::NoInputs) };
        // How much an archive unpacks to is known when it is unpacked.
        let whole = task.inputs.as_ref().filter(|_| !matches!(task.step.action, Action::Unpack(_)));
        let total = whole.map(InputManifest::size);
        let mut progress = Progress::new(events.clone(), task.id.clone(), total);
        let (set, contents) = self.change(tree, &stack.remembered, task, &mut progress)?;
        tell(&set, &task.id, events)?;
        let mut result = StoredResult {
            key,
            layer: None,
            added: set.added,
            modified: set.modified,
            deleted: set.deleted,
            packages: Vec::new(),
        };
        if set.changes.is_empty() {
            return Ok(result);
        }
        let sealing = Sealing {
            target: &self.frame.target,
            packing: &self.packing,
            created: self.frame.created,
            contents,
            cancel: &self.cancel,
        };
        let sealed = seal(&set, &sealing, &mut progress)?;
        self.keep(stack, sealed, &mut result);
        Ok(result)
    }

    /// A step that runs something: its layer is what it changed.
    fn run_step(
        &self,
        stack: &mut Stack,
        task: &Task,
        key: CacheKey,
        events: &Events,
    ) -> Result<StoredResult, StepError> {
        if matches!(task.step.action, Action::Packages(_)) {
            self.tree(stack)?;
        }
        let runner = self.runner(&mut stack.runner)?;
        let around = self.around(&task.id, &stack.layers, events);
        let (counts, sealed, packages) = match (&task.step.action, &stack.tree) {
            (Action::Run(run), _) => {
                let (counts, sealed) = around.run(runner, run)?;
                (counts, sealed, Vec::new())
            }
            (Action::Packages(packages), Some(tree)) => {
                let made = around.packages(runner, packages, tree)?;
                (made.counts, made.sealed, made.installed)
            }
            _ => return Err(StepError::NoInputs),
        };
        let Counts { added, modified, deleted } = counts;
        let mut result = StoredResult { key, layer: None, added, modified, deleted, packages };
        if let Some(sealed) = sealed {
            self.put_on(stack, sealed, &mut result)?;
        }
        Ok(result)
    }

    pub(super) fn around<'w>(&'w self, step: &'w StepId, layers: &'w [Ground], events: &'w Events) -> StepRun<'w> {
        StepRun {
            step,
            layers,
            target: &self.frame.target,
            packing: &self.packing,
            secrets: &self.secrets,
            owner: &self.owner,
            env: self.base.as_ref().map_or(&[][..], BaseImage::env),
            created: self.frame.created,
            timeout: self.step_timeout,
            events,
            cancel: &self.cancel,
        }
    }

    /// A new layer on the stack, remembered for the steps above it.
    fn put_on(&self, stack: &mut Stack, sealed: Sealed, result: &mut StoredResult) -> Result<(), StepError> {
        if let Some(tree) = &mut stack.tree {
            tree.apply(&sealed.index.contents)?;
        }
        self.keep(stack, sealed, result);
        Ok(())
    }

    pub(super) fn keep(&self, stack: &mut Stack, sealed: Sealed, result: &mut StoredResult) {
        let ground = Ground { blob: sealed.blob.descriptor.clone(), diff_id: sealed.blob.diff_id.clone() };
        index::write(&index::path_of(&self.cache, &ground.blob, &ground.diff_id), &sealed.index);
        stack.remembered.extend(sealed.index.remembered);
        stack.layers.push(ground);
        result.layer = Some(sealed.blob);
    }

    fn grow(&self, layers: &[Ground], remembered: &mut Remembered) -> Result<Tree, StepError> {
        let mut tree = Tree::default();
        for layer in layers {
            let index = index_of(&self.frame.target, &self.cache, layer, &self.cancel)?;
            tree.apply(&index.contents)?;
            remembered.extend(index.remembered);
        }
        Ok(tree)
    }

    /// What the step changes, and where the contents are.
    fn change(
        &self,
        tree: &mut Tree,
        remembered: &Remembered,
        task: &Task,
        progress: &mut Progress,
    ) -> Result<(Changeset<Source>, Contents), StepError> {
        let stamp = |(uid, gid)| Stamp { uid, gid, mtime: self.frame.created };
        let mut contents = Contents::default();
        let set = match &task.step.action {
            Action::Copy(step) => {
                let ids = steps::owner_ids(step.owner.as_ref(), tree, remembered)?;
                let inputs = task.inputs.as_ref().ok_or(StepError::NoInputs)?;
                contents.inputs = Some(Arc::new(InputRoot::open(&self.recipe_folder, &step.from)?));
                let mut stage = Stage::new(tree, self.frame.created);
                steps::copy(&mut stage, step, inputs, stamp(ids))?;
                stage.finish()
            }
            Action::Write(step) => {
                let ids = steps::owner_ids(step.owner.as_ref(), tree, remembered)?;
                let mut stage = Stage::new(tree, self.frame.created);
                steps::write(&mut stage, step, stamp(ids))?;
                stage.finish()
            }
            Action::Remove(step) => {
                let mut stage = Stage::new(tree, self.frame.created);
                steps::remove(&mut stage, step)?;
                stage.finish()
            }
            Action::Unpack(step) => {
                let owner = match &step.owner {
                    Some(owner) => Some(steps::owner_ids(Some(owner), tree, remembered)?),
                    None => None,
                };
                let first = task.inputs.as_ref().and_then(|inputs| inputs.entries.first());
                let Some(InputKind::File { digest, .. }) = first.map(|entry| &entry.kind) else {
                    return Err(StepError::NoInputs);
                };
                let archive = InputRoot::open(&self.recipe_folder, &step.from)?.file("")?;
                let mut spool = Spool::new(&self.cache)?;
                let mut stage = Stage::new(tree, self.frame.created);
                let job = Unpacking { step, archive, digest, owner, mtime: self.frame.created, cancel: &self.cancel };
                steps::unpack(&mut stage, job, &mut spool, &mut |done| {
                    // A sink that has failed ends the bake by itself.
                    let _ = progress.reach(done);
                })?;
                contents.spool = Some(Arc::new(spool.into_file()));
                stage.finish()
            }
            // They run something.
            Action::Run(_) | Action::Packages(_) => return Err(StepError::NoInputs),
        };
        Ok((set, contents))
    }
}

/// How the step came to be, as the image's history has it: packages in the versions that came.
fn created_by(action: &Action, result: &StoredResult) -> String {
    let installed: Vec<String> = result.packages.iter().map(|one| format!("{}={}", one.name, one.version)).collect();
    let summary = if installed.is_empty() { action.summary() } else { installed.join(" ") };
    format!("bakery {} {summary}", action.kind())
}

/// Tells what changes, in batches; of very many only the first.
fn tell(set: &Changeset<Source>, step: &StepId, events: &Events) -> Result<(), StepError> {
    let told: Vec<SeenChange> = set.changes.iter().filter_map(change_seen).take(MOST_TOLD).collect();
    for batch in told.chunks(BATCH) {
        events.emit(EventKind::LayerChanged { step: step.clone(), changes: batch.to_vec() })?;
    }
    Ok(())
}
