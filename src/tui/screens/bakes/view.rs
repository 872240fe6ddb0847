//! How the Bakes screen looks: one row a bake, the selected one below. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{Model, Reading};
use crate::domain::journal::BakeStatus;
use crate::domain::projection::{ShelfRow, ShelfStatus, millis_of};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, cut, marked, marked_cells, meter_of};

const COLUMNS: [Column; 8] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "bake", width: Width::Fixed(8), align: Align::Left, from: 70 },
    Column { title: "image", width: Width::Fill(7), align: Align::Image(0), from: 0 },
    Column { title: "engine", width: Width::Fixed(10), align: Align::Left, from: 100 },
    Column { title: "took", width: Width::Fixed(7), align: Align::Right, from: 0 },
    Column { title: "outcome", width: Width::Fill(5), align: Align::Left, from: 0 },
    Column { title: "begun", width: Width::Fixed(6), align: Align::Right, from: 0 },
    Column { title: "by", width: Width::Fixed(18), align: Align::Left, from: 110 },
];

/// From this width on, the names of engines have more room.
const ROOMY: u16 = 170;

/// Where bakes of several workspaces show, each says whose it is; the ID has room beside that from here on.
const BESIDE: u16 = 100;

/// The columns of a table this wide.
fn columns(width: u16, is_mixed: bool) -> Vec<Column> {
    let mut columns = COLUMNS.to_vec();
    if width >= ROOMY {
        columns[3].width = Width::Fixed(22);
    }
    if is_mixed {
        columns[1].from = BESIDE;
        let fixed = Width::Fixed(if width >= ROOMY { 24 } else { 13 });
        columns.insert(2, Column { title: "workspace", width: fixed, align: Align::Left, from: 0 });
    }
    columns
}

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let (running, lost) = (model.count(ShelfStatus::Running), model.count(ShelfStatus::Lost));
    let day = around.now.to_offset(time::UtcOffset::UTC).date().to_string();
    let today = model.asked_for().filter(|row| row.started.starts_with(&day)).count();
    let mut verdict: Vec<Span<'static>> = Vec::new();
    if !model.marked.is_empty() {
        verdict.push(look.span(Role::Accent, format!("{} marked", model.marked.len())));
        verdict.push(look.span(Role::Dim, look.dot()));
    }
    if running > 0 {
        verdict.push(look.span(Role::Accent, format!("{running} running")));
        verdict.push(look.span(Role::Dim, look.dot()));
    }
    match &model.reading {
        Reading::Not | Reading::Going => {
            verdict.extend([look.span(Role::Dim, "reading "), look.glyph(Glyph::Running)]);
        }
        Reading::Done => verdict.push(look.span(Role::Dim, format!("{today} today"))),
        Reading::Failed(_) => verdict.extend([look.span(Role::Fail, "unreadable "), look.glyph(Glyph::Fail)]),
    }
    let away = model.elsewhere().filter(|row| row.status == ShelfStatus::Running).count();
    if away > 0 && !model.is_everywhere {
        verdict.push(look.span(Role::Dim, format!("{}{away} running elsewhere", look.dot())));
    }
    if lost > 0 {
        verdict.push(look.span(Role::Dim, look.dot()));
        verdict.push(look.span(Role::Unknown, format!("{lost} lost")));
    }
    let here = if model.is_everywhere { " of all workspaces" } else { " of this workspace" };
    let here = if model.elsewhere().next().is_some() { here } else { "" };
    let what = |is_short| {
        let here = if is_short { "" } else { here };
        vec![look.span(Role::Strong, "bakes"), look.span(Role::Dim, here)]
    };
    Subject::fitting(look, around.body.width, verdict, |room| model.filter.spans(look, room), what)
}

/// Where the filter is typed.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if !model.filter.editing {
        return None;
    }
    subject(model, &Look::of_roles(false), around).end(around.body.width)
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    let (pool, below) = model.below_pool(around);
    if !pool.is_empty() {
        super::pool_view::draw(model, look, around, pool, buffer);
    }
    if model.is_empty() {
        return empty(model, look, below, buffer);
    }
    let panes = model.panes(around);
    panes.draw_rule(look, buffer);
    let focused = model.detail.is_some();
    if let Some(area) = panes.list(focused) {
        let columns = columns(area.width, model.is_mixed());
        let table =
            Table { look, columns: &columns, len: model.len(), cursor: model.cursor, focused: !focused, headed: true };
        table.draw(area, buffer, |index| {
            model.row(index).map(|row| cells(model, look, around, row)).unwrap_or_default()
        });
        let is_marked = |index| model.row(index).is_some_and(|row| model.marked.contains(&row.bake));
        table.draw_marks(area, buffer, is_marked);
    }
    if let Some(area) = panes.detail(focused) {
        let from = model.detail.unwrap_or(0);
        for (place, lines) in model.detail_columns(look, around, area) {
            for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(from)) {
                buffer.set_line(place.x, y, &cut(look, line, usize::from(place.width)), place.width);
            }
        }
    }
}

