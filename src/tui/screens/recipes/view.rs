//! How the Recipes screen looks: one row a recipe, the selected one's plan or problems beside it. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Model;
use crate::flows::standing::{RecipeCard, Standing};
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Filter, Table, Width, cut, marked};

const COLUMNS: [Column; 4] = [
    Column { title: "  image", width: Width::Fill(5), align: Align::Image(2), from: 0 },
    Column { title: "base", width: Width::Fill(4), align: Align::Image(2), from: 72 },
    Column { title: "stands", width: Width::Fixed(16), align: Align::Left, from: 0 },
    Column { title: "baked", width: Width::Fixed(6), align: Align::Right, from: 40 },
];

/// What to do where there is none: a key, and what comes of it.
const NO_RECIPES: [(&str, &str); 4] = [
    ("a", "makes a first recipe in four answers."),
    ("1", "goes to the Store, where c on an image makes a recipe on it."),
    ("q", "leaves; `bakery init` in an empty folder makes a workspace with a recipe in which every part is explained."),
    ("r", "reads again: every *.yaml below the recipes folder whose first key is `recipe` appears here."),
];

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let what = |_| vec![look.span(Role::Strong, "recipes")];
    let verdict = verdict(model, look);
    Subject::fitting(look, around.body.width, verdict, |room| model.filter.spans(look, room), what)
}

fn verdict(model: &Model, look: &Look) -> Vec<Span<'static>> {
    if !model.read {
        return match &model.failure {
            Some(_) => vec![look.span(Role::Fail, "unreadable "), look.glyph(Glyph::Fail)],
            None => vec![look.span(Role::Dim, "reading "), look.glyph(Glyph::Running)],
        };
    }
    let count = |wanted: fn(&Standing) -> bool| model.cards.iter().filter(|card| wanted(&card.standing)).count();
    let stale = model.cards.iter().filter(|card| model.is_stale(card) == Some(true)).count();
    let broken = count(|standing| *standing == Standing::Broken);
    let bad = count(|standing| matches!(standing, Standing::Rejected | Standing::Failed));
    let mut verdict: Vec<Span<'static>> =
        vec![look.span(Role::Dim, crate::domain::units::count(model.cards.len() as u64, "recipe"))];
    if !model.marked.is_empty() {
        verdict.insert(0, look.span(Role::Dim, look.dot()));
        verdict.insert(0, look.span(Role::Accent, format!("{} marked", model.marked.len())));
    }
    let mut add = |number: usize, word: &str, glyph: Glyph| {
        if number > 0 {
            verdict.push(look.span(Role::Dim, look.dot()));
            verdict.push(look.span(glyph.role(), format!("{number} {word} ")));
            verdict.push(look.glyph(glyph));
        }
    };
    add(stale, "stale", Glyph::Stale);
    add(bad, "failing", Glyph::Fail);
    add(broken, "with errors", Glyph::Fail);
    verdict
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    if let Some(lines) = instead(model, look, usize::from(around.body.width.saturating_sub(4))) {
        for (y, line) in (around.body.y + 1..around.body.bottom()).zip(&lines) {
            let width = around.body.width.saturating_sub(3);
            buffer.set_line(around.body.x + 2, y, &cut(look, line, usize::from(width)), width);
        }
        return;
    }
    let panes = model.panes(around);
    panes.draw_rule(look, buffer);
    if let Some(area) = panes.list(model.detail.is_some()) {
        list(model, look, around, area, buffer);
    }
    if let Some(area) = panes.detail(model.detail.is_some()) {
        let lines = model.detail_lines(look, around, usize::from(area.width));
        let from = model.detail.unwrap_or(0).min(lines.len());
        for (y, line) in (area.top()..area.bottom()).zip(&lines[from..]) {
            buffer.set_line(area.x, y, &cut(look, line, usize::from(area.width)), area.width);
        }
    }
}

fn instead(model: &Model, look: &Look, columns: usize) -> Option<Vec<Line<'static>>> {
    let dim = |text: &str| Line::from(look.span(Role::Dim, text));
    if let Some(report) = &model.failure {
        let mut lines =
            vec![Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Text, format!(" {}", report.message))])];
        let further = report.causes.iter().chain(&report.help).flat_map(|text| format::wrap(text, columns));
        lines.extend(further.map(|text| dim(&text)));
        lines.push(dim("r reads them again"));
        return Some(lines);
    }
    if !model.read {
        return Some(vec![dim("reading the recipes")]);
    }
    if model.cards.is_empty() {
        let mut lines = vec![Line::from(look.span(Role::Text, "No recipes in this workspace.")), Line::default()];
        for (key, text) in NO_RECIPES {
            let wrapped = format::wrap(text, columns.saturating_sub(3));
            for (number, line) in wrapped.into_iter().enumerate() {
                let key = if number == 0 { key } else { " " };
                lines.push(Line::from(vec![look.span(Role::Key, format!("{key}  ")), look.span(Role::Dim, line)]));
            }
        }
        return Some(lines);
    }
    model.is_empty().then(|| vec![dim("no recipe of that name; Esc shows all")])
}

fn list(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let focused = model.detail.is_none();
    let table = Table { look, columns: &COLUMNS, len: model.len(), cursor: model.cursor, focused, headed: true };
    table
        .draw(area, buffer, |index| model.card(index).map(|card| cells(model, look, around, card)).unwrap_or_default());
    let is_marked = |index| model.card(index).is_some_and(|card| model.marked.contains(&card.file));
    table.draw_marks(area, buffer, is_marked);
}

fn cells(model: &Model, look: &Look, around: &Around, card: &RecipeCard) -> Vec<Line<'static>> {
    let (glyph, word) = model.state(card);
    let name = card.reference.as_deref().unwrap_or(&card.shown);
    let role = match card.standing {
        Standing::Baked | Standing::NeverBaked if glyph != Glyph::Stale => Role::Dim,
        _ => glyph.role(),
    };
    let sign = look.glyph(glyph);
    let pad = " ".repeat(usize::from(look.glyph_width() + 1).saturating_sub(sign.width()));
    let mut image = vec![sign, look.span(Role::Text, pad)];
    image.extend(marked(look, Role::Text, name, model.filter.mark(name)).spans);
    vec![
        Line::from(image),
        base(look, card, &model.filter),
        Line::from(look.span(role, word)),
        Line::from(look.span(Role::Dim, format::age(card.baked_at.as_deref(), around.now))),
    ]
}

/// The base with its origin.
pub(super) fn base(look: &Look, card: &RecipeCard, filter: &Filter) -> Line<'static> {
    match card.base.as_deref() {
        None => Line::default(),
        Some("scratch") => Line::from(look.span(Role::Dim, "scratch")),
        Some(base) => {
            let (glyph, role) =
                if card.is_base_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
            let mut line = Line::from(vec![look.glyph(glyph), Span::raw(" ")]);
            line.spans.extend(marked(look, role, base, filter.mark(base)).spans);
            line
        }
    }
}
