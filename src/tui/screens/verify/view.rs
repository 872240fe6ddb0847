//! How the Verify screen looks: the chain at the left, root first, what is selected at the right. Only reads.
//!
//! Badges have the first cells of each row, line 2 has its own at the right: nothing an image supplies stands there.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::detail::origin;
use super::{Model, Row, Standing};
use crate::domain::text::escape;
use crate::domain::trust::{CheckVerdict, Level};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Counts, Table, badge, cut, glyph_of_verdict, marked};

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let verdict = verdict(model, look);
    // What does not fit goes without store and team, which the rows below show.
    let what = |short| what(model, look, around, short);
    Subject::fitting(look, around.body.width, verdict, |room| model.filter.spans(look, room), what)
}

fn what(model: &Model, look: &Look, around: &Around, short: bool) -> Vec<Span<'static>> {
    let Some(asked) = &model.asked else { return vec![look.span(Role::Strong, "verify")] };
    let store = asked.split('/').next().unwrap_or("");
    let is_local = match model.level(0) {
        Some(level) => level.is_local,
        None => around.stores.iter().any(|known| known.name == store && known.is_local),
    };
    let (glyph, role) = if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
    let name = escape(if short { asked.rsplit('/').next().unwrap_or(asked) } else { asked });
    vec![look.glyph(glyph), look.span(role, format!(" {name}"))]
}

/// What it comes to. What was found before is told as such while it is looked at again.
fn verdict(model: &Model, look: &Look) -> Vec<Span<'static>> {
    let found = model.verified.as_ref().map(|verified| (verified.verdict, words(verified.verdict, model.counts())));
    match (&model.standing, found) {
        (Standing::Nothing, _) => Vec::new(),
        (Standing::Going, None) => vec![look.glyph(Glyph::Running), look.span(Role::Dim, " verifying")],
        (Standing::Going, Some((_, before))) => vec![
            look.glyph(Glyph::Running),
            look.span(Role::Accent, " verifying again"),
            look.span(Role::Dim, format!("{}before: {before}", look.dot())),
        ],
        (Standing::Stopped, None) => vec![look.glyph(Glyph::Unknown), look.span(Role::Unknown, " given up")],
        (Standing::Stopped, Some((_, before))) => vec![
            look.glyph(Glyph::Unknown),
            look.span(Role::Unknown, " given up"),
            look.span(Role::Dim, format!("{}before: {before}", look.dot())),
        ],
        (Standing::Failed(_), _) => {
            vec![look.glyph(Glyph::Unknown), look.span(Role::Unknown, " cannot be verified")]
        }
        (Standing::There, Some((verdict, words))) => {
            let glyph = glyph_of_verdict(Some(verdict));
            vec![look.glyph(glyph), look.span(glyph.role(), format!(" {words}"))]
        }
        (Standing::There, None) => Vec::new(),
    }
}

/// `rejected: 1 of 14 checks failed`.
fn words(verdict: CheckVerdict, counts: Counts) -> String {
    let asked = counts.asked();
    match verdict {
        CheckVerdict::Fail if counts.unknown > 0 => {
            format!("rejected: {} of {asked} checks failed, {} unknown", counts.fail, counts.unknown)
        }
        CheckVerdict::Fail => format!("rejected: {} of {asked} checks failed", counts.fail),
        CheckVerdict::Unknown if asked == 0 => "unknown: nothing could be checked".to_owned(),
        CheckVerdict::Unknown => format!("unknown: {} of {asked} checks", counts.unknown),
        CheckVerdict::Warn => format!("passed with {}", units::count(counts.warn as u64, "warning")),
        CheckVerdict::Pass => format!("verified: {}", units::count(asked as u64, "check")),
        CheckVerdict::Skip => "nothing was asked for".to_owned(),
    }
}

/// Where the filter is typed: after the words of line 2, which begin in column 2.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if !model.filter.editing {
        return None;
    }
    subject(model, &Look::of_roles(false), around).end(around.body.width)
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    if model.verified.is_none() || matches!(model.standing, Standing::Failed(_)) {
        return instead(model, look, around.body, buffer);
    }
    let panes = model.panes(around);
    panes.draw_rule(look, buffer);
    let focused = model.detail.is_some();
    if let Some(area) = panes.list(focused) {
        list(model, look, area, buffer);
    }
    if let Some(area) = panes.detail(focused) {
        detail(model, look, area, buffer);
    }
}

fn list(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let focused = model.detail.is_none();
    let table = Table { look, columns: &[], len: model.rows().len(), cursor: model.cursor, focused, headed: false };
    let width = usize::from(Table::row_width(area));
    let ids = id_width(model, width);
    table.draw(area, buffer, |index| match model.rows()[index] {
        Row::Level(number) => level_row(model, look, number, width),
        row => check_row(model, look, row, (ids, width)),
    });
    if model.rows().is_empty() {
        let text = "nothing of that; Esc shows all";
        buffer.set_span(area.x + 2, area.y, &look.span(Role::Dim, text), area.width.saturating_sub(3));
    }
}

/// Columns for the checks' names: as many as the longest takes, wherever it is.
fn id_width(model: &Model, width: usize) -> usize {
    let levels = model.verified.iter().flat_map(|verified| &verified.chain);
    let widest = levels.flat_map(|level| &level.checks).map(|check| format::width(&check.id)).max().unwrap_or(0);
    widest.min(width / 2)
}

/// Levels are drawn further in up to here.
const DEEPEST: usize = 8;

