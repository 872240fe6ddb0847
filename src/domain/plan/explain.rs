//! Why a step runs: this plan held against what the last bake remembered. Looks nothing up.

use super::build::PlatformBase;
use super::cache_key::step_digest;
use super::inputs::{InputEntry, InputManifest};
use super::memory::{PlatformMemory, StepMemory, env_digest};
use super::model::{Reason, StepId};
use crate::domain::recipe::Action;

/// Most paths a reason names.
const NAMED_PATHS: usize = 5;

/// A step whose result is not there.
pub(super) struct Missed<'a> {
    /// Its place, from 0.
    pub(super) index: usize,
    /// What it does.
    pub(super) action: &'a Action,
    /// What it reads.
    pub(super) inputs: Option<&'a InputManifest>,
    /// The nearest step below it that runs.
    pub(super) below: Option<&'a StepId>,
    /// The base now.
    pub(super) on: &'a PlatformBase,
}

/// The reason nearest to what the baker did: what changed in the step itself counts before what changed below it.
pub(super) fn reason(missed: &Missed<'_>, memory: Option<&PlatformMemory>) -> Reason {
    let Some(memory) = memory else { return Reason::NeverBaked };
    if missed.below.is_none() && base_changed(missed, memory) {
        return Reason::BaseChanged;
    }
    let digest = step_digest(missed.action);
    let same = |step: &&StepMemory| step.step == digest;
    let in_place = memory.steps.get(missed.index).filter(same);
    let Some(last) = in_place.or_else(|| memory.steps.iter().find(same)) else { return Reason::StepChanged };
    let changed = changed_paths(last.inputs.as_ref(), missed.inputs);
    if !changed.is_empty() {
        let from = source(missed.action);
        let paths = changed.iter().take(NAMED_PATHS).map(|path| joined(from, path)).collect();
        return Reason::InputsChanged { paths, count: changed.len() };
    }
    match missed.below {
        Some(step) => Reason::Below { step: step.clone() },
        None if in_place.is_none() => Reason::StepChanged,
        None => Reason::ResultGone,
    }
}

/// Whether the step stands on other layers, or runs in another environment.
fn base_changed(missed: &Missed<'_>, memory: &PlatformMemory) -> bool {
    let env = memory.env.as_ref().is_some_and(|env| *env != env_digest(&missed.on.env));
    memory.base != missed.on.chain || (env && missed.action.runs())
}

/// Paths that are not as they were: added, gone, or of another type, mode or content.
fn changed_paths<'a>(before: Option<&'a InputManifest>, now: Option<&'a InputManifest>) -> Vec<&'a str> {
    let entries = |manifest: Option<&'a InputManifest>| manifest.map_or(&[][..], |manifest| &manifest.entries[..]);
    let (mut before, mut now): (&[InputEntry], &[InputEntry]) = (entries(before), entries(now));
    let mut changed = Vec::new();
    loop {
        match (before, now) {
            ([], []) => return changed,
            ([a, rest @ ..], [b, ..]) if a.path < b.path => {
                changed.push(a.path.as_str());
                before = rest;
            }
            ([a, rest_a @ ..], [b, rest_b @ ..]) if a.path == b.path => {
                if a != b {
                    changed.push(b.path.as_str());
                }
                (before, now) = (rest_a, rest_b);
            }
            ([a, rest @ ..], []) => {
                changed.push(a.path.as_str());
                before = rest;
            }
            (_, [b, rest @ ..]) => {
                changed.push(b.path.as_str());
                now = rest;
            }
        }
    }
}

fn source(action: &Action) -> &str {
    match action {
        Action::Copy(copy) => &copy.from,
        Action::Unpack(unpack) => &unpack.from,
        Action::Packages(_) | Action::Write(_) | Action::Run(_) | Action::Remove(_) => "",
    }
}

fn joined(from: &str, path: &str) -> String {
    match (from, path) {
        (from, "") => from.to_owned(),
        ("." | "", path) => path.to_owned(),
        (from, path) => format!("{from}/{path}"),
    }
}
