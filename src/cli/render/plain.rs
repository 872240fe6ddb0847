//! A bake as append-only lines: the same story for pipes, logs and replays. Pure: events in, lines out.

use std::collections::BTreeMap;

use crate::domain::journal::{BakeStarted, CheckVerdict, Event, EventKind, SealedLayer, SeatTaken};
use crate::domain::plan::{Plan, StepId};
use crate::domain::projection::{BakeView, StepRow};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::units;

/// The longest line of a step's output that is shown whole.
const MAX_OUTPUT_LINE: usize = 4000;

/// Tells one bake.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    view: BakeView,
    /// Where several bakes are told at once: which one a line is about.
    label: Option<String>,
    /// How checks stood when they were told last, and with what evidence.
    checks: BTreeMap<String, ((CheckVerdict, String), Vec<String>)>,
}

impl Plain {
    /// Tells one bake among several: every line begins with `label`.
    pub fn labelled(label: &str) -> Self {
        Self { label: Some(escape(label)), ..Self::default() }
    }

    /// What is known of the bake.
    pub fn view(&self) -> &BakeView {
        &self.view
    }

    /// Takes an event, with the output it speaks of; gives the lines that tell it.
    pub fn event(&mut self, event: &Event, output: &[u8]) -> Vec<String> {
        self.view.apply(event);
        let mut lines = self.tell(&event.kind, output);
        if let Some(label) = &self.label {
            lines.iter_mut().for_each(|line| *line = format!("{label}  {line}"));
        }
        lines
    }

    /// The one line of result: what came out. `None` unless the bake ended with an image.
    pub fn result(&self) -> Option<String> {
        let committed = self.view.committed.as_ref()?;
        let layers = &self.view.layers;
        let cached = layers.added() - layers.made();
        let mut parts = vec![format!("{} new", units::count(layers.made() as u64, "layer"))];
        if cached > 0 {
            parts.push(format!("{cached} cached"));
        }
        parts.push(format!("{} from base", layers.from_base));
        parts.push(units::bytes(layers.size()));
        // What could not be established must not look like a pass.
        let unknown = self.view.checks.count(CheckVerdict::Unknown);
        if unknown > 0 {
            parts.push(format!("{} unknown", units::count(unknown as u64, "check")));
        }
        Some(format!("{}  {}  {}", escape(&committed.reference), committed.image.digest, parts.join(", ")))
    }

    fn tell(&mut self, kind: &EventKind, output: &[u8]) -> Vec<String> {
        let one = |line: String| vec![line];
        match kind {
            EventKind::BakeStarted(started) => {
                let pin = started.base_digest.as_ref().map(|digest| format!("@{}", digest.short())).unwrap_or_default();
                let (reference, base) = (escape(&started.reference), escape(&started.base));
                one(format!("baking {reference} on {base}{pin} ({}, bake {})", engines(started), started.bake))
            }
            EventKind::PlanBuilt(plan) => one(planned(plan)),
            EventKind::StepStarted { step } => one(format!("{} {}", self.tag(step), self.what(step))),
            EventKind::StepOutput { step, .. } => {
                output_lines(output).map(|line| format!("{} | {line}", self.tag(step))).collect()
            }
            EventKind::StepCached { step, .. } => one(format!("{} cached", self.tag(step))),
            EventKind::StepFinished { step, millis } => {
                let moved = self.view.steps.find(step).map_or(0, |row| row.throughput.done);
                let moved = if moved > 0 { format!(", {}", units::bytes(moved)) } else { String::new() };
                one(format!("{} done in {}{moved}", self.tag(step), units::millis(*millis)))
            }
            EventKind::StepFailed { step, millis, failure } => {
                let mut lines = one(format!(
                    "{} failed after {}: {}",
                    self.tag(step),
                    units::millis(*millis),
                    escape(&failure.message)
                ));
                lines.extend(failure.causes.iter().map(|cause| format!("{} cause: {}", self.tag(step), escape(cause))));
                lines
            }
            EventKind::LayerSealed(sealed) => one(format!("{} {}", self.tag(&sealed.step), layer(sealed))),
            EventKind::CheckFinished { check, verdict, reason, evidence } => {
                self.check(check, (*verdict, reason), evidence)
            }
            EventKind::ImageCommitted { reference, image } => {
                one(format!("committed {} {}", escape(reference), image.digest))
            }
            EventKind::ImageSigned { digest, key } => one(format!("signed {} by {}", digest.short(), escape(key))),
            EventKind::ImagePublished { reference, .. } => one(format!("published {}", escape(reference))),
            EventKind::CancelRequested { by } => one(format!("cancel requested by {}", escape(by))),
            EventKind::BakeFinished { status, millis, .. } => {
                one(format!("bake {} after {}", status.as_str(), units::millis(*millis)))
            }
            EventKind::StepProgressed { .. } | EventKind::LayerChanged { .. } | EventKind::CheckStarted { .. } => {
                Vec::new()
            }
        }
    }

