//! A plan as lines: the base, then one aligned line a step with what will happen and why.

use super::bytes;
use crate::domain::oci::Digest;
use crate::domain::plan::{Plan, PlannedStep, PlatformPlan};
use crate::domain::recipe::ConfigChange;
use crate::domain::text::escape;

/// Widest summary.
const SUMMARY: usize = 40;

/// The plan, one text a line.
pub fn lines(plan: &Plan, config: &ConfigChange, color: bool) -> Vec<String> {
    let mut out = vec![format!("{}  from {}", escape(&plan.reference), escape(&plan.recipe))];
    for platform in &plan.platforms {
        out.push(base_line(plan, platform));
        out.extend(step_lines(&platform.steps, color));
    }
    let changes = config_changes(config);
    if !changes.is_empty() {
        out.push(format!("  config  {}", changes.join("  ")));
    }
    let steps = || plan.platforms.iter().flat_map(|platform| &platform.steps);
    let (run, all) = (steps().filter(|step| step.will_run).count(), steps().count());
    out.push(format!("{run} of {all} steps will run"));
    out.extend(lost(plan, color));
    out
}

/// That the base's tag has moved on, and how to follow it; `None` while the lock is up to date.
pub fn stale(plan: &Plan, now: &Digest) -> Option<String> {
    let pinned = plan.base_digest.as_ref().filter(|_| plan.stale == Some(true))?;
    let (now, pinned, recipe) = (now.short(), pinned.short(), escape(&plan.recipe));
    Some(format!("⟳ stale: the tag now points to {now}, the lock pins {pinned}  (`bakery update {recipe}` moves it)"))
}

/// What this machine's single id costs the image; `None` where nothing is lost.
fn lost(plan: &Plan, color: bool) -> Option<String> {
    let (on, off) = if color { ("\x1b[33m", "\x1b[0m") } else { ("", "") };
    let text = "! one id only: all that run and packages steps make will belong to root  (`bakery doctor` says how to mend it)";
    (!plan.ids.is_exact()).then(|| format!("{on}{text}{off}"))
}

fn base_line(plan: &Plan, platform: &PlatformPlan) -> String {
    let name = escape(&plan.base);
    match &platform.base {
        None => format!("  base    {name}  {}", platform.platform),
        Some(base) => {
            let layers = if base.layers == 1 { "1 layer" } else { &format!("{} layers", base.layers) };
            let fetch = match base.missing {
                0 => "all here".to_owned(),
                missing => format!("{} to fetch", bytes(missing)),
            };
            let digest = base.manifest.short();
            format!("  base    {name}  {digest}  {}  {layers}  {}, {fetch}", platform.platform, bytes(base.size))
        }
    }
}

fn step_lines(steps: &[PlannedStep], color: bool) -> Vec<String> {
    let width = |measure: fn(&PlannedStep) -> usize| steps.iter().map(measure).max().unwrap_or(0);
    let (ids, actions) = (width(|step| step.id.0.chars().count()), width(|step| step.action.chars().count()));
    let summaries = width(|step| summary(step).chars().count());
    let line = |step: &PlannedStep| {
        let (glyph, what, on, off) = match (step.will_run, color) {
            (true, false) => ("○", "will run", "", ""),
            (true, true) => ("○", "will run", "\x1b[33m", "\x1b[0m"),
            (false, false) => ("✔", "cached", "", ""),
            (false, true) => ("✔", "cached", "\x1b[2m", "\x1b[0m"),
        };
        let why = if step.will_run { format!("  {}", step.reason) } else { String::new() };
        let (id, action, summary) = (&step.id.0, &step.action, summary(step));
        format!("{on}  {glyph} {id:>ids$}  {action:<actions$}  {summary:<summaries$}  {what}{why}{off}")
    };
    steps.iter().map(line).collect()
}

fn summary(step: &PlannedStep) -> String {
    let text = escape(&step.summary);
    match text.chars().count() > SUMMARY {
        true => text.chars().take(SUMMARY - 1).chain(['…']).collect(),
        false => text,
    }
}

fn config_changes(config: &ConfigChange) -> Vec<String> {
    let mut out: Vec<String> = config.env.iter().map(|(name, value)| format!("env {name}={value}")).collect();
    let words = |list: &[String]| format!("[{}]", list.join(", "));
    out.extend(config.user.as_ref().map(|user| format!("user {user}")));
    out.extend(config.workdir.as_ref().map(|path| format!("workdir {path}")));
    out.extend(config.entrypoint.as_deref().map(|list| format!("entrypoint {}", words(list))));
    out.extend(config.cmd.as_deref().map(|list| format!("cmd {}", words(list))));
    out.extend(config.expose.iter().map(|port| format!("expose {port}")));
    out.extend(config.labels.iter().map(|(name, value)| format!("label {name}={value}")));
    out.extend(config.volumes.iter().map(|path| format!("volume {path}")));
    out.extend(config.stop_signal.as_ref().map(|signal| format!("stop-signal {signal}")));
    out.extend(config.healthcheck.as_ref().map(|check| format!("healthcheck {}", words(&check.test))));
    out.iter().map(|text| escape(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples;
    use crate::domain::plan::Ids;

    #[test]
    fn what_one_id_costs_is_said_in_one_line() {
        let mut plan = samples::plan(&["1"]);
        let said = |plan: &Plan| lines(plan, &ConfigChange::default(), false).join("\n");
        assert!(!said(&plan).contains("will belong to root"));
        plan.ids = Ids::Single;
        let last = said(&plan).lines().last().unwrap().to_owned();
        assert!(last.starts_with("! one id only: ") && last.contains("will belong to root"), "{last}");
        assert_eq!(serde_json::to_value(&plan).unwrap()["ids"], "single");
    }
}
