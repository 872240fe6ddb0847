//! How the Bakes screen looks: one row a bake, the selected one in full. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Model;
use super::detail::lines;
use crate::domain::journal::BakeStatus;
use crate::domain::projection::{ShelfRow, ShelfStatus, millis_of};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, cut, marked, meter};

const COLUMNS: [Column; 6] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "image", width: Width::Fill(3), align: Align::Left, from: 0 },
    Column { title: "bake", width: Width::Fixed(8), align: Align::Left, from: 76 },
    Column { title: "time", width: Width::Fixed(8), align: Align::Right, from: 0 },
    Column { title: "outcome", width: Width::Fill(2), align: Align::Left, from: 52 },
    Column { title: "began", width: Width::Fixed(6), align: Align::Right, from: 44 },
];

/// The glyph of a bake's state.
pub(super) fn glyph_of(status: ShelfStatus) -> Glyph {
    match status {
        ShelfStatus::Running => Glyph::Running,
        ShelfStatus::Lost => Glyph::Unknown,
        ShelfStatus::Finished(BakeStatus::Ok) => Glyph::Pass,
        ShelfStatus::Finished(BakeStatus::Cancelled) => Glyph::Warn,
        ShelfStatus::Finished(BakeStatus::Failed | BakeStatus::Rejected) => Glyph::Fail,
    }
}

/// Milliseconds a bake took, or has taken by now.
pub(super) fn millis_by(row: &ShelfRow, around: &Around) -> u64 {
    let now = i64::try_from(around.now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    match (row.status, millis_of(&row.started)) {
        (ShelfStatus::Running, Some(from)) => u64::try_from(now - from).unwrap_or(row.millis),
        _ => row.millis,
    }
}

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let mut what = vec![look.span(Role::Strong, "bakes")];
    if model.filter.editing || model.filter.is_active() {
        what.push(look.span(Role::Key, "  /"));
        what.push(look.span(Role::Match, model.filter.text.clone()));
    }
    let running = model.count(|status| *status == ShelfStatus::Running);
    let lost = model.count(|status| *status == ShelfStatus::Lost);
    let today = format!("{:04}-{:02}-{:02}", around.now.year(), u8::from(around.now.month()), around.now.day());
    let since = model.rows.iter().filter(|row| row.started.starts_with(&today)).count();
    let mut verdict = Vec::new();
    if running > 0 {
        verdict.push(look.span(Role::Accent, format!("{running} running")));
        verdict.push(look.span(Role::Dim, look.dot()));
    }
    verdict.push(look.span(Role::Dim, format!("{since} today")));
    if lost > 0 {
        verdict.push(look.span(Role::Dim, look.dot()));
        verdict.push(look.span(Role::Unknown, format!("{lost} lost")));
    }
    Subject { what, verdict }
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    if let Some(text) = instead(model, look) {
        for (y, line) in (around.body.y + 1..around.body.bottom()).zip(&text) {
            let width = around.body.width.saturating_sub(3);
            buffer.set_line(around.body.x + 2, y, &cut(look, line, usize::from(width)), width);
        }
        return;
    }
    let panes = model.panes(around);
    panes.draw_rule(look, buffer);
    if let Some(area) = panes.list(model.detail) {
        list(model, look, around, area, buffer);
    }
    if let Some(area) = panes.detail(model.detail) {
        let Some(row) = model.selected() else { return };
        for (y, line) in (area.top()..area.bottom()).zip(lines(row, look, around, usize::from(area.width))) {
            buffer.set_line(area.x, y, &cut(look, &line, usize::from(area.width)), area.width);
        }
    }
}

fn instead(model: &Model, look: &Look) -> Option<Vec<Line<'static>>> {
    let dim = |text: &str| Line::from(look.span(Role::Dim, text));
    if let Some(report) = &model.failure {
        let mut lines =
            vec![Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Text, format!(" {}", report.message))])];
        lines.extend(report.causes.iter().chain(&report.help).map(|text| dim(text)));
        lines.push(dim("r reads the shelf again"));
        return Some(lines);
    }
    if !model.read {
        return Some(vec![dim("reading the shelf")]);
    }
    if model.rows.is_empty() {
        return Some(vec![
            Line::from(look.span(Role::Text, "No bakes yet.")),
            Line::default(),
            Line::from(vec![
                look.span(Role::Key, "2"),
                look.span(Role::Dim, "  the recipes: choose one and press "),
                look.span(Role::Key, "b"),
            ]),
            dim("Bakes started in other terminals appear here by themselves."),
        ]);
    }
    model.is_empty().then(|| vec![dim("no bake of that name; Esc shows all")])
}

fn list(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let table =
        Table { look, columns: &COLUMNS, len: model.len(), cursor: model.cursor, focused: !model.detail, headed: true };
    table.draw(area, buffer, |index| model.row(index).map(|row| cells(model, look, around, row)).unwrap_or_default());
}

fn cells(model: &Model, look: &Look, around: &Around, row: &ShelfRow) -> Vec<Line<'static>> {
    let running = row.status == ShelfStatus::Running;
    let millis = millis_by(row, around);
    let time = if running { format::clock(millis) } else { units::millis(millis) };
    vec![
        Line::from(look.glyph(glyph_of(row.status))),
        marked(look, Role::Text, &row.reference, model.filter.mark(&row.reference)),
        Line::from(look.span(Role::Dim, short(&row.bake))),
        Line::from(look.span(if running { Role::Accent } else { Role::Text }, time)),
        outcome(look, row),
        Line::from(look.span(Role::Dim, format::age(Some(&row.started), around.now))),
    ]
}

/// `01JD…7Q`.
pub(super) fn short(bake: &str) -> String {
    match (bake.get(..4), bake.len().checked_sub(2).and_then(|at| bake.get(at..))) {
        (Some(first), Some(last)) if bake.len() > 8 => format!("{first}…{last}"),
        _ => bake.to_owned(),
    }
}

fn outcome(look: &Look, row: &ShelfRow) -> Line<'static> {
    let (over, all) = row.steps;
    match row.status {
        ShelfStatus::Running if all > 0 => {
            #[allow(clippy::cast_precision_loss, reason = "a bar is as exact as its columns")]
            let fraction = over as f64 / all as f64;
            let [full, open] = meter(look, fraction, 6);
            Line::from(vec![full, open, look.span(Role::Dim, format!(" {over} of {all}"))])
        }
        ShelfStatus::Running => Line::from(look.span(Role::Dim, "beginning")),
        ShelfStatus::Lost => Line::from(look.span(Role::Unknown, "lost: worker gone")),
        ShelfStatus::Finished(BakeStatus::Ok) => {
            Line::from(look.span(Role::Dim, row.digest.as_ref().map(|digest| digest.short()).unwrap_or_default()))
        }
        ShelfStatus::Finished(status) => {
            let why = row.failure.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
            let role = if status == BakeStatus::Cancelled { Role::Warn } else { Role::Fail };
            Line::from(vec![look.span(role, status.as_str()), look.span(Role::Dim, why)])
        }
    }
}