    /// A check's end. One that goes on failing while a step runs is told again with what is new only.
    fn check(&mut self, check: &str, (verdict, reason): (CheckVerdict, &str), evidence: &[String]) -> Vec<String> {
        let now = (verdict, reason.to_owned());
        let known = match self.checks.get(check) {
            Some((before, known)) if *before == now => known.as_slice(),
            _ => &[],
        };
        let is_told = !known.is_empty();
        let mut lines = Vec::new();
        if !matches!(verdict, CheckVerdict::Pass | CheckVerdict::Skip) {
            let new = evidence.iter().filter(|line| !known.contains(line));
            lines.extend(new.map(|line| format!("  {}", escape(line))));
        }
        self.checks.insert(check.to_owned(), (now, evidence.to_vec()));
        if is_told && lines.is_empty() {
            return lines;
        }
        let (sign, word) = shown(verdict);
        lines.insert(0, format!("{sign} {} {word} ({})", escape(check), escape(reason)));
        lines
    }

    fn tag(&self, step: &StepId) -> String {
        format!("[{}]", escape(&step.0))
    }

    fn what(&self, step: &StepId) -> String {
        let here = self.view.plan.as_ref().and_then(|plan| base_here(plan, step));
        here.unwrap_or_else(|| self.view.steps.find(step).map_or_else(String::new, describe))
    }
}

/// `copy app -> /srv/app`; what no plan lists is the base or named by itself.
pub(super) fn describe(row: &StepRow) -> String {
    if !row.action.is_empty() {
        return format!("{} {}", escape(&row.action), escape(&row.summary));
    }
    let base = row.id.0 == "base" || row.id.0.ends_with("-base");
    if base { "fetching the base".to_owned() } else { "started".to_owned() }
}

/// What there is of a base that need not be fetched.
fn base_here(plan: &Plan, step: &StepId) -> Option<String> {
    let part = plan.platforms.iter().find(|part| plan.base_step(&part.platform) == *step)?;
    let base = part.base.as_ref().filter(|base| base.missing == 0)?;
    Some(format!("base is here: {}, {}", units::count(base.layers as u64, "layer"), units::bytes(base.size)))
}

fn planned(plan: &Plan) -> String {
    let steps = || plan.platforms.iter().flat_map(|part| &part.steps);
    let (all, run) = (steps().count() as u64, steps().filter(|step| step.will_run).count());
    let missing: u64 = plan.platforms.iter().filter_map(|part| part.base.as_ref()).map(|base| base.missing).sum();
    let fetch = if missing > 0 { format!(", {} of the base to fetch", units::bytes(missing)) } else { String::new() };
    let stale = if plan.stale == Some(true) { "; the base tag has moved since it was locked" } else { "" };
    format!("plan: {}, {run} to run{fetch}{stale}", units::count(all, "step"))
}

fn layer(sealed: &SealedLayer) -> String {
    let counts = format!("{} added, {} modified, {} deleted", sealed.added, sealed.modified, sealed.deleted);
    match &sealed.layer {
        Some(blob) => {
            let (digest, size) = (blob.descriptor.digest.short(), units::bytes(blob.descriptor.size));
            format!("layer {digest} {size}: {counts}")
        }
        None => "no layer: nothing changed".to_owned(),
    }
}

