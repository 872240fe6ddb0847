//! How the Lineage screen looks: tree or table at the left, what is selected or was asked at the right. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::{Circle, Model, Onto, Reading, live, table, tree};
use crate::domain::lineage::Holder;
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{cut, marked, selected_bar, typed};

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    if model.live.is_open {
        return live::subject(&model.live, look, around);
    }
    let width = usize::from(around.body.width);
    let what = what(model, look, width);
    let used: usize = what.iter().map(Span::width).sum();
    // Words go first, then what is only interesting.
    let mut verdict = Vec::new();
    for roomy in [5, 4, 3, 2, 0] {
        verdict = totals(model, look, roomy);
        if used + verdict.iter().map(Span::width).sum::<usize>() + 8 <= width {
            break;
        }
    }
    Subject { what, verdict }
}

fn what(model: &Model, look: &Look, width: usize) -> Vec<Span<'static>> {
    if let Some(onto) = &model.onto {
        let text = format!("{} would be ", escape(&onto.base));
        let mut spans = typed(look, "", &onto.typed.text, width.saturating_sub(format::width(&text) + 7));
        spans.insert(0, look.span(Role::Strong, text));
        return spans;
    }
    let mut spans = vec![look.span(Role::Strong, if model.is_table { "fleet" } else { "lineage" })];
    if let Some(circle) = &model.circle {
        let word = match circle {
            Circle::Heirs(_) => " built on ",
            Circle::Roots(_) => " down from ",
        };
        let name = format::fit(&escape(circle.name()), width / 3, look.ellipsis());
        spans.extend([look.span(Role::Dim, word), look.span(Role::Accent, name)]);
    }
    spans.extend(model.filter.spans(look, width / 3 + 4));
    spans
}

/// `3 global bases · 40 local images · 7 stale ⟳ · 1 blocked ✖`.
fn totals(model: &Model, look: &Look, roomy: u8) -> Vec<Span<'static>> {
    let facts = &model.facts;
    let of = |holder| facts.of_holder(holder).images;
    let mut parts: Vec<Vec<Span<'static>>> = Vec::new();
    let mut part = |role: Role, text: String, glyph: Option<Glyph>| {
        let mut spans = vec![look.span(role, text)];
        spans.extend(glyph.into_iter().flat_map(|glyph| [Span::raw(" "), look.glyph(glyph)]));
        parts.push(spans);
    };
    if !model.marked.is_empty() {
        part(Role::Accent, format!("{} marked", model.marked.len()), None);
    }
    if model.live.is_running()
        && let Some(progress) = &model.live.progress
    {
        let (_, _, _, left) = progress.counts();
        let all = progress.items.len();
        part(Role::Accent, format!("roll-out {} of {all}", all - left), Some(Glyph::Running));
    }
    if model.lineage.is_some() {
        if roomy > 1 && facts.totals().images > 0 {
            let words = |all: usize, long: &str, short: &str| match roomy {
                5 => count(all as u64, long),
                _ => format!("{all} {short}"),
            };
            part(Role::Dim, words(of(Holder::Global), "global base", "global"), None);
            part(Role::Dim, words(of(Holder::Local), "local image", "local"), None);
            if of(Holder::Team) > 0 && roomy > 3 {
                part(Role::Dim, format!("{} of teams", of(Holder::Team)), None);
            }
        }
        let all = facts.totals();
        match all.stale {
            0 if all.images > 0 => part(Role::Pass, "nothing stale".to_owned(), Some(Glyph::Pass)),
            0 => {}
            stale => part(Role::Stale, format!("{stale} stale"), Some(Glyph::Stale)),
        }
        if all.unknown > 0 {
            part(Role::Unknown, format!("{} unknown", all.unknown), Some(Glyph::Unknown));
        }
        let blocked = model.known.count().blocked;
        if blocked > 0 {
            part(Role::Fail, format!("{blocked} blocked"), Some(Glyph::Fail));
        }
        let unread = model.lineage.as_ref().map_or(0, |lineage| lineage.unread.len());
        if unread > 0 {
            part(Role::Fail, format!("{unread} unread"), Some(Glyph::Fail));
        }
    }
    match (model.reading.clone(), model.looked) {
        (Reading::Done, Some(looked)) if roomy > 2 => {
            part(Role::Dim, format!("looked {:02}:{:02} UTC", looked.hour(), looked.minute()), None);
        }
        (Reading::Going, _) => part(Role::Dim, "reading".to_owned(), Some(Glyph::Running)),
        (Reading::Stopped, _) => part(Role::Unknown, "given up".to_owned(), Some(Glyph::Unknown)),
        (Reading::Not | Reading::Done, _) => {}
    }
    let dot = look.span(Role::Dim, look.dot());
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(dot.clone());
        }
        spans.extend(part);
    }
    spans
}

/// Where text is typed: after the words of line 2, which begin in column 2.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if !(model.filter.editing || model.onto.is_some()) {
        return None;
    }
    subject(model, &Look::of_roles(false), around).end(around.body.width)
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    if model.live.is_open {
        return live::draw(&model.live, look, around, buffer);
    }
    let panes = model.panes(around);
    let right = model.is_right();
    if model.rows().is_empty() && !right {
        return instead(model, look, around.body, buffer);
    }
    panes.draw_rule(look, buffer);
    if let Some(area) = panes.list(right) {
        if model.rows().is_empty() {
            instead(model, look, area, buffer);
        } else if model.is_table {
            table::draw(model, look, around, (area, !right), buffer);
        } else {
            tree::draw(model, look, around, (area, !right), buffer);
            unread(model, look, area, buffer);
            table::totals_below(model, look, area, buffer);
        }
    }
    if let Some(area) = panes.detail(right) {
        at_the_right(model, look, around, area, buffer);
        if right && area.x > 1 {
            // Which pane has the keys.
            buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
        }
    }
}

