//! Steps that run something, carried out beyond this machine: what a bake asks of whoever does it. Knows no builder.

use std::any::Any;
use std::path::Path;

use super::step::StepRun;
use crate::adapters::engine::BaseImage;
use crate::adapters::engine::embedded::base::Ground;
use crate::adapters::engine::embedded::cache::StoredResult;
use crate::adapters::engine::embedded::events::Events;
use crate::adapters::engine::embedded::platform::{Stack, Task, Workshop};
use crate::adapters::engine::embedded::seal::Sealed;
use crate::adapters::engine::embedded::steps::{Remembered, StepError};
use crate::adapters::engine::embedded::turns::{Turns, Waiting};
use crate::adapters::sandbox::Counts;
use crate::domain::layer::Tree;
use crate::domain::oci::Platform;
use crate::domain::plan::{CacheKey, Ids, Running, StepId};
use crate::domain::recipe::{Action, Installed};

/// Carries out steps that run something. Called on a bake's own thread, which may wait.
pub(in crate::adapters::engine) trait Elsewhere: Send + Sync {
    /// Which kind of engine it is: goes into the keys of what it makes.
    fn kind(&self) -> &'static str;

    /// Whether it runs programs of a platform.
    fn runs(&self, platform: &Platform) -> bool;

    /// Carries out a step; its layer is in the layout then, and what it changes in the tree. Of those after it, as many as
    /// fit may be carried out with it: they are told to begin, go on while it is sealed, and are asked for one by one afterwards.
    fn carry_out(&self, work: Work<'_>) -> Result<Brought, StepError>;
}

/// A step, and everything around it.
pub(in crate::adapters::engine) struct Work<'a> {
    pub(in crate::adapters::engine) around: StepRun<'a>,
    pub(in crate::adapters::engine) action: &'a Action,
    pub(in crate::adapters::engine) platform: &'a Platform,
    pub(in crate::adapters::engine) base: Option<&'a BaseImage>,
    /// What lies below, merged.
    pub(in crate::adapters::engine) tree: &'a mut Tree,
    pub(in crate::adapters::engine) remembered: &'a Remembered,
    pub(in crate::adapters::engine) cache: &'a Path,
    pub(in crate::adapters::engine) no_cache: bool,
    /// The steps after it, to the last one.
    pub(in crate::adapters::engine) after: Vec<(&'a StepId, &'a Action)>,
    pub(in crate::adapters::engine) away: &'a mut UnderWay,
}

/// What one step leaves to those after it.
#[derive(Default)]
pub(in crate::adapters::engine) struct UnderWay {
    /// Steps that begin before it is their turn.
    pub(in crate::adapters::engine) turns: Turns,
    /// What came of those that is not proven yet.
    pub(in crate::adapters::engine) waiting: Waiting,
    /// The step that was under way when those that were carried out together came to nothing.
    pub(in crate::adapters::engine) at: Option<StepId>,
    /// What whoever carries out steps keeps until the platform is done.
    pub(in crate::adapters::engine) kept: Option<Box<dyn Any + Send>>,
}

impl Work<'_> {
    /// The layers below, bottom first.
    pub(in crate::adapters::engine) fn layers(&self) -> &[Ground] {
        self.around.layers
    }
}

/// What a step left.
pub(in crate::adapters::engine) struct Brought {
    pub(in crate::adapters::engine) counts: Counts,
    /// Its layer; `None` where it changed nothing.
    pub(in crate::adapters::engine) sealed: Option<Sealed>,
    /// Packages it was asked for, in the versions that came.
    pub(in crate::adapters::engine) packages: Vec<Installed>,
    /// Whether it may be remembered at once, and not only when all that came with it is proven.
    pub(in crate::adapters::engine) proven: bool,
    /// How long it took.
    pub(in crate::adapters::engine) millis: u64,
}

impl Workshop {
    /// What a step runs in: part of its key.
    pub(in crate::adapters::engine::embedded) fn running<'k>(
        &self,
        action: &Action,
        env: &'k [String],
    ) -> Option<Running<'k>> {
        match &self.elsewhere {
            None => Running::of(action, env, self.ids.ids()),
            Some(elsewhere) => Running::of(action, env, Ids::Exact).map(|running| running.on(elsewhere.kind())),
        }
    }

    /// The first of `tasks`, which runs something, carried out beyond this machine.
    pub(in crate::adapters::engine::embedded) fn run_elsewhere(
        &self,
        elsewhere: &dyn Elsewhere,
        stack: &mut Stack,
        (tasks, key): (&[Task], CacheKey),
        events: &Events,
    ) -> Result<(StoredResult, u64), StepError> {
        self.tree(stack)?;
        let [task, after @ ..] = tasks else { return Err(StepError::NoInputs) };
        let Some(tree) = &mut stack.tree else { return Err(StepError::NoInputs) };
        let work = Work {
            around: self.around(&task.id, &stack.layers, events),
            action: &task.step.action,
            platform: &self.platform,
            base: self.base.as_ref(),
            tree,
            remembered: &stack.remembered,
            cache: &self.cache,
            no_cache: self.no_cache,
            after: after.iter().map(|task| (&task.id, &task.step.action)).collect(),
            away: &mut stack.away,
        };
        let Brought { counts, sealed, packages, proven, millis } = elsewhere.carry_out(work)?;
        let Counts { added, modified, deleted } = counts;
        let mut result = StoredResult { key, layer: None, added, modified, deleted, packages };
        if let Some(sealed) = sealed {
            // The tree has it already.
            self.keep(stack, sealed, &mut result);
        }
        stack.away.waiting.add(result.clone(), proven);
        Ok((result, millis))
    }
}
