//! The demo's story as lines, at most 80 columns wide but for names from outside. Pure: scenes in, lines out.

use super::{bytes, count, millis, problems};
use crate::domain::journal::SealedLayer;
use crate::domain::plan::{Plan, PlannedBase, PlannedStep};
use crate::domain::projection::{BakeView, StepState};
use crate::domain::text::escape;
use crate::flows::LoadedRecipe;
use crate::flows::demo::{DemoImage, Scene};

/// Widest summary of a step.
const SUMMARY: usize = 34;

/// A part of the story; an empty line goes before each but the first and what belongs to the one before.
pub fn lines(scene: &Scene, color: bool) -> Vec<String> {
    match scene {
        Scene::Seeded { workspace, images, millis } => {
            seeded(&escape(&workspace.display().to_string()), images, *millis)
        }
        Scene::Baked(view) => baked(view, color),
        Scene::Again(view) => vec![again(view)],
        Scene::Stale { plan, now } => stale(plan, &now.short(), color),
        Scene::Mistake(loaded) => mistake(loaded, color),
        Scene::Unbaked(plan) => unbaked(plan),
    }
}

fn seeded(workspace: &str, images: &[DemoImage], took: u64) -> Vec<String> {
    let mut lines = vec![
        format!("made {workspace} in {}", millis(took)),
        "from this host's own programs: no network, no root needed".to_owned(),
        String::new(),
        "the global team keeps trusted images; all but the first inherit os:12".to_owned(),
    ];
    lines.extend(images.iter().map(|image| {
        let kind = if image.stand_in { "stands in for " } else { "" };
        format!("  global/{:<12} {}  {kind}{}", image.reference, image.digest.short(), image.what)
    }));
    lines
}

fn baked(view: &BakeView, color: bool) -> Vec<String> {
    let mut lines = heading("✔", 32, view.reference(), &format!("baked in {}", millis(view.millis())), color);
    let Some(plan) = &view.plan else { return lines };
    let width = summaries(plan);
    for part in &plan.platforms {
        lines.extend(part.base.as_ref().map(|base| base_line(plan, base, width)));
        for step in &part.steps {
            let sealed = view.layers.rows().iter().find(|row| row.sealed.step == step.id);
            let made = sealed.map_or_else(String::new, |row| layer(&row.sealed));
            lines.push(row(&step.action, &summary(step), width, &made));
        }
    }
    lines.extend(view.committed.as_ref().map(|committed| format!("  image  {}", committed.image.digest)));
    lines
}

fn again(view: &BakeView) -> String {
    let planned: Vec<&StepState> =
        view.steps.rows().iter().filter(|row| !row.action.is_empty()).map(|row| &row.state).collect();
    let cached = planned.iter().filter(|state| ***state == StepState::Cached).count();
    let (took, all) = (millis(view.millis()), planned.len() as u64);
    let image = view.committed.as_ref().map(|committed| committed.image.digest.short()).unwrap_or_default();
    if cached == planned.len() {
        format!("  again  all cached: {}, {image} once more in {took}", count(all, "step"))
    } else {
        format!("  again  {cached} of {} cached, {image} in {took}", count(all, "step"))
    }
}

fn stale(plan: &Plan, now: &str, color: bool) -> Vec<String> {
    let mut lines = heading("⟳", 33, &plan.reference, "baked, and stale since", color);
    let pinned = plan.base_digest.as_ref().map(crate::domain::oci::Digest::short).unwrap_or_default();
    lines.push(format!("  its lock pins {} at {pinned}; the tag now points to {now}", escape(&plan.base)));
    lines
}

fn mistake(loaded: &LoadedRecipe, color: bool) -> Vec<String> {
    let Some(first) = loaded.problems.first() else { return Vec::new() };
    let place = problems::place(&loaded.shown, first);
    let mut lines = heading("✘", 31, &place, "has a mistake", color);
    lines.extend(problems::told(&loaded.bytes, first, color).lines().map(|line| match line.starts_with(' ') {
        true => line.to_owned(),
        false => format!("  {line}"),
    }));
    lines
}

fn unbaked(plan: &Plan) -> Vec<String> {
    let mut lines = heading("○", 0, &plan.reference, "never baked; its plan", false);
    let width = summaries(plan);
    for part in &plan.platforms {
        lines.extend(part.base.as_ref().map(|base| base_line(plan, base, width)));
        let will = |step: &PlannedStep| if step.will_run { "will run" } else { "cached" };
        lines.extend(part.steps.iter().map(|step| row(&step.action, &summary(step), width, will(step))));
    }
    lines
}

fn heading(glyph: &str, code: u8, name: &str, what: &str, color: bool) -> Vec<String> {
    let glyph = if color { format!("\x1b[{code}m{glyph}\x1b[0m") } else { glyph.to_owned() };
    vec![String::new(), format!("{glyph} {}  {what}", escape(name))]
}

fn base_line(plan: &Plan, base: &PlannedBase, width: usize) -> String {
    let from = format!("{}  {:<8}  {:>9}", base.manifest.short(), count(base.layers as u64, "layer"), bytes(base.size));
    row("base", &escape(&plan.base), width, &from)
}

fn layer(sealed: &SealedLayer) -> String {
    let Some(blob) = &sealed.layer else { return "nothing changed".to_owned() };
    let changes = format!("+{} ~{} -{}", sealed.added, sealed.modified, sealed.deleted);
    format!("{}  {changes:<8}  {:>9}", blob.descriptor.digest.short(), bytes(blob.descriptor.size))
}

fn row(action: &str, what: &str, width: usize, rest: &str) -> String {
    format!("  {action:<5}  {what:<width$}  {rest}").trim_end().to_owned()
}

/// Room for the longest summary, and for the base's name.
fn summaries(plan: &Plan) -> usize {
    let steps = plan.platforms.iter().flat_map(|part| &part.steps);
    let longest = steps.map(|step| summary(step).chars().count()).max().unwrap_or(0);
    longest.max(escape(&plan.base).chars().count())
}

fn summary(step: &PlannedStep) -> String {
    let text = escape(&step.summary);
    match text.chars().count() > SUMMARY {
        true => text.chars().take(SUMMARY - 1).chain(['…']).collect(),
        false => text,
    }
}
