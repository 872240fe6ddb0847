//! How the Bake screen looks: steps, the selected one in full, checks, log. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::model::{Focus, Pane, Standing};
use super::places::Places;
use super::{Model, checks};
use crate::domain::journal::BakeStatus;
use crate::domain::plan::PlannedBase;
use crate::domain::projection::{StepRow, StepState, millis_of};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Counts, Table, Width, cut, glyph_of_verdict, marked, meter, rule};

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    if model.bake.is_none() {
        return Subject { what: vec![look.span(Role::Strong, "bake")], verdict: Vec::new() };
    }
    let mut what = vec![look.glyph(Glyph::Local), look.span(Role::Local, format!(" {}", model.view.reference()))];
    if let Some(started) = &model.view.started
        && started.base != "scratch"
    {
        what.push(look.span(Role::Dim, " on "));
        let (glyph, role) = origin(&started.base);
        what.extend([look.glyph(glyph), look.span(role, format!(" {}", started.base))]);
        let short = started.base_digest.as_ref().map(|digest| format!(" {}", digest.short()));
        what.extend(short.map(|short| look.span(Role::Dim, short)));
    }
    Subject { what, verdict: verdict(model, look, around) }
}

/// A base's glyph and role, by the store its reference names.
fn origin(base: &str) -> (Glyph, Role) {
    if base.starts_with("local/") { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) }
}

fn verdict(model: &Model, look: &Look, around: &Around) -> Vec<Span<'static>> {
    let took = units::millis(model.view.millis());
    let (glyph, role, text) = match (model.status(), &model.standing) {
        (Some(BakeStatus::Ok), _) => (Glyph::Pass, Role::Pass, format!("baked in {took} ")),
        (Some(BakeStatus::Failed), _) => (Glyph::Fail, Role::Fail, format!("failed after {took} ")),
        (Some(BakeStatus::Rejected), _) => (Glyph::Fail, Role::Fail, rejected(model, around, &took)),
        (Some(BakeStatus::Cancelled), _) => (Glyph::Warn, Role::Warn, format!("cancelled after {took} ")),
        (None, Standing::Lost) => (Glyph::Unknown, Role::Unknown, "lost: its worker is gone ".to_owned()),
        (None, Standing::Unreadable(_)) => (Glyph::Fail, Role::Fail, "its journal cannot be read ".to_owned()),
        (None, _) if model.view.cancel_requested.is_some() => {
            (Glyph::Running, Role::Warn, format!("stopping {} ", elapsed(model, around)))
        }
        (None, _) => (Glyph::Running, Role::Accent, format!("baking {} ", elapsed(model, around))),
    };
    let replay = model.replay.then(|| look.span(Role::Dim, "replay  "));
    // What says no while it still runs is not left to be found.
    let refused = model.first_refusal().filter(|_| model.status().is_none());
    let refused = refused.map(|check| {
        let glyph = glyph_of_verdict(check.verdict);
        [look.glyph(glyph), look.span(glyph.role(), format!(" {}  ", check.id))]
    });
    let refused = refused.into_iter().flatten();
    replay.into_iter().chain(refused).chain([look.span(role, text), look.glyph(glyph)]).collect()
}

/// By which check, and where there is room after how long.
fn rejected(model: &Model, around: &Around, took: &str) -> String {
    match model.first_refusal() {
        Some(check) if around.body.width >= 100 => format!("rejected by {} after {took} ", check.id),
        Some(check) => format!("rejected by {} ", check.id),
        None => format!("rejected after {took} "),
    }
}

/// How long it has been going.
fn elapsed(model: &Model, around: &Around) -> String {
    since(model, around, Some(&model.view.started_at))
}

