//! One step in full: its failure, its layer, and the tree of files it changes, as seen while it runs and exactly after it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::model::Focus;
use super::view::{glyph_of, is_base, paragraph, title_of};
use super::{Model, Source};
use crate::domain::journal::SealedLayer;
use crate::domain::projection::{StepRow, StepState, Totals};
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{ChangeTreeView, Order, meter, total_line};

/// Draws the selected step: what is to be said of it, and below it the tree of what it changes.
pub(super) fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    paragraph(look, &lines(model, look, area), area, buffer);
    let Some(row) = model.selected() else { return };
    let Some((tree, source)) = model.changed.of(&row.id) else { return };
    let focused = model.focus.0 == Focus::Changes;
    let newest = source == Source::Seen && *model.state_of(row) == StepState::Running;
    let frame = total_of(model, row).unwrap_or_default();
    let marks = model.changed.marks(&row.id);
    let view = ChangeTreeView { look, tree, marks, fold: &model.changed.fold, frame, focused, newest };
    view.draw(tree_area(model, area), buffer);
}

/// Where in the pane the tree stands.
pub(super) fn tree_area(model: &Model, area: Rect) -> Rect {
    let above = u16::try_from(lines(model, &Look::of_roles(false), area).len()).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + above, height: area.height - above, ..area }
}

/// The lines above the tree.
fn lines(model: &Model, look: &Look, area: Rect) -> Vec<Line<'static>> {
    let columns = usize::from(area.width);
    let Some(row) = model.selected() else { return Vec::new() };
    let state = model.state_of(row);
    let mut lines = vec![heading(look, row, state, columns)];
    if let StepState::Failed { failure, .. } = &row.state {
        lines.push(Line::from(vec![look.span(Role::Text, "  "), look.span(Role::Fail, failure.message.clone())]));
        for text in failure.causes.iter().chain(&failure.help) {
            let wrapped = format::wrap(text, columns.saturating_sub(2));
            lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))));
        }
        if model.shell_target().is_some() {
            lines.push(Line::from(vec![
                look.span(Role::Key, "  t"),
                look.span(Role::Dim, "  opens a shell before this step"),
            ]));
        }
    }
    let passing = row.throughput.total.is_none() && row.seen != [0; 3];
    if row.state == StepState::Running && row.throughput.done > 0 && !passing {
        lines.push(Line::from(progress(look, row)));
    }
    let layer = model.view.layers.rows().iter().find(|layer| layer.sealed.step == row.id);
    match layer {
        Some(layer) => lines.push(sealed_line(look, &layer.sealed, layer.cached)),
        None if is_base(row) => lines.extend(base_lines(model, look)),
        None => {}
    }
    if let Some(reason) = reason(model, row) {
        lines.push(Line::from(look.span(Role::Dim, format!("  {reason}"))));
    }
    if let Some(totals) = total_of(model, row) {
        let tree = model.changed.of(&row.id).map(|(tree, _)| tree.totals()).unwrap_or_default();
        lines.push(total_line(look, label(model, look, row), totals, tree, columns));
    }
    if let Some(report) = model.changed.unreadable(&row.id) {
        let text = format!("its files cannot be read: {}", report.message);
        lines.extend(
            format::wrap(&text, columns.saturating_sub(2))
                .into_iter()
                .map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))),
        );
    }
    lines
}

/// What the step changed in all; the counts of a sealed layer are exact, whatever is known of its files.
fn total_of(model: &Model, row: &StepRow) -> Option<Totals> {
    let known = model.changed.of(&row.id);
    let sealed = model.view.layers.rows().iter().map(|layer| &layer.sealed).find(|sealed| sealed.step == row.id);
    match (sealed, known) {
        (Some(sealed), _) if sealed.layer.is_none() => None,
        (Some(sealed), known) => {
            let bytes = known.filter(|(_, source)| *source == Source::Layer).map_or(0, |(tree, _)| tree.totals().bytes);
            Some(Totals { added: sealed.added, modified: sealed.modified, deleted: sealed.deleted, bytes })
        }
        (None, known) => known.map(|(tree, _)| tree.totals()),
    }
}

/// What the tree is, and how sure.
fn label(model: &Model, look: &Look, row: &StepRow) -> Vec<Span<'static>> {
    let sealed = model.view.layers.rows().iter().any(|layer| layer.sealed.step == row.id);
    let mut spans = match (sealed, model.changed.of(&row.id).map(|(_, source)| source)) {
        (_, Some(Source::Layer)) => vec![look.span(Role::Text, "in the layer")],
        (true, Some(Source::Seen)) => {
            vec![look.span(Role::Text, "in the layer"), look.span(Role::Dim, ", files as seen")]
        }
        (true, None) => vec![look.span(Role::Text, "in the layer")],
        (false, None) if *model.state_of(row) == StepState::Running && is_elsewhere(model, row) => {
            vec![look.span(Role::Dim, "live changes are not available on this engine")]
        }
        (false, _) if *model.state_of(row) == StepState::Running => {
            vec![look.glyph(Glyph::Running), look.span(Role::Accent, " so far")]
        }
        (false, _) => vec![look.span(Role::Dim, "as seen")],
    };
    if model.changed.fold.order == Order::Size {
        spans.push(look.span(Role::Dim, "  by size"));
    }
    spans
}

/// Whether a step runs where nobody sees what it changes until it is done.
fn is_elsewhere(model: &Model, row: &StepRow) -> bool {
    let started = model.view.started.as_ref();
    // Of several builders, the one that bakes the step's platform.
    let seat =
        started.and_then(|started| started.seats.iter().find(|seat| Some(&seat.platform) == row.platform.as_ref()));
    let engine = seat.map_or(started.map_or("embedded", |started| &started.engine), |seat| &seat.engine);
    !engine.starts_with("embedded") && matches!(row.action.as_str(), "run" | "packages")
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

fn sealed_line(look: &Look, sealed: &SealedLayer, cached: bool) -> Line<'static> {
    let Some(blob) = &sealed.layer else {
        return Line::from(look.span(Role::Dim, "  changed nothing, so there is no layer"));
    };
    let from = if cached { "layer, from the cache" } else { "layer" };
    Line::from(vec![
        look.span(Role::Text, "  "),
        look.glyph(Glyph::Local),
        look.span(Role::Text, format!(" {from}  {}", units::bytes(blob.descriptor.size))),
        look.span(Role::Dim, format!("  {}  diffID {}", blob.descriptor.digest.short(), blob.diff_id.0.short())),
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
