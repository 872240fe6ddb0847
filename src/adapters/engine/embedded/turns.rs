//! Steps that begin before it is their turn, and what of them is not sure yet. Carries out nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::cache::StoredResult;
use crate::adapters::engine::embedded::events::Events;
use crate::domain::journal::EventKind;
use crate::domain::plan::StepId;

/// Steps whose beginning is told by whoever carries them out, on whatever thread that is.
#[derive(Clone, Default)]
pub(in crate::adapters::engine) struct Turns(Arc<Mutex<BTreeMap<StepId, Option<Stopwatch>>>>);

impl Turns {
    fn all(&self) -> MutexGuard<'_, BTreeMap<StepId, Option<Stopwatch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the beginning of `step` is told by whoever carries it out.
    pub(in crate::adapters::engine) fn promise(&self, step: &StepId) {
        self.all().entry(step.clone()).or_default();
    }

    /// It begins, and that is told, once. `false` where nobody waits for it, or nobody listens.
    pub(in crate::adapters::engine) fn begin(&self, step: &StepId, events: &Events) -> bool {
        // Told under the lock: what is withdrawn is not told to begin afterwards.
        match self.all().get_mut(step) {
            None => false,
            Some(Some(_)) => true,
            Some(begun) => {
                *begun = Some(Stopwatch::start());
                events.emit(EventKind::StepStarted { step: step.clone() }).is_ok()
            }
        }
    }

    /// Nobody waits for it any more.
    pub(in crate::adapters::engine::embedded) fn withdraw(&self, step: &StepId) {
        self.all().remove(step);
    }

    pub(in crate::adapters::engine::embedded) fn is_promised(&self, step: &StepId) -> bool {
        self.all().contains_key(step)
    }

    /// Since when it has been under way.
    pub(in crate::adapters::engine::embedded) fn since(&self, step: &StepId) -> Option<Stopwatch> {
        self.all().get(step).copied().flatten()
    }
}

/// Results that came before all that they were made with was seen. None of them is remembered before it is proven.
#[derive(Default)]
pub(in crate::adapters::engine) struct Waiting {
    results: Vec<StoredResult>,
    proven: Vec<StoredResult>,
}

impl Waiting {
    /// What waits is what it was told to be.
    pub(in crate::adapters::engine) fn prove(&mut self) {
        self.proven.append(&mut self.results);
    }

    /// Others are sent: what waits now is never proven.
    pub(in crate::adapters::engine) fn anew(&mut self) {
        self.results.clear();
    }

    /// Whether nothing waits.
    pub(in crate::adapters::engine) fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    pub(in crate::adapters::engine::embedded) fn add(&mut self, result: StoredResult, proven: bool) {
        if proven { &mut self.proven } else { &mut self.results }.push(result);
    }

    /// What may be remembered.
    pub(in crate::adapters::engine::embedded) fn proven(&mut self) -> Vec<StoredResult> {
        std::mem::take(&mut self.proven)
    }
}