/// What to do where nothing is.
fn empty(model: &Model, look: &Look, body: Rect, buffer: &mut Buffer) {
    let (glyph, lines) = match &model.reading {
        Reading::Not | Reading::Going => (Glyph::Running, vec![(Role::Dim, "reading the shelf".to_owned())]),
        Reading::Failed(report) => {
            let mut lines = vec![(Role::Text, report.message.clone())];
            lines.extend(report.causes.iter().chain(&report.help).map(|text| (Role::Dim, text.clone())));
            lines.push((Role::Dim, "r reads it again".into()));
            (Glyph::Fail, lines)
        }
        Reading::Done if model.filter.is_active() => {
            let mut lines = vec![(Role::Dim, "no such bake; Esc shows all".to_owned())];
            lines.extend(others(model));
            (Glyph::Unasked, lines)
        }
        Reading::Done => {
            let lines = [
                (Role::Text, "nothing baked yet"),
                (Role::Dim, "choose a recipe on screen 2 and press b"),
                (Role::Dim, "bakes of other terminals show here too: bakery bake RECIPE"),
            ];
            let mut lines = lines.map(|(role, text)| (role, text.to_owned())).to_vec();
            lines.extend(others(model));
            (Glyph::Unasked, lines)
        }
    };
    let room = usize::from(body.width.saturating_sub(6));
    let wrapped = lines.into_iter().flat_map(|(role, text)| {
        format::wrap(&text, room).into_iter().map(move |line| (role, line)).collect::<Vec<_>>()
    });
    buffer.set_span(body.x + 2, body.y + 1, &look.glyph(glyph), 2);
    for (y, (role, line)) in (body.y + 1..body.bottom()).zip(wrapped) {
        buffer.set_span(body.x + 5, y, &look.span(role, line), body.width.saturating_sub(5));
    }
}

/// What leads to bakes of other workspaces, where there are some that do not show.
fn others(model: &Model) -> Option<(Role, String)> {
    let others = model.elsewhere().count() as u64;
    let text = format!("a shows {} of other workspaces too", units::count(others, "bake"));
    (others > 0 && !model.is_everywhere).then_some((Role::Dim, text))
}

/// The sign of where a bake stands.
pub(super) fn sign(status: ShelfStatus) -> Glyph {
    match status {
        ShelfStatus::Running => Glyph::Running,
        ShelfStatus::Lost => Glyph::Unknown,
        ShelfStatus::Finished(BakeStatus::Ok) => Glyph::Pass,
        ShelfStatus::Finished(BakeStatus::Cancelled) => Glyph::Unasked,
        ShelfStatus::Finished(BakeStatus::Failed | BakeStatus::Rejected) => Glyph::Fail,
    }
}

/// `01…QX7Q`: what an ID begins with is when it was made, what it ends with is chance, which tells two apart.
fn short(look: &Look, id: &str) -> String {
    match (id.get(..2), id.get(id.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) if id.len() > 8 => format!("{start}{}{end}", look.ellipsis()),
        _ => id.to_owned(),
    }
}

/// How long it took, or has taken up to now.
pub(super) fn took(row: &ShelfRow, around: &Around) -> String {
    if row.status == ShelfStatus::Running {
        let now = around.now.unix_timestamp() * 1000 + i64::from(around.now.millisecond());
        let since = millis_of(&row.started).and_then(|from| u64::try_from(now - from).ok());
        return format::clock(since.unwrap_or(0).max(row.millis));
    }
    if row.millis < 59_950 { units::millis(row.millis) } else { format::clock(row.millis) }
}

fn cells(model: &Model, look: &Look, around: &Around, row: &ShelfRow) -> Vec<Line<'static>> {
    let (user, host, _) = &row.place;
    let (short, on) = (short(look, &row.bake), row.baked_on());
    let mut cells = vec![
        Line::from(look.glyph(sign(row.status))),
        marked(look, Role::Dim, &short, model.filter.mark(&short)),
        marked(look, Role::Text, &row.reference, model.filter.mark(&row.reference)),
        marked(look, Role::Dim, &on, model.filter.mark(&on).filter(|_| !row.builders.is_empty())),
        Line::from(look.span(Role::Text, took(row, around))),
        marked_cells(look, &model.filter, vec![outcome(look, around, row)]).pop().unwrap_or_default(),
        Line::from(look.span(Role::Dim, format::age(Some(&row.started), around.now))),
        Line::from(look.span(Role::Dim, format!("{user}@{host}"))),
    ];
    if model.is_mixed() {
        let workspace = model.workspace(row);
        cells.insert(2, marked(look, Role::Dim, workspace, model.filter.mark(workspace)));
    }
    cells
}

/// How far it is, or what came of it.
fn outcome(look: &Look, around: &Around, row: &ShelfRow) -> Line<'static> {
    let (over, all) = row.steps;
    let text = |role: Role, text: String| Line::from(look.span(role, text));
    match row.status {
        ShelfStatus::Running if all == 0 => text(Role::Dim, "begins".into()),
        ShelfStatus::Running => {
            let width = around.body.width;
            let mut spans = meter_of(look, (over, all), if width >= 76 { 8 } else { 4 }).to_vec();
            let word = if width >= 90 { "  step " } else { " " };
            spans.push(look.span(Role::Text, format!("{word}{} of {all}", (over + 1).min(all))));
            Line::from(spans)
        }
        ShelfStatus::Lost => text(Role::Unknown, "lost: worker gone".into()),
        ShelfStatus::Finished(BakeStatus::Ok) => {
            let cached = if row.cached > 0 { format!("cached {}  ", row.cached) } else { String::new() };
            text(Role::Dim, format!("{cached}+{}", units::bytes(row.new_bytes)))
        }
        ShelfStatus::Finished(BakeStatus::Cancelled) => text(Role::Dim, "cancelled".into()),
        ShelfStatus::Finished(status @ (BakeStatus::Rejected | BakeStatus::Failed)) => {
            let why = row.rejected_by.clone().filter(|_| status == BakeStatus::Rejected);
            let why = why.or_else(|| row.failure.as_ref().map(|failure| failure.message.clone()));
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            text(Role::Fail, format!("{}{why}", status.as_str()))
        }
    }
}