/// How far in a level stands: the root not at all.
fn depth(model: &Model, number: usize) -> usize {
    let all = model.verified.as_ref().map_or(0, |verified| verified.chain.len());
    all.saturating_sub(number + 1).min(DEEPEST)
}

/// `✔ └─◆ global/python:3.12                 ✔ 6`.
fn level_row(model: &Model, look: &Look, number: usize, width: usize) -> Vec<Line<'static>> {
    let Some(level) = model.level(number) else { return Vec::new() };
    let depth = depth(model, number);
    let (glyph, role) = origin(level);
    let mut spans = badge(look, glyph_of_verdict(Some(level.verdict()))).to_vec();
    if depth > 0 {
        let branch = if look.ascii { "+-" } else { "└─" };
        spans.push(Span::raw("  ".repeat(depth - 1)));
        spans.push(Span::styled(branch, look.style(Role::Rule)));
    }
    spans.extend([look.glyph(glyph), Span::raw(" ")]);
    let counts = counts(look, level, width);
    let end = Line::from(counts.clone()).width();
    let used: usize = spans.iter().map(Span::width).sum();
    let fold = if model.is_open(number) || level.checks.is_empty() { "" } else { look.fold(false) };
    let room = width.saturating_sub(used + end + 1 + format::width(fold) + 1);
    let shown = format::tail(&level.reference, room, look.ellipsis());
    let mut used = used + format::width(&shown);
    let found = model.filter.mark(&shown);
    spans.extend(marked(look, role, &shown, found).spans);
    if !fold.is_empty() {
        spans.push(Span::styled(format!(" {fold}"), look.style(Role::Dim)));
        used += 1 + format::width(fold);
    }
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + end))));
    spans.extend(counts);
    vec![Line::from(spans)]
}

fn counts(look: &Look, level: &Level, width: usize) -> Vec<Span<'static>> {
    Counts::of(level.checks.iter().map(|check| check.finding.verdict)).spans(look, width >= 48)
}

/// `✖       lineage.contract  /etc/ssl/openssl.cnf: …`.
fn check_row(model: &Model, look: &Look, row: Row, (ids, width): (usize, usize)) -> Vec<Line<'static>> {
    let Some((_, check)) = model.check(row) else { return Vec::new() };
    let depth = depth(model, row.level());
    let mut spans = badge(look, glyph_of_verdict(Some(check.finding.verdict))).to_vec();
    spans.push(Span::raw("  ".repeat(depth)));
    // The line to the image built on this one passes by.
    let stem = if row.level() > 0 { look.vertical() } else { " " };
    spans.push(Span::styled(format!("{stem}  "), look.style(Role::Rule)));
    let is_asked = check.finding.verdict != CheckVerdict::Skip;
    let shown = format::left(&check.id, ids, look.ellipsis());
    let found = model.filter.mark(&shown);
    spans.extend(marked(look, if is_asked { Role::Text } else { Role::Dim }, &shown, found).spans);
    spans.push(Span::raw("  "));
    let said = check.finding.evidence.first().cloned().unwrap_or_else(|| check.finding.reason.to_string());
    let found = model.filter.mark(&said);
    spans.extend(marked(look, Role::Dim, &said, found).spans);
    vec![cut(look, &Line::from(spans), width)]
}

fn detail(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let lines = model.detail_lines(look, columns);
    let from = model.detail.unwrap_or(0).min(lines.len());
    for (y, line) in (area.y..area.bottom()).zip(&lines[from..]) {
        buffer.set_line(area.x, y, &cut(look, line, columns), area.width);
    }
    let below = lines.len().saturating_sub(from + usize::from(area.height));
    if below > 0 && area.height > 1 {
        // The last line gives way to what is not shown.
        let how = if model.detail.is_some() { "" } else { ": Enter, then j" };
        let y = area.bottom() - 1;
        buffer.set_style(Rect { y, height: 1, ..area }, ratatui::style::Style::reset());
        let text = format::left(&format!("  {} {} more{how}", look.ellipsis(), below + 1), columns, look.ellipsis());
        buffer.set_span(area.x, y, &look.span(Role::Dim, text), area.width);
    }
    if model.detail.is_some() && area.x > 1 {
        // Which pane has the keys.
        buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
    }
}

/// What to do where nothing is, and why something is not.
fn instead(model: &Model, look: &Look, body: Rect, buffer: &mut Buffer) {
    let dim = |text: &str| (Role::Dim, text.to_owned());
    let (glyph, lines): (Glyph, Vec<(Role, String)>) = match &model.standing {
        Standing::Nothing | Standing::There => {
            let first = (Role::Text, "nothing is verified yet".to_owned());
            let store = "1 the store: v verifies the selected image, its base, its base's base";
            let bakes = "2 recipes, 3 a bake, 7 bakes: v verifies the image that was made";
            (Glyph::Unasked, vec![first, dim(store), dim(bakes)])
        }
        Standing::Going => {
            let text = "looking at signatures, layers and bases, down to the root";
            (Glyph::Running, vec![dim(text), dim("Ctrl-c gives it up")])
        }
        Standing::Stopped => {
            let first = (Role::Text, "given up before its end: nothing is known of it".to_owned());
            (Glyph::Unknown, vec![first, dim("r verifies it")])
        }
        Standing::Failed(report) => {
            let mut lines = vec![(Role::Text, report.message.clone())];
            lines.extend(report.causes.iter().map(|text| dim(text)));
            lines.extend(report.help.iter().map(|text| (Role::Text, text.clone())));
            lines.push(dim("r verifies it again; what cannot be verified is not trusted"));
            (Glyph::Fail, lines)
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