/// How long ago something was: by the clock, or of a replay by its newest event.
fn since(model: &Model, around: &Around, from: Option<&str>) -> String {
    let now = match model.is_running() {
        true => i64::try_from(around.now.unix_timestamp_nanos() / 1_000_000).ok(),
        false => millis_of(&model.view.last_at),
    };
    let millis = now.zip(from.and_then(millis_of)).map_or(0, |(now, from)| now - from);
    format::clock(u64::try_from(millis).unwrap_or(0))
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    if let Some(lines) = instead(model, look, around) {
        for (y, line) in (around.body.y + 1..around.body.bottom()).zip(&lines) {
            let width = around.body.width.saturating_sub(3);
            buffer.set_line(around.body.x + 2, y, &cut(look, line, usize::from(width)), width);
        }
        return;
    }
    let places = model.places(around);
    if let Some(area) = places.vertical {
        for y in area.top()..area.bottom() {
            buffer.set_span(area.x, y, &look.span(Role::Rule, look.vertical()), 1);
        }
    }
    if let Some(area) = places.steps {
        steps(model, look, around, area, buffer);
    }
    if let Some(area) = places.step {
        super::step::draw(model, look, area, buffer);
    }
    if let Some(area) = places.checks {
        checks::draw(model, look, area, buffer);
    }
    if let Some(area) = places.evidence {
        let lines = model.evidence_lines(look, usize::from(area.width));
        paragraph(look, lines.get(model.checks.top..).unwrap_or_default(), area, buffer);
        if model.focus.0 == Focus::Evidence && area.x > 1 {
            // Which pane has the keys.
            buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
        }
    }
    if let Some(area) = places.log {
        log(model, look, area, buffer);
    }
    rules(model, look, &places, buffer);
}

pub(super) fn paragraph(look: &Look, lines: &[Line<'static>], area: Rect, buffer: &mut Buffer) {
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, &cut(look, line, usize::from(area.width)), area.width);
    }
}

/// What shows instead of a bake.
fn instead(model: &Model, look: &Look, around: &Around) -> Option<Vec<Line<'static>>> {
    let dim = |text: &str| Line::from(look.span(Role::Dim, text));
    if model.bake.is_none() {
        return Some(vec![
            Line::from(look.span(Role::Text, "No bake yet.")),
            Line::default(),
            Line::from(vec![
                look.span(Role::Key, "2"),
                look.span(Role::Dim, "  the recipes: choose one and press "),
                look.span(Role::Key, "b"),
            ]),
            Line::from(vec![
                look.span(Role::Key, "7"),
                look.span(Role::Dim, "  bakes of other terminals appear there"),
            ]),
        ]);
    }
    if let Standing::Unreadable(report) = &model.standing {
        let width = usize::from(around.body.width.saturating_sub(4));
        let mut lines =
            vec![Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Text, format!(" {}", report.message))])];
        for text in report.causes.iter().chain(&report.help) {
            lines.extend(format::wrap(text, width).into_iter().map(|line| dim(&line)));
        }
        return Some(lines);
    }
    model.rows().is_empty().then(|| vec![dim("reading the journal")])
}

fn rules(model: &Model, look: &Look, places: &Places, buffer: &mut Buffer) {
    let Some(area) = places.horizontal else { return };
    let focused = model.focus.0 == Focus::Log;
    let name = |text: &str, on: bool| look.span(if on { Role::Strong } else { Role::Dim }, text);
    let Some(vertical) = places.vertical else {
        let tabs = [(Pane::Step, "step"), (Pane::Checks, "checks"), (Pane::Log, "log")];
        let mut left = Vec::new();
        for (pane, text) in tabs {
            if !left.is_empty() {
                left.push(look.span(Role::Rule, look.dot()));
            }
            let here = model.focus.1 == pane || (pane, model.focus.1) == (Pane::Checks, Pane::Evidence);
            left.push(name(text, here));
        }
        let right = if model.focus.1 == Pane::Log { log_state(model, look) } else { check_counts(model, look) };
        return rule(look, area, &left, &right, buffer);
    };
    let left = Rect { width: vertical.x - area.x, ..area };
    rule(look, left, &[name("checks", model.focus.0 == Focus::Checks)], &check_counts(model, look), buffer);
    if places.log.is_none() {
        let joint = if look.ascii { "+" } else { "┤" };
        buffer.set_span(vertical.x, area.y, &look.span(Role::Rule, joint), 1);
        return;
    }
    let right = Rect { x: vertical.x + 1, width: area.right() - vertical.x - 1, ..area };
    let mut title = vec![name("log", focused)];
    title.extend(model.selected().map(|row| look.span(Role::Dim, format!(" of {}", title_of(row)))));
    rule(look, right, &title, &log_state(model, look), buffer);
    let joint = if look.ascii { "+" } else { "┼" };
    buffer.set_span(vertical.x, area.y, &look.span(Role::Rule, joint), 1);
}