fn at_the_right(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    if let Some(onto) = &model.onto {
        return choices(onto, look, area, buffer);
    }
    let (lines, below) = match &model.answer {
        Some(answer) => {
            let (lines, more) = answer.lines(look, (columns, rows));
            (lines, usize::from(more))
        }
        None => {
            let lines = model.detail_lines(look, around, columns);
            let from = model.detail.unwrap_or(0).min(lines.len());
            let below = lines.len().saturating_sub(from + rows);
            (lines[from..].to_vec(), below)
        }
    };
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        buffer.set_line(area.x, y, &cut(look, line, columns), area.width);
    }
    if below > 0 && rows > 1 {
        // The last line gives way to what is not shown.
        let text = match (&model.answer, model.detail) {
            (Some(_), _) => format!("  {} more: j", look.ellipsis()),
            (None, Some(_)) => format!("  {} {} more", look.ellipsis(), below + 1),
            (None, None) => format!("  {} {} more: o, then j", look.ellipsis(), below + 1),
        };
        let y = area.bottom() - 1;
        buffer.set_style(Rect { y, height: 1, ..area }, ratatui::style::Style::reset());
        let text = format::left(&text, columns, look.ellipsis());
        buffer.set_span(area.x, y, &look.span(Role::Dim, text), area.width);
    }
}

/// What a base could be, narrowed by what is typed.
fn choices(onto: &Onto, look: &Look, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let text = "What would become of all that is built on it? Choose what it would be, or type any reference.";
    let mut y = area.y;
    for line in format::wrap(text, columns.saturating_sub(2)) {
        if y < area.bottom() {
            buffer.set_span(area.x + 2, y, &look.span(Role::Text, line), area.width.saturating_sub(2));
        }
        y += 1;
    }
    y += 1;
    let all: Vec<&(String, String)> = onto.shown().collect();
    let rows = usize::from(area.bottom().saturating_sub(y));
    if all.is_empty() && y < area.bottom() {
        let text = "nothing known is called so: Enter takes what is typed";
        buffer.set_span(area.x + 2, y, &look.span(Role::Dim, text), area.width.saturating_sub(2));
    }
    for (y, index) in (y..area.bottom()).zip(onto.cursor.window(all.len(), rows)) {
        let (reference, note) = all[index];
        if index == onto.cursor.selected {
            selected_bar(look, true, Rect { y, height: 1, ..area }, buffer);
        }
        let mut line = marked(look, Role::Text, &escape(reference), onto.typed.mark(reference));
        line.spans.push(look.span(Role::Dim, format!("  {note}")));
        buffer.set_line(area.x + 2, y, &cut(look, &line, columns.saturating_sub(2)), area.width.saturating_sub(2));
    }
}

/// What could not be read, on the last rows of a list that leaves them free.
fn unread(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(lineage) = model.lineage.as_ref().filter(|lineage| !lineage.unread.is_empty()) else { return };
    let used = u16::try_from(model.rows().len() + 2).unwrap_or(u16::MAX);
    if used >= area.height {
        return;
    }
    let area = Rect { y: area.y + used, height: area.height - used, ..area };
    say(look, area, unread_lines(lineage), buffer);
}

fn unread_lines(lineage: &crate::flows::lineage::Lineage) -> Vec<(Option<Glyph>, Role, String)> {
    let mut lines = Vec::new();
    for (what, report) in lineage.unread.iter().take(20) {
        lines.push((Some(Glyph::Fail), Role::Text, format!("{} cannot be read: {}", escape(what), report.message)));
        lines.extend(report.causes.iter().take(2).chain(&report.help).map(|text| (None, Role::Dim, text.clone())));
    }
    lines
}

/// What to do where nothing is.
fn instead(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let plain = |glyph, role, text: &str| (Some(glyph), role, text.to_owned());
    let more = |text: &str| (None, Role::Dim, text.to_owned());
    let mut lines = match (&model.lineage, &model.reading) {
        (None, Reading::Not | Reading::Going) => {
            vec![plain(Glyph::Running, Role::Dim, "reading names and manifests of all stores")]
        }
        (_, Reading::Stopped) if model.lineage.is_none() => {
            vec![plain(Glyph::Unknown, Role::Text, "reading was given up"), more("r reads the stores")]
        }
        _ if model.filter.is_active() => vec![plain(Glyph::Unasked, Role::Dim, "no such image; Esc shows all")],
        _ => vec![
            plain(Glyph::Unasked, Role::Text, "no images in any store yet"),
            more("bake a recipe on screen 2, or push base images to a store of bakery.yaml"),
            more("teams' repositories show once bakery.yaml names their store with `team: true`"),
        ],
    };
    if let Some(lineage) = model.lineage.as_ref().filter(|lineage| !lineage.unread.is_empty()) {
        lines = unread_lines(lineage);
        lines.push(more("r reads them again"));
    }
    say(look, Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }, lines, buffer);
}

fn say(look: &Look, area: Rect, lines: Vec<(Option<Glyph>, Role, String)>, buffer: &mut Buffer) {
    let room = area.width.saturating_sub(6);
    let mut y = area.y;
    for (glyph, role, text) in lines {
        for (at, line) in format::wrap(&text, usize::from(room)).into_iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            if let Some(glyph) = glyph.filter(|_| at == 0) {
                buffer.set_span(area.x + 2, y, &look.glyph(glyph), 2);
            }
            buffer.set_span(area.x + 5, y, &look.span(role, line), room);
            y += 1;
        }
    }
}
