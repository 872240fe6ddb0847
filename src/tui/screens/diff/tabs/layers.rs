//! Layers: whose they are, what they weigh, what of them nobody sees; and who owns the bytes. Draws, reads nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Fate, LayerRow, Matter, Model};
use crate::domain::layer::{LayerShare, ratio};
use crate::domain::text::escape;
use crate::domain::units;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, cut, marked_cells};

const COLUMNS: [Column; 7] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "layer", width: Width::Fixed(5), align: Align::Right, from: 0 },
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "blob", width: Width::Fixed(8), align: Align::Right, from: 0 },
    Column { title: "files", width: Width::Fixed(9), align: Align::Right, from: 44 },
    Column { title: "wasted", width: Width::Fixed(8), align: Align::Right, from: 56 },
    Column { title: "made by", width: Width::Fill(1), align: Align::Left, from: 0 },
];

/// Draws the list: all of them, then each.
pub(in crate::tui::screens::diff) fn draw(
    model: &Model,
    matter: &Matter,
    look: &Look,
    area: Rect,
    buffer: &mut Buffer,
) {
    let rows = model.layer_rows();
    let len = rows.len() + 1;
    let table = Table { look, columns: &COLUMNS, len, cursor: model.layers, focused: true, headed: true };
    table.draw(area, buffer, |index| match index.checked_sub(1).and_then(|at| rows.get(at)) {
        Some(row) => marked_cells(look, &model.words, cells(look, row)),
        None => all(matter, look),
    });
}

fn all(matter: &Matter, look: &Look) -> Vec<Line<'static>> {
    let text = |role, text: String| Line::from(look.span(role, text));
    let (global, local) = &matter.owned;
    let mut sum = *global;
    sum.add(local);
    let size = matter.after.layers.iter().map(|layer| layer.size).sum();
    let what = if matter.before.is_some() { "everything that differs" } else { "everything in the image" };
    vec![
        Line::default(),
        text(Role::Strong, "all".into()),
        Line::default(),
        text(Role::Text, units::bytes(size)),
        text(Role::Dim, units::grouped(sum.files)),
        text(Role::Dim, wasted(&sum)),
        text(Role::Dim, what.into()),
    ]
}

fn cells(look: &Look, row: &LayerRow) -> Vec<Line<'static>> {
    let text = |role, text: String| Line::from(look.span(role, text));
    let owner = if row.layer.owner.is_local { Glyph::Local } else { Glyph::Global };
    let made = match &row.layer.problem {
        Some(problem) => {
            Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Fail, format!(" {}", escape(problem)))])
        }
        None => text(Role::Dim, escape(row.layer.created_by.as_deref().unwrap_or("nobody says"))),
    };
    vec![
        Line::from(fate(look, row.fate)),
        text(Role::Text, (row.number + 1).to_string()),
        Line::from(look.glyph(owner)),
        text(Role::Text, units::bytes(row.layer.size)),
        text(Role::Dim, units::grouped(row.share.files)),
        text(Role::Dim, wasted(&row.share)),
        made,
    ]
}

fn wasted(share: &LayerShare) -> String {
    if share.wasted == 0 { String::new() } else { units::bytes(share.wasted) }
}

/// What becomes of a layer: `=` both images have it.
fn fate(look: &Look, fate: Fate) -> Span<'static> {
    match fate {
        Fate::Only => look.span(Role::Dim, " "),
        Fate::Shared => look.span(Role::Dim, "="),
        Fate::Gone => look.glyph(Glyph::Deleted),
        Fate::New => look.glyph(Glyph::Added),
    }
}

/// The same in words.
pub(in crate::tui::screens::diff) fn fate_words(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Only => None,
        Fate::Shared => Some("both images have it, with all below it"),
        Fate::Gone => Some("only the image before has it"),
        Fate::New => Some("only the image after has it"),
    }
}

/// Who owns the bytes: `bytes: ◆ global 94.1 MB (97 %)  ◇ local 3.1 MB (3 %)  wasted: …`.
pub(in crate::tui::screens::diff) fn footer(matter: &Matter, look: &Look, area: Rect, buffer: &mut Buffer) {
    let (global, local) = &matter.owned;
    let all = global.bytes.saturating_add(local.bytes);
    let share = |glyph: Glyph, name: &str, bytes: u64| {
        let text = format!(" {name}{} ({:.0} %)", units::bytes(bytes), 100.0 * share_of(bytes, all));
        [look.glyph(glyph), look.span(Role::Text, text)]
    };
    let mut owned = vec![look.span(Role::Dim, " bytes: ")];
    owned.extend(share(Glyph::Global, "global ", global.bytes));
    owned.push(look.span(Role::Text, "  "));
    owned.extend(share(Glyph::Local, "local ", local.bytes));
    let mut waste = vec![look.span(Role::Dim, " wasted: ")];
    for (glyph, share) in [(Glyph::Global, global), (Glyph::Local, local)] {
        waste.extend([look.glyph(glyph), look.span(Role::Text, format!(" {}  ", units::bytes(share.wasted)))]);
    }
    waste.push(look.span(Role::Dim, format!("efficiency {:.2}", matter.efficiency)));
    let lines = match area.height {
        1 => vec![Line::from([owned, vec![look.span(Role::Text, " ")], waste].concat())],
        _ => vec![Line::from(owned), Line::from(waste)],
    };
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, &cut(look, &line, usize::from(area.width)), area.width);
    }
}

/// Nothing is no part of nothing.
fn share_of(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { ratio(part, whole) }
}