fn check_counts(model: &Model, look: &Look) -> Vec<Span<'static>> {
    let rows = model.view.checks.rows();
    let mut spans = Counts::of(rows.iter().filter_map(|row| row.verdict)).spans(look, true);
    let running = rows.iter().filter(|row| row.verdict.is_none()).count();
    if running > 0 {
        let gap = if spans.is_empty() { "" } else { "  " };
        spans.extend([Span::raw(gap), look.glyph(Glyph::Running), look.span(Role::Dim, format!(" {running}"))]);
    }
    spans
}

fn log_state(model: &Model, look: &Look) -> Vec<Span<'static>> {
    let mut words = Vec::new();
    if model.search.editing || model.search.is_active() {
        words.push(look.span(Role::Key, "/"));
        words.push(look.span(Role::Match, model.search.text.clone()));
    }
    if let Some(dropped) = model.log_text().map(|log| log.dropped).filter(|dropped| *dropped > 0) {
        let gap = if words.is_empty() { "" } else { "  " };
        words.push(look.span(Role::Dim, format!("{gap}{dropped} older lines left out")));
    }
    let mut state = Vec::new();
    if model.log.wrap {
        state.push("wrap");
    }
    if model.log.follow && model.is_running() {
        state.push("follow");
    }
    if !state.is_empty() {
        let gap = if words.is_empty() { "" } else { "  " };
        words.push(look.span(Role::Dim, format!("{gap}{}", state.join(" "))));
    }
    words
}

/// Where a search is typed: the end of the search's text within the log's rule.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if !model.search.editing {
        return None;
    }
    let area = model.places(around).horizontal?;
    let state: usize = log_state(model, &Look::of_roles(false)).iter().map(Span::width).sum();
    let typed = 1 + format::width(&model.search.text);
    // The words stand at the right end with a blank and a dash behind them.
    let x = usize::from(area.right()).saturating_sub(2 + state) + typed;
    Some(Position { x: u16::try_from(x).ok()?, y: area.y })
}

const STEPS: [Column; 6] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "", width: Width::Fixed(8), align: Align::Left, from: 0 },
    Column { title: "", width: Width::Fill(1), align: Align::Left, from: 0 },
    Column { title: "", width: Width::Fixed(8), align: Align::Right, from: 0 },
    Column { title: "", width: Width::Fixed(9), align: Align::Right, from: 0 },
    Column { title: "", width: Width::Fixed(4), align: Align::Left, from: 50 },
];

fn steps(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let rows = model.rows();
    let focused = model.focus.0 == Focus::Steps;
    let table = Table { look, columns: &STEPS, len: rows.len(), cursor: model.steps, focused, headed: false };
    let list = list_area(model, area);
    table.draw(list, buffer, |index| step_cells(model, look, around, &rows[index]));
    let below = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(list.height) + 1;
    let height = area.height.saturating_sub(below);
    let place = Rect { x: area.x + 2, y: area.y + below, width: area.width.saturating_sub(3), height };
    paragraph(look, &result_lines(model, look, result_columns(area)), place, buffer);
}

/// Columns for what came out.
fn result_columns(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(4))
}

/// The part of `area` the steps have: what came out of the bake stands below them, and never gives way to more than three.
pub(super) fn list_area(model: &Model, area: Rect) -> Rect {
    let lines = result_lines(model, &Look::of_roles(false), result_columns(area)).len();
    if lines == 0 {
        return area;
    }
    let below = u16::try_from(lines + 1).unwrap_or(u16::MAX);
    Rect { height: area.height.saturating_sub(below).max(3).min(area.height), ..area }
}

/// A step's name in titles.
pub(super) fn title_of(row: &StepRow) -> String {
    match (is_base(row), row.action.as_str()) {
        (true, _) => "base".to_owned(),
        (false, "") => row.id.0.clone(),
        (false, action) => format!("{} {action}", row.id.0),
    }
}

