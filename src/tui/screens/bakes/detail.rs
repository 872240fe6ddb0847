//! One bake in words: what it is, how it stands, why it failed, its steps. Lines only; draws nothing.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Model;
use super::view::{sign, took};
use crate::domain::projection::{ShelfRow, ShelfStatus, StepRow, StepState};
use crate::domain::text::escape;
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};

/// From this width on, the steps stand beside the facts.
const BESIDE: u16 = 110;

impl Model {
    /// The detail's lines with where they stand: one column, or two.
    pub(super) fn detail_columns(&self, look: &Look, around: &Around, area: Rect) -> Vec<(Rect, Vec<Line<'static>>)> {
        let Some(row) = self.selected() else { return Vec::new() };
        let of = (row, self.elsewhere().next().is_some());
        let (facts, steps) = (Rect { width: area.width / 2, ..area }, area.width / 2 + 2);
        let steps = Rect { x: area.x + steps, width: area.width.saturating_sub(steps), ..area };
        if area.width >= BESIDE {
            let why = failure(look, row, usize::from(steps.width));
            let why = why.into_iter().chain(step_lines(look, row, usize::from(steps.width))).collect();
            return vec![(facts, fact_lines(look, around, of)), (steps, why)];
        }
        let columns = usize::from(area.width);
        let mut lines = fact_lines(look, around, of);
        // Why it failed goes before what it was.
        let rest = lines.split_off(1);
        lines.extend(failure(look, row, columns));
        lines.extend(rest);
        lines.extend(step_lines(look, row, columns));
        vec![(area, lines)]
    }

    /// Lines of the longest column in a pane this wide.
    pub(super) fn detail_height(&self, around: &Around, width: u16) -> usize {
        let columns = self.detail_columns(&Look::of_roles(false), around, Rect { width, ..around.body });
        columns.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0)
    }
}

fn fact_lines(look: &Look, around: &Around, (row, is_one_of_many): (&ShelfRow, bool)) -> Vec<Line<'static>> {
    let (user, host, pid) = &row.place;
    let role = if row.status == ShelfStatus::Lost { Role::Unknown } else { sign(row.status).role() };
    let mut lines = vec![Line::from(vec![
        look.span(Role::Text, " "),
        look.glyph(sign(row.status)),
        look.span(Role::Strong, format!(" {}", row.bake)),
        look.span(role, format!("  {}", row.status)),
        look.span(Role::Dim, format!("  {}", took(row, around))),
    ])];
    // Where there is but one it goes without saying.
    let workspace = row.workspace.as_ref().filter(|_| is_one_of_many);
    let workspace = workspace.map(|folder| escape(&folder.display().to_string()));
    let base = row.base_digest.as_ref().map(|digest| format!("  {}", digest.short())).unwrap_or_default();
    let facts = [
        ("image", Some(row.reference.clone())),
        ("digest", row.digest.as_ref().map(ToString::to_string)),
        ("base", Some(format!("{}{base}", row.base))),
        ("recipe", Some(row.recipe.clone())),
        ("workspace", workspace),
        match row.builders.as_slice() {
            [] => ("engine", Some(row.engine.clone())),
            [_] => ("builder", Some(format!("{}, {}", row.baked_on(), row.engine))),
            _ => ("builders", Some(format!("{}, {}", row.baked_on(), row.engine))),
        },
        ("worker", Some(format!("process {pid} on {host}, of {user}"))),
        ("started", Some(stamp(&row.started))),
        ("finished", row.finished.as_deref().map(stamp)),
    ];
    for (name, value) in facts {
        let Some(value) = value else { continue };
        lines.push(Line::from(vec![look.span(Role::Dim, format!("   {name:<10}")), look.span(Role::Text, value)]));
    }
    lines
}

/// `2026-07-01 10:00:20 UTC`.
fn stamp(at: &str) -> String {
    at.get(..19).map_or_else(|| at.to_owned(), |at| format!("{} UTC", at.replace('T', " ")))
}

/// Why it ended badly, and what to do.
fn failure(look: &Look, row: &ShelfRow, columns: usize) -> Vec<Line<'static>> {
    let mut said: Vec<(Role, String)> = Vec::new();
    if row.status == ShelfStatus::Lost {
        said.push((Role::Unknown, "its worker is gone: killed, or the machine went down".into()));
        said.push((Role::Dim, "what its finished steps made is in the cache: bake again".into()));
    }
    if let Some(failure) = &row.failure {
        said.push((Role::Fail, failure.message.clone()));
        said.extend(failure.causes.iter().map(|cause| (Role::Text, cause.clone())));
        if let Some(builder) = &failure.builder {
            said.push((Role::Text, format!("builder {builder} is at fault, not the recipe")));
        }
        said.extend(failure.help.iter().map(|help| (Role::Dim, help.clone())));
    }
    let wrapped = said.into_iter().flat_map(|(role, text)| {
        format::wrap(&text, columns.saturating_sub(4)).into_iter().map(move |line| (role, line)).collect::<Vec<_>>()
    });
    wrapped.map(|(role, line)| Line::from(vec![look.span(Role::Text, "   "), look.span(role, line)])).collect()
}

fn step_lines(look: &Look, row: &ShelfRow, columns: usize) -> Vec<Line<'static>> {
    if row.step_rows.is_empty() {
        return Vec::new();
    }
    let dash = look.horizontal();
    let rule = |text: String| Span::styled(text, look.style(Role::Rule));
    let mut lines = vec![Line::from(vec![
        rule(format!(" {dash} ")),
        look.span(Role::Dim, "steps"),
        rule(format!(" {}", dash.repeat(columns.saturating_sub(10)))),
    ])];
    // A step that a lost bake was at is not under way.
    let is_over = row.status != ShelfStatus::Running;
    lines.extend(row.step_rows.iter().map(|step| step_line(look, step, is_over, columns)));
    lines
}

fn step_line(look: &Look, step: &StepRow, is_over: bool, columns: usize) -> Line<'static> {
    let (glyph, role, state) = match &step.state {
        StepState::Waiting if is_over => (Glyph::Waiting, Role::Dim, "not begun".to_owned()),
        StepState::Waiting => (Glyph::Waiting, Role::Dim, "to come".to_owned()),
        StepState::Running if is_over => (Glyph::Unknown, Role::Unknown, "broke off".to_owned()),
        StepState::Running => (Glyph::Running, Role::Accent, "running".to_owned()),
        StepState::Cached => (Glyph::Done, Role::Dim, "cached".to_owned()),
        StepState::Done { millis } => (Glyph::Done, Role::Text, units::millis(*millis)),
        StepState::Failed { millis, .. } => (Glyph::Fail, Role::Fail, format!("failed, {}", units::millis(*millis))),
        StepState::Stopped => (Glyph::Unasked, Role::Dim, "stopped".to_owned()),
    };
    let sign = look.glyph(glyph);
    let pad = " ".repeat(usize::from(look.glyph_width()).saturating_sub(sign.width()));
    let name = if step.action.is_empty() { step.id.0.clone() } else { format!("{} {}", step.id.0, step.action) };
    let summary =
        format::left(&escape(&step.summary), columns.saturating_sub(3 + 1 + 14 + 2 + 18).min(60), look.ellipsis());
    Line::from(vec![
        look.span(Role::Text, "   "),
        sign,
        look.span(Role::Text, format!("{pad} {}  ", format::left(&name, 12, look.ellipsis()))),
        look.span(Role::Dim, format!("{summary}  ")),
        look.span(role, state),
    ])
}