/// The verdict as a sign and a word.
fn shown(verdict: CheckVerdict) -> (char, &'static str) {
    match verdict {
        CheckVerdict::Pass => ('✔', "pass"),
        CheckVerdict::Warn => ('!', "warn"),
        CheckVerdict::Fail => ('✘', "fail"),
        CheckVerdict::Skip => ('-', "skip"),
        CheckVerdict::Unknown => ('?', "unknown"),
    }
}

/// A step's output as lines: what a carriage return overwrote is gone, controls are visible, long lines are cut (X-03).
fn output_lines(output: &[u8]) -> impl Iterator<Item = String> {
    let text = output.strip_suffix(b"\n").unwrap_or(output);
    text.split(|b| *b == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let last = line.rsplit(|b| *b == b'\r').next().unwrap_or(line);
        let kept = &last[..last.len().min(MAX_OUTPUT_LINE)];
        let cut = if kept.len() < last.len() { "…" } else { "" };
        format!("{}{cut}", escape_bytes(kept))
    })
}

/// What bakes; of several builders which platform where: `linux/amd64 on east, linux/arm64 on west`.
fn engines(started: &BakeStarted) -> String {
    let several = started.seats.iter().any(|seat| seat.builder != started.seats[0].builder);
    match several {
        true => {
            let on = |seat: &SeatTaken| format!("{} on {}", seat.platform, escape(&seat.builder));
            started.seats.iter().map(on).collect::<Vec<_>>().join(", ")
        }
        false => escape(&started.engine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::{every_kind, number, plan, started, step};

    #[test]
    fn says_whether_the_base_has_to_be_fetched() {
        let said = |missing: u64| {
            let mut plan = plan(&["1"]);
            plan.platforms[0].base.as_mut().unwrap().missing = missing;
            let kinds = vec![started(), EventKind::PlanBuilt(plan), EventKind::StepStarted { step: step("base") }];
            let mut plain = Plain::default();
            number(kinds).iter().flat_map(|event| plain.event(event, b"")).last().unwrap()
        };
        assert_eq!(said(0), "[base] base is here: 3 layers, 52.1 MB");
        assert_eq!(said(1), "[base] fetching the base");
    }

    #[test]
    fn a_check_that_goes_on_failing_is_told_with_what_is_new() {
        let told = |lines: &[&str]| {
            let finished = EventKind::CheckFinished {
                check: "layer.setuid".into(),
                verdict: CheckVerdict::Fail,
                reason: "setuid.found".into(),
                evidence: lines.iter().map(|line| (*line).to_owned()).collect(),
            };
            [EventKind::CheckStarted { check: "layer.setuid".into() }, finished]
        };
        let kinds = [vec![started()], told(&["/a"]).into(), told(&["/a", "/b"]).into(), told(&["/a", "/b"]).into()];
        let mut plain = Plain::default();
        let lines: Vec<String> =
            number(kinds.concat()).iter().flat_map(|event| plain.event(event, b"")).skip(1).collect();
        let head = "✘ layer.setuid fail (setuid.found)";
        assert_eq!(lines, [head, "  /a", head, "  /b"]);
    }

    #[test]
    fn tells_the_whole_story() {
        let mut plain = Plain::default();
        let mut lines = Vec::new();
        for event in every_kind() {
            lines.extend(plain.event(&event, b"10%\r100%\nx\x1b[2J\n"));
        }
        assert_eq!(
            lines[..6],
            [
                format!(
                    "baking team-a/payments-api:1.4.0 on global/python:3.12@{} (embedded, bake 01JZ0000000000000000000000)",
                    crate::domain::oci::Digest::of(b"base").short()
                ),
                "plan: 2 steps, 2 to run".into(),
                "✔ base.signature pass (signature.valid)".into(),
                "[1] copy app -> /srv/app".into(),
                "[1] cached".into(),
                "[1] no layer: nothing changed".into(),
            ]
        );
        assert_eq!(lines[7..10], ["[2] | 100%", "[2] | x\\x1b[2J", "[2] done in 3.1 s, 1.0 MB"]);
        assert_eq!(lines.last().unwrap(), "bake failed after 7.0 s");
        let result = plain.result().unwrap();
        assert!(result.ends_with("1 layer new, 3 from base, 1.2 MB"), "{result}");
    }
}
