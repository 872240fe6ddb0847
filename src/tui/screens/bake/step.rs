//! One step in full: the files as they change while it runs, the sealed layer after it, its failure. Lines only.

use ratatui::text::{Line, Span};

use super::Model;
use super::view::{glyph_of, is_base, title_of};
use crate::domain::journal::{ChangeOp, SealedLayer};
use crate::domain::projection::{StepRow, StepState};
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::meter;

/// The lines of the selected step, for a pane of so many columns and rows.
pub(super) fn step_lines(model: &Model, look: &Look, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let Some(row) = model.selected() else { return Vec::new() };
    let mut lines = vec![heading(look, row, model.state_of(row), columns)];
    if let StepState::Failed { failure, .. } = &row.state {
        lines.push(Line::from(vec![look.span(Role::Text, "  "), look.span(Role::Fail, failure.message.clone())]));
        for text in failure.causes.iter().chain(&failure.help) {
            let wrapped = format::wrap(text, columns.saturating_sub(2));
            lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))));
        }
    }
    if row.state == StepState::Running && row.throughput.done > 0 {
        lines.push(Line::from(progress(look, row)));
    }
    let layer = model.view.layers.rows().iter().find(|layer| layer.sealed.step == row.id);
    match layer {
        Some(layer) => lines.extend(sealed_lines(look, &layer.sealed, layer.cached)),
        None if is_base(row) => lines.extend(base_lines(model, look)),
        None => {}
    }
    if let Some(reason) = reason(model, row) {
        lines.push(Line::from(look.span(Role::Dim, format!("  {reason}"))));
    }
    let changes = change_lines(model, look, row, columns, rows.saturating_sub(lines.len()));
    lines.extend(changes);
    lines
}

fn heading(look: &Look, row: &StepRow, state: &StepState, columns: usize) -> Line<'static> {
    let name = title_of(row);
    let room = columns.saturating_sub(format::width(&name) + 4);
    Line::from(vec![
        look.glyph(glyph_of(state)),
        look.span(Role::Strong, format!(" {name}")),
        look.span(Role::Dim, format!("  {}", format::fit(&row.summary, room, look.ellipsis()))),
    ])
}

/// `12.3 MB of 52.1 MB, 8.1 MB/s`.
fn progress(look: &Look, row: &StepRow) -> Vec<Span<'static>> {
    let seen = &row.throughput;
    let of = seen.total.map(|total| format!(" of {}", units::bytes(total))).unwrap_or_default();
    let rate = seen.rate().map(|rate| format!(", {}", units::rate(rate))).unwrap_or_default();
    let mut spans = vec![look.span(Role::Text, "  ")];
    if let Some(fraction) = seen.fraction() {
        spans.extend(meter(look, fraction, 16));
        spans.push(look.span(Role::Text, "  "));
    }
    spans.push(look.span(Role::Text, format!("{}{of}", units::bytes(seen.done))));
    spans.push(look.span(Role::Dim, rate));
    spans
}

fn sealed_lines(look: &Look, sealed: &SealedLayer, cached: bool) -> Vec<Line<'static>> {
    let Some(blob) = &sealed.layer else {
        return vec![Line::from(look.span(Role::Dim, "  changed nothing, so there is no layer"))];
    };
    let from = if cached { "layer, from the cache" } else { "layer" };
    vec![
        Line::from(vec![
            look.span(Role::Text, "  "),
            look.glyph(Glyph::Local),
            look.span(Role::Text, format!(" {from}  {}", units::bytes(blob.descriptor.size))),
            look.span(Role::Dim, format!("  {}  diffID {}", blob.descriptor.digest.short(), blob.diff_id.0.short())),
        ]),
        counts(look, [sealed.added, sealed.modified, sealed.deleted]),
    ]
}

/// `+ 31 added  ~ 4 modified  - 14 deleted`.
fn counts(look: &Look, [added, modified, deleted]: [u64; 3]) -> Line<'static> {
    let part = |glyph: Glyph, number: u64, word: &str| {
        let role = if number > 0 { glyph.role() } else { Role::Dim };
        look.span(role, format!("{} {number} {word}   ", glyph.text(look.ascii)))
    };
    Line::from(vec![
        look.span(Role::Text, "  "),
        part(Glyph::Added, added, "added"),
        part(Glyph::Modified, modified, "modified"),
        part(Glyph::Deleted, deleted, "deleted"),
    ])
}

fn base_lines(model: &Model, look: &Look) -> Vec<Line<'static>> {
    let layers = &model.view.layers;
    if layers.from_base == 0 {
        return vec![Line::from(look.span(Role::Dim, "  from scratch: there is nothing to fetch"))];
    }
    let mut lines = vec![Line::from(vec![
        look.span(Role::Text, "  "),
        look.glyph(Glyph::Global),
        look.span(
            Role::Text,
            format!(" {}  {}", units::count(layers.from_base as u64, "layer"), units::bytes(layers.base_size)),
        ),
    ])];
    let plan = model.view.plan.as_ref();
    if let Some(digest) = plan.and_then(|plan| plan.base_digest.as_ref()) {
        lines.push(Line::from(look.span(Role::Dim, format!("  pinned to {digest}"))));
    }
    if plan.and_then(|plan| plan.stale) == Some(true) {
        lines.push(Line::from(vec![
            look.span(Role::Text, "  "),
            look.glyph(Glyph::Stale),
            look.span(Role::Stale, " its tag points elsewhere by now"),
        ]));
    }
    lines
}

/// Why the step ran or did not.
fn reason(model: &Model, row: &StepRow) -> Option<String> {
    let plan = model.view.plan.as_ref()?;
    let step = plan.platforms.iter().flat_map(|part| &part.steps).find(|step| step.id == row.id)?;
    Some(match (step.will_run, row.state == StepState::Waiting) {
        (false, _) => "nothing it depends on changed".to_owned(),
        (true, true) => format!("will run: {}", step.reason),
        (true, false) => format!("because {}", reads_after_because(&step.reason.to_string())),
    })
}

/// Reasons are written to stand alone; after `because` they need a subject.
fn reads_after_because(reason: &str) -> String {
    match reason {
        "never baked here" => "it was never baked here".to_owned(),
        other => other.to_owned(),
    }
}

/// The files, newest last, as many as there is room for.
fn change_lines(model: &Model, look: &Look, row: &StepRow, columns: usize, room: usize) -> Vec<Line<'static>> {
    let Some(changes) = model.changes.get(&row.id).filter(|changes| !changes.is_empty()) else { return Vec::new() };
    let running = row.state == StepState::Running;
    let mut lines = Vec::new();
    let below = usize::from(running);
    for change in changes.newest(room.saturating_sub(below)) {
        let glyph = match change.op {
            ChangeOp::Added => Glyph::Added,
            ChangeOp::Modified => Glyph::Modified,
            ChangeOp::Deleted => Glyph::Deleted,
        };
        let size = if change.op == ChangeOp::Deleted { String::new() } else { units::bytes(change.size) };
        let path =
            format::left(&crate::domain::text::escape(&change.path), columns.saturating_sub(16), look.ellipsis());
        lines.push(Line::from(vec![
            look.span(Role::Text, "  "),
            look.glyph(glyph),
            look.span(Role::Text, format!(" {path}")),
            look.span(Role::Dim, format::right(&size, 10, look.ellipsis())),
        ]));
    }
    if running {
        lines.push(counts(look, row.seen));
    }
    lines
}