/// Whether the step makes a base present: no recipe asks for it.
pub(super) fn is_base(row: &StepRow) -> bool {
    row.action.is_empty() && (row.id.0 == "base" || row.id.0.ends_with("-base"))
}

/// The glyph of a step's state.
pub(super) fn glyph_of(state: &StepState) -> Glyph {
    match state {
        StepState::Waiting => Glyph::Waiting,
        StepState::Running => Glyph::Running,
        StepState::Cached => Glyph::Done,
        StepState::Done { .. } => Glyph::Pass,
        StepState::Failed { .. } => Glyph::Fail,
        StepState::Stopped => Glyph::Warn,
    }
}

fn step_cells(model: &Model, look: &Look, around: &Around, row: &StepRow) -> Vec<Line<'static>> {
    let is_base = is_base(row);
    let waiting = row.state == StepState::Waiting;
    let role = if waiting { Role::Dim } else { Role::Text };
    let action = match (is_base, row.action.as_str()) {
        (true, _) => "base",
        (false, "") => row.id.0.as_str(),
        (false, action) => action,
    };
    let several = model.view.plan.as_ref().is_some_and(|plan| plan.platforms.len() > 1);
    let mut summary = match (&model.view.started, is_base) {
        (Some(started), true) => vec![look.span(role, started.base.clone())],
        _ => vec![look.span(role, row.summary.clone())],
    };
    if several {
        let platform = row
            .platform
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_else(|| row.id.0.trim_end_matches("-base").to_owned());
        summary.insert(0, look.span(Role::Dim, format!("{platform}  ")));
    }
    let layer = model.view.layers.rows().iter().find(|layer| layer.sealed.step == row.id);
    let base = base_of(model, row);
    let size = match (layer.map(|layer| layer.blob()), is_base) {
        (_, true) => base.map(|base| units::bytes(base.size)),
        (Some(Some(blob)), _) => Some(units::bytes(blob.descriptor.size)),
        (Some(None), _) => Some("no layer".to_owned()),
        (None, _) if row.state == StepState::Running => match seen_bytes(model, row) {
            // What it passes through (the layers below being extracted) is not what it leaves.
            Some(seen) if row.throughput.total.is_none() => Some(seen),
            seen if row.throughput.done == 0 => seen,
            _ => Some(units::bytes(row.throughput.done)),
        },
        (None, _) => None,
    };
    let (origin, role_of_origin, count) = match is_base {
        true => {
            let (glyph, role) = origin(model.view.started.as_ref().map_or("", |started| &started.base));
            (glyph, role, base.map_or(0, |base| base.layers.clamp(1, 4)))
        }
        false => (Glyph::Local, Role::Local, usize::from(layer.is_some_and(|layer| layer.blob().is_some()))),
    };
    let signs = look.span(role_of_origin, origin.text(look.ascii).repeat(count));
    vec![
        Line::from(look.glyph(glyph_of(model.state_of(row)))),
        Line::from(look.span(if waiting { Role::Dim } else { Role::Strong }, action)),
        Line::from(summary),
        Line::from(time_of(model, look, around, row)),
        Line::from(look.span(role, size.unwrap_or_default())),
        Line::from(signs),
    ]
}

/// What a running step has put so far.
fn seen_bytes(model: &Model, row: &StepRow) -> Option<String> {
    let bytes = model.changed.of(&row.id)?.0.totals().bytes;
    (bytes > 0).then(|| units::bytes(bytes))
}

/// What a base's row brings: its platform's layers.
fn base_of<'a>(model: &'a Model, row: &StepRow) -> Option<&'a PlannedBase> {
    let plan = model.view.plan.as_ref()?;
    plan.platforms.iter().find(|part| plan.base_step(&part.platform) == row.id)?.base.as_ref()
}

/// How long a step took or has taken; how far it is where that is known.
fn time_of(model: &Model, look: &Look, around: &Around, row: &StepRow) -> Vec<Span<'static>> {
    match model.state_of(row) {
        StepState::Cached => vec![look.span(Role::Dim, "cached")],
        StepState::Done { millis } | StepState::Failed { millis, .. } => {
            vec![look.span(Role::Text, units::millis(*millis))]
        }
        StepState::Running => match row.throughput.fraction() {
            Some(fraction) => meter(look, fraction, 8).to_vec(),
            None => vec![look.span(Role::Accent, since(model, around, row.started_at.as_deref()))],
        },
        StepState::Stopped => vec![look.span(Role::Warn, "stopped")],
        StepState::Waiting => Vec::new(),
    }
}

