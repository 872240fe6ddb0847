//! Whose word a bake waits for, as its journal tells it: of several builders the one that hangs is to blame, and not the one that
//! happens to be the first. Knows no clock but the moments it is told.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::domain::journal::EventKind;
use crate::domain::plan::{Plan, StepId};

/// The builders of a bake, and when each was heard.
#[derive(Debug)]
pub(super) struct Voices {
    /// By platform.
    seats: Vec<usize>,
    /// Builders of the plan's steps that run something.
    steps: BTreeMap<StepId, usize>,
    /// Those of them that are not over.
    left: BTreeSet<StepId>,
    /// Steps under way at a builder.
    under_way: BTreeMap<StepId, usize>,
    /// What is done on this machine: bases that are brought, files that are put.
    here: BTreeSet<StepId>,
    /// Those of them under way.
    doing: BTreeSet<StepId>,
    /// Whether anything of a step was told: all builders have said then what they can do.
    is_begun: bool,
    heard: BTreeMap<usize, Instant>,
    last: Instant,
    last_seat: usize,
}

/// A builder that is to say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owing {
    pub(super) builder: usize,
    /// When it was heard last.
    pub(super) since: Instant,
    /// Whether it is this one; else it may be another of the bake.
    pub(super) is_sure: bool,
}

impl Voices {
    pub(super) fn of(seats: Vec<usize>, now: Instant) -> Self {
        let last_seat = seats.first().copied().unwrap_or_default();
        Self {
            seats,
            steps: BTreeMap::new(),
            left: BTreeSet::new(),
            under_way: BTreeMap::new(),
            here: BTreeSet::new(),
            doing: BTreeSet::new(),
            is_begun: false,
            heard: BTreeMap::new(),
            last: now,
            last_seat,
        }
    }

    /// Its builders, by platform.
    pub(super) fn seats(&self) -> &[usize] {
        &self.seats
    }

    /// The builder that was heard last.
    pub(super) fn last(&self) -> usize {
        self.last_seat
    }

    /// Something was told.
    pub(super) fn hear(&mut self, kind: &EventKind, now: Instant) {
        self.last = now;
        match kind {
            EventKind::PlanBuilt(plan) => self.plan(plan),
            EventKind::StepStarted { step } => {
                self.of_step(step, now);
                if self.here.contains(step) {
                    self.doing.insert(step.clone());
                } else {
                    self.under_way.insert(step.clone(), self.last_seat);
                }
            }
            EventKind::StepCached { step, .. }
            | EventKind::StepFinished { step, .. }
            | EventKind::StepFailed { step, .. } => {
                self.of_step(step, now);
                self.under_way.remove(step);
                self.doing.remove(step);
                self.left.remove(step);
            }
            EventKind::StepOutput { step, .. }
            | EventKind::StepProgressed { step, .. }
            | EventKind::LayerChanged { step, .. } => self.of_step(step, now),
            EventKind::LayerSealed(sealed) => self.of_step(&sealed.step, now),
            _ => {}
        }
    }

    /// Builders that are to say something. Nobody, while only this machine is at work.
    pub(super) fn owing(&self) -> Vec<Owing> {
        let first = self.seats.first().copied().unwrap_or_default();
        let owes = |builder: usize, since, is_sure| Owing { builder, since, is_sure };
        if !self.is_begun {
            return vec![owes(first, self.last, self.seats.iter().all(|seat| *seat == first))];
        }
        let at_work: BTreeSet<usize> = self.under_way.values().copied().collect();
        if !at_work.is_empty() {
            let since = |builder: &usize| self.heard.get(builder).copied().unwrap_or(self.last);
            return at_work.iter().map(|builder| owes(*builder, since(builder), true)).collect();
        }
        let next = self.left.iter().next().filter(|_| self.doing.is_empty());
        next.and_then(|step| self.steps.get(step)).map(|builder| owes(*builder, self.last, true)).into_iter().collect()
    }

    fn plan(&mut self, plan: &Plan) {
        for (part, seat) in plan.platforms.iter().zip(&self.seats) {
            self.here.insert(plan.base_step(&part.platform));
            for step in &part.steps {
                if matches!(step.action.as_str(), "run" | "packages") {
                    self.steps.insert(step.id.clone(), *seat);
                    self.left.insert(step.id.clone());
                } else {
                    self.here.insert(step.id.clone());
                }
            }
        }
    }

    fn of_step(&mut self, step: &StepId, now: Instant) {
        self.is_begun = true;
        if !self.here.contains(step) {
            self.last_seat = self.steps.get(step).copied().unwrap_or(self.last_seat);
            self.heard.insert(self.last_seat, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::journal::samples::{plan, step};

    /// Platforms `linux/amd64` and `linux/arm64`, with a base and one step each, which runs something.
    fn both() -> Plan {
        let mut both = plan(&["amd64-1"]);
        both.platforms[0].steps[0].action = "run".into();
        let mut other = both.platforms[0].clone();
        other.platform = "linux/arm64".parse().unwrap();
        other.steps[0].id = step("arm64-1");
        both.platforms.push(other);
        both
    }

    fn started(of: &str) -> EventKind {
        EventKind::StepStarted { step: step(of) }
    }

    fn finished(of: &str) -> EventKind {
        EventKind::StepFinished { step: step(of), millis: 1 }
    }

    #[test]
    fn each_builder_has_a_silence_of_its_own() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let owing = |voices: &Voices| -> Vec<(usize, u64, bool)> {
            let of = |owing: &Owing| (owing.builder, (owing.since - begun).as_secs(), owing.is_sure);
            voices.owing().iter().map(of).collect()
        };
        let mut voices = Voices::of(vec![4, 7], at(0));
        assert_eq!(owing(&voices), [(4, 0, false)], "either of them may hang");
        voices.hear(&EventKind::PlanBuilt(both()), at(1));
        assert_eq!(owing(&voices), [(4, 1, false)]);
        let base = both().base_step(&"linux/arm64".parse().unwrap());
        voices.hear(&started(&base.0), at(2));
        assert_eq!(owing(&voices), [], "no builder brings a base");
        voices.hear(&finished(&base.0), at(3));
        voices.hear(&started("amd64-1"), at(4));
        voices.hear(&started("arm64-1"), at(5));
        voices.hear(&EventKind::StepOutput { step: step("amd64-1"), offset: 0, length: 1 }, at(9));
        assert_eq!(owing(&voices), [(4, 9, true), (7, 5, true)], "one that talks does not speak for the other");
        voices.hear(&finished("amd64-1"), at(10));
        assert_eq!((owing(&voices), voices.last()), (vec![(7, 5, true)], 4));
        voices.hear(&finished("arm64-1"), at(11));
        assert_eq!(owing(&voices), [], "what is left is done here");
        // A file that is put is put here, too.
        let mut put = both();
        put.platforms[1].steps[0].action = "copy".into();
        let mut voices = Voices::of(vec![4, 7], at(0));
        [EventKind::PlanBuilt(put), started("arm64-1")].iter().for_each(|kind| voices.hear(kind, at(1)));
        assert_eq!(owing(&voices), []);
    }

    #[test]
    fn whoever_has_not_begun_is_waited_for_once_the_others_are_done() {
        let begun = Instant::now();
        let mut voices = Voices::of(vec![4, 7], begun);
        for kind in [EventKind::PlanBuilt(both()), started("amd64-1"), finished("amd64-1")] {
            voices.hear(&kind, begun);
        }
        assert_eq!(voices.owing(), [Owing { builder: 7, since: begun, is_sure: true }]);
    }
}
