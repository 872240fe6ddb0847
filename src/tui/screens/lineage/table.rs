//! The fleet as a table, its totals below it. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::facts::Totals;
use super::tree::{best_cell, origin, since, state};
use super::{Model, Row};
use crate::domain::lineage::{Graph, Holder, Standing};
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, badge, cut, glyph_of_verdict, marked, marked_cells, rule};

const COLUMNS: [Column; 8] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "image", width: Width::Fill(4), align: Align::Image(0), from: 0 },
    Column { title: "of", width: Width::Fixed(6), align: Align::Left, from: 64 },
    Column { title: "base", width: Width::Fill(3), align: Align::Image(0), from: 0 },
    Column { title: "behind", width: Width::Fixed(7), align: Align::Right, from: 0 },
    Column { title: "since", width: Width::Fixed(6), align: Align::Right, from: 72 },
    Column { title: "best", width: Width::Fixed(10), align: Align::Left, from: 0 },
    Column { title: "verdict", width: Width::Fixed(7), align: Align::Left, from: 88 },
];

/// Rows of the totals where there is room: a rule, one a holder, one of all; else the rule and that of all.
const TOTALS: [u16; 2] = [5, 2];

/// From this width on, names are whole.
const WHOLE: u16 = 108;

/// The table's own place, and that of its totals where there is room for them.
pub(super) fn places(area: Rect) -> (Rect, Option<Rect>) {
    let [all, least] = TOTALS;
    let height = match area.height {
        20.. => all,
        8..20 => least,
        _ => return (area, None),
    };
    let list = Rect { height: area.height - height, ..area };
    (list, Some(Rect { y: list.bottom(), height, ..area }))
}

/// The table.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, (area, focused): (Rect, bool), buffer: &mut Buffer) {
    let Some(graph) = model.graph() else { return };
    let (list, below) = places(area);
    let rows = model.rows();
    let table = Table { look, columns: &COLUMNS, len: rows.len(), cursor: model.cursor, focused, headed: true };
    table.draw(list, buffer, |index| cells(model, look, around, (graph, rows[index].number, area.width >= WHOLE)));
    table.draw_marks(list, buffer, |index| model.is_marked(rows[index].number));
    if let Some(area) = below {
        totals(model, look, area, buffer);
    }
}

fn cells(
    model: &Model,
    look: &Look,
    around: &Around,
    (graph, number, whole): (&Graph, usize, bool),
) -> Vec<Line<'static>> {
    let image = &graph.images()[number];
    let (glyph, role) = origin(image.holder());
    let name = if whole { escape(&image.name()) } else { model.facts.short(graph, number) };
    let base = graph.base(number).map(|edge| model.facts.short(graph, edge.base)).unwrap_or_default();
    let base = match graph.standing(number) {
        Standing::Stale { follows, .. } | Standing::Current { follows } | Standing::Unknown { follows } => {
            escape(follows)
        }
        _ => base,
    };
    let base = if whole { base } else { model.facts.bare(&base) };
    let (sign, _) = state(graph, number);
    let behind = match graph.standing(number) {
        Standing::Stale { behind, .. } => {
            Line::from(vec![look.glyph(sign), look.span(Role::Stale, format!(" {behind}"))])
        }
        Standing::Through { .. } => Line::from(vec![look.glyph(sign), look.span(Role::Stale, " below")]),
        Standing::Root => Line::default(),
        _ => Line::from(look.glyph(sign)),
    };
    let verdict = model.known.of(number).and_then(|found| found.as_ref().ok()?.verdict);
    let verdict =
        verdict.map(|verdict| look.glyph(glyph_of_verdict(Some(verdict)))).map(Line::from).unwrap_or_default();
    let words = vec![Line::from(look.span(Role::Dim, image.holder().as_str())), Line::from(look.span(Role::Dim, base))];
    let mut words = marked_cells(look, &model.filter, words).into_iter();
    vec![
        Line::from(badge(look, glyph).to_vec()),
        marked(look, role, &name, model.filter.mark(&name)),
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
        behind,
        Line::from(look.span(Role::Dim, since(graph, number, around))),
        best_cell(model, look, number),
        verdict,
    ]
}

/// The totals at the foot of a tree that leaves the room for them.
pub(super) fn totals_below(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let [height, _] = TOTALS;
    let used = u16::try_from(model.rows().len() + 2).unwrap_or(u16::MAX);
    let is_read = model.lineage.as_ref().is_some_and(|lineage| lineage.unread.is_empty());
    if is_read && used.saturating_add(height) <= area.height {
        totals(model, look, Rect { y: area.bottom() - height, height, ..area }, buffer);
    }
}

/// A row a holder, then one of all.
fn totals(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let all = model.facts.totals();
    let has_tag = |row: &&Row| model.graph().is_some_and(|graph| !graph.images()[row.number].places.is_empty());
    let shown = model.rows().iter().filter(has_tag).count();
    let left = if shown == all.images { String::new() } else { format!("{shown} of {} shown", all.images) };
    rule(look, Rect { height: 1, ..area }, &[look.span(Role::Dim, "totals")], &words(look, left), buffer);
    let holders =
        [Holder::Global, Holder::Local, Holder::Team].map(|holder| (Some(holder), model.facts.of_holder(holder)));
    let rows = holders.into_iter().filter(|_| area.height == TOTALS[0]).chain([(None, all)]);
    for (y, (holder, totals)) in (area.y + 1..area.bottom()).zip(rows) {
        let line = total_line(model, look, holder, totals);
        let width = area.width.saturating_sub(3);
        buffer.set_line(area.x + 2, y, &cut(look, &line, usize::from(width)), width);
    }
}

fn words(look: &Look, text: String) -> Vec<Span<'static>> {
    if text.is_empty() { Vec::new() } else { vec![look.span(Role::Dim, text)] }
}

/// `◇ local    40 images   7 stale`; of all also what is best done.
fn total_line(model: &Model, look: &Look, holder: Option<Holder>, totals: Totals) -> Line<'static> {
    let mut spans = match holder {
        Some(holder) => badge(look, origin(holder).0).to_vec(),
        None => vec![Span::raw(" ".repeat(usize::from(look.glyph_width() + 1)))],
    };
    let name = holder.map_or("all", |holder| if holder == Holder::Team { "teams" } else { holder.as_str() });
    let role = if holder.is_none() { Role::Strong } else { Role::Text };
    spans.push(look.span(role, format!("{name:<6} {:>12}", count(totals.images as u64, "image"))));
    let some = |count: usize, role: Role| if count == 0 { Role::Dim } else { role };
    spans.push(look.span(some(totals.stale, Role::Stale), format!("  {:>5} stale", totals.stale)));
    if totals.unknown > 0 {
        spans.push(look.span(Role::Unknown, format!("  {} unknown", totals.unknown)));
    }
    if holder.is_none() && totals.stale > 0 {
        let best = model.known.count();
        let sorts = [
            (best.blocked, "blocked", Role::Fail),
            (best.rebase, "rebase", Role::Pass),
            (best.rebake, "rebake", Role::Warn),
            (best.base_first, "base first", Role::Dim),
        ];
        for (count, word, role) in sorts.into_iter().filter(|(count, ..)| *count > 0) {
            spans.push(look.span(role, format!("  {count} {word}")));
        }
        let missing = model.known.missing_count();
        if missing > 0 {
            spans.extend([
                Span::raw("  "),
                look.glyph(Glyph::Running),
                look.span(Role::Dim, format!(" {missing} to look into")),
            ]);
        }
    }
    Line::from(spans)
}
