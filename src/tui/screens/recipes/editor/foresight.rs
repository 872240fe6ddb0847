//! How the live plan looks: a line a step, what it costs, which checks show their outcome already. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Model;
use crate::domain::plan::{PlannedStep, Reason};
use crate::domain::text::escape;
use crate::domain::units;
use crate::flows::assist::{Foreseen, Foresight};
use crate::report::Report;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{badge, cut, glyph_of_verdict, rule};

impl Model {
    /// Draws it into `area`.
    pub(super) fn draw_plan(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let columns = usize::from(area.width);
        let plan = &self.plan;
        let is_old = plan.version != self.version;
        let counted = plan.known.as_ref().map(|known| counts(look, known)).unwrap_or_default();
        let right = if counted.is_empty() { Vec::new() } else { vec![look.span(Role::Dim, counted)] };
        rule(look, Rect { height: 1.min(area.height), ..area }, &[look.span(Role::Dim, "plan")], &right, buffer);
        let mut lines = match (&plan.known, &plan.failure) {
            (_, Some(report)) if !is_old => failed(look, report, columns),
            (Some(known), _) => told(look, known, columns),
            (None, _) => Vec::new(),
        };
        let note = if self.first_error().is_some() {
            Some(if lines.is_empty() { "known once the text has no errors" } else { "as it was before the errors" })
        } else if is_old || lines.is_empty() {
            Some("looking ahead")
        } else {
            None
        };
        if is_old || self.first_error().is_some() {
            // What is not of this text is dim, signs and all.
            for span in lines.iter_mut().flat_map(|line| &mut line.spans) {
                span.style = look.style(Role::Dim);
            }
        }
        let room = usize::from(area.height.saturating_sub(1));
        if let Some(note) = note {
            lines.truncate(room.saturating_sub(1));
            lines.push(Line::from(look.span(Role::Dim, format!("  {note}"))));
        } else if lines.len() > room && room > 0 {
            let more = lines.len() - room + 1;
            lines.truncate(room - 1);
            lines.push(Line::from(look.span(Role::Dim, format!("  {} {more} more", look.ellipsis()))));
        }
        for (y, line) in (area.y + 1..area.bottom()).zip(&lines) {
            buffer.set_line(area.x, y, &cut(look, line, columns), area.width);
        }
    }
}

fn counts(look: &Look, known: &Foresight) -> String {
    let steps = || known.prospect.plan.platforms.iter().flat_map(|part| &part.steps);
    let run = steps().filter(|step| step.will_run).count();
    match (run, steps().count() - run) {
        (0, 0) => "no steps".to_owned(),
        (0, _) => "all cached".to_owned(),
        (run, cached) => format!("run {run}{}cached {cached}", look.dot()),
    }
}

fn told(look: &Look, known: &Foresight, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let parts = &known.prospect.plan.platforms;
    let widest = parts.iter().flat_map(|part| &part.steps).map(|step| format::width(&step.action)).max();
    let widest = widest.unwrap_or(0).max("tests 00".len());
    for part in parts {
        if parts.len() > 1 {
            lines.push(Line::from(look.span(Role::Strong, part.platform.to_string())));
        }
        lines.extend(part.steps.iter().flat_map(|step| step_lines(look, step, (widest, columns))));
    }
    let tests = known.prospect.tests.len();
    if tests > 0 {
        let what = format::left(&format!("tests {tests}"), widest, look.ellipsis());
        let mut spans = badge(look, Glyph::Waiting).to_vec();
        spans.push(look.span(Role::Strong, format!("{what}  ")));
        spans.push(look.span(Role::Dim, "after the bake"));
        lines.push(Line::from(spans));
    }
    lines.push(Line::default());
    let amounts = format::wrap(&amounts(known), columns.saturating_sub(2));
    lines.extend(amounts.into_iter().map(|line| Line::from(look.span(Role::Dim, line))));
    lines.extend(known.checks.iter().flat_map(|check| check_lines(look, check, columns)));
    lines
}

fn step_lines(look: &Look, step: &PlannedStep, (widest, columns): (usize, usize)) -> Vec<Line<'static>> {
    let glyph = if step.will_run { Glyph::Running } else { Glyph::Done };
    let mut spans = badge(look, glyph).to_vec();
    spans.push(look.span(Role::Strong, format!("{}  ", format::left(&step.action, widest, look.ellipsis()))));
    if !step.will_run {
        spans.push(look.span(Role::Dim, format!("cached    {}", escape(&step.summary))));
        return vec![Line::from(spans)];
    }
    let why = match &step.reason {
        Reason::Below { .. } => "a step above it runs".to_owned(),
        reason => reason.to_string(),
    };
    let start: usize = spans.iter().map(ratatui::text::Span::width).sum();
    let line = format!("(line {})", step.line);
    let all = format!("will run: {why} {line}");
    if start + format::width(&all) <= columns {
        spans.push(look.span(Role::Text, all));
        return vec![Line::from(spans)];
    }
    // No room for it: why stands below.
    spans.push(look.span(Role::Text, format!("will run {line}")));
    let below = format::wrap(&why, columns.saturating_sub(start).max(8)).into_iter();
    let below = below.map(|text| Line::from(look.span(Role::Dim, format!("{}{text}", " ".repeat(start)))));
    std::iter::once(Line::from(spans)).chain(below).collect()
}

/// What it packs and fetches, and how long it took last time.
fn amounts(known: &Foresight) -> String {
    let pulls =
        if known.pulls > 0 { format!("{} to pull", units::bytes(known.pulls)) } else { "nothing to pull".to_owned() };
    let packs = match known.prospect.reads {
        0 => "nothing to pack from files".to_owned(),
        reads => format!("about {} to pack", units::bytes(reads)),
    };
    let took = known.took.map(|took| format!(", {} last time", units::millis(took))).unwrap_or_default();
    format!("{packs}, {pulls}{took}")
}

fn check_lines(look: &Look, check: &Foreseen, columns: usize) -> Vec<Line<'static>> {
    let mut spans = badge(look, glyph_of_verdict(Some(check.verdict))).to_vec();
    let start: usize = spans.iter().map(ratatui::text::Span::width).sum();
    let line = check.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let why = format!("{}{line}", escape(&check.why));
    let id = escape(&check.id);
    let beside = start + format::width(&id) + 2 + format::width(&why) <= columns;
    spans.push(look.span(Role::Strong, id));
    if beside {
        spans.push(look.span(Role::Dim, format!("  {why}")));
        return vec![Line::from(spans)];
    }
    let below = format::wrap(&why, columns.saturating_sub(start));
    let below = below.into_iter().map(|text| Line::from(look.span(Role::Dim, format!("{}{text}", " ".repeat(start)))));
    std::iter::once(Line::from(spans)).chain(below).collect()
}

fn failed(look: &Look, report: &Report, columns: usize) -> Vec<Line<'static>> {
    let texts = std::iter::once(&report.message).chain(&report.causes).chain(&report.help);
    let wrapped = texts.flat_map(|text| format::wrap(&escape(text), columns.saturating_sub(3)));
    let mut lines: Vec<Line<'static>> =
        wrapped.map(|text| Line::from(look.span(Role::Dim, format!("  {text}")))).collect();
    lines.insert(0, Line::from(vec![look.glyph(Glyph::Unknown), look.span(Role::Text, " nothing can be foreseen")]));
    lines
}