/// What came out of the bake, and what to do next.
fn result_lines(model: &Model, look: &Look, columns: usize) -> Vec<Line<'static>> {
    let dim = |text: String| Line::from(look.span(Role::Dim, text));
    let mut lines = Vec::new();
    if let Some(committed) = &model.view.committed {
        let layers = &model.view.layers;
        lines.push(Line::from(vec![
            look.glyph(Glyph::Pass),
            look.span(Role::Text, " in the local store  "),
            look.span(Role::Dim, committed.image.digest.short()),
        ]));
        let made = units::count(layers.made() as u64, "layer");
        lines.push(dim(format!(
            "  {made} new, {} cached{}{}",
            layers.added() - layers.made(),
            look.dot(),
            units::bytes(layers.size())
        )));
        if model.status() == Some(BakeStatus::Ok) {
            lines.push(dim("  1 the store has it, y copies its digest".to_owned()));
        }
    }
    if let Some(failure) = model.view.outcome.as_ref().and_then(|outcome| outcome.failure.as_ref()) {
        let glyph = if model.status() == Some(BakeStatus::Cancelled) { Glyph::Warn } else { Glyph::Fail };
        let message = format::wrap(&failure.message, columns.saturating_sub(2));
        for (number, text) in message.into_iter().take(2).enumerate() {
            let first = if number == 0 { look.glyph(glyph) } else { look.span(Role::Text, " ") };
            lines.push(Line::from(vec![first, look.span(Role::Text, format!(" {text}"))]));
        }
        // What happened, and the last words: all that was said stands with the step.
        let causes = &failure.causes;
        for text in causes.iter().take(1).chain(causes.iter().skip(1).next_back()).chain(&failure.help) {
            lines.extend(
                format::wrap(text, columns.saturating_sub(2)).into_iter().take(2).map(|line| dim(format!("  {line}"))),
            );
        }
    }
    if model.standing == Standing::Lost {
        lines.push(Line::from(vec![
            look.glyph(Glyph::Unknown),
            look.span(Role::Text, " its worker is gone and left no end"),
        ]));
        lines.push(dim("  b bakes it again: finished steps come from the cache".to_owned()));
    }
    lines
}

fn log(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(text) = model.log_text().filter(|text| !text.is_empty()) else {
        let said = if model.selected().is_some_and(|row| row.state == StepState::Running) {
            "nothing written yet"
        } else {
            "this step wrote nothing"
        };
        buffer.set_span(area.x + 1, area.y, &look.span(Role::Dim, said), area.width.saturating_sub(1));
        return;
    };
    let (columns, height) = (usize::from(area.width.saturating_sub(1)), usize::from(area.height));
    let mut shown: Vec<Line<'static>> = Vec::new();
    let line = |index: usize| text.line(index).unwrap_or_default();
    let first = model.log.first(text.len(), height);
    for index in first..text.len().min(first + height) {
        let full = line(index);
        if model.log.wrap {
            for (number, part) in format::wrap(&full, columns.saturating_sub(2)).into_iter().enumerate() {
                let mut line = marked(look, Role::Text, &part, model.search.mark(&part));
                // What goes on below hangs, so that the beginnings of lines can be told.
                if number > 0 {
                    line.spans.insert(0, look.span(Role::Text, "  "));
                }
                shown.push(line);
            }
        } else {
            let hit = model.search.mark(&full);
            shown.push(cut(look, &marked(look, Role::Text, &full, hit), columns));
        }
    }
    // Wrapped lines are more than fit: the end is what is followed.
    let skip = if model.log.follow { shown.len().saturating_sub(height) } else { 0 };
    for (y, line) in (area.top()..area.bottom()).zip(shown.iter().skip(skip)) {
        buffer.set_line(area.x + 1, y, line, area.width.saturating_sub(1));
    }
}
