//! The whole screen from the model: where am I (line 1), what am I looking at (line 2), the screen's body, the next keys
//! (last line). Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::commands::CommandsBox;
use super::format;
use super::keymap::{Action, Bound, Scope};
use super::model::{LEAST, Model, Overlay};
use super::palette::PaletteBox;
use super::screens::{Around, Screen};
use super::tasks::TasksBox;
use super::theme::{Glyph, Look, Role};
use super::tour;
use super::update::under_way;
use super::widgets::{ConfirmBox, HelpBox, PassphraseBox, PickerBox, TypedBox, cut, rule};

/// Draws everything; gives the place of the terminal's cursor where text is typed.
pub fn draw(model: &Model, look: &Look, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    if area.width < LEAST.width || area.height < LEAST.height {
        too_small(look, area, buffer);
        return None;
    }
    let around = model.around();
    tabs(model, look, Rect { height: 1, ..area }, buffer);
    let crumbs = crumbs(model, look);
    let shift = crumbs.iter().map(|span| u16::try_from(span.width()).unwrap_or(0)).sum();
    let narrow =
        Around { body: Rect { width: around.body.width.saturating_sub(shift), ..around.body }, ..around.clone() };
    let subject = model.place().subject(look, &narrow);
    let what: Vec<Span<'static>> = crumbs.into_iter().chain(subject.what).collect();
    rule(look, Rect { y: area.y + 1, height: 1, ..area }, &what, &subject.verdict, buffer);
    model.place().draw(look, &around, buffer);
    status(model, look, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
    if let Some(tour) = &model.tour {
        let y = around.body.bottom();
        tour::draw(tour, look, Rect { y, height: (area.bottom() - 1).saturating_sub(y), ..area }, buffer);
    }
    model.toasts.draw(look, around.body, buffer);
    let typed = over(model, look, around.body, buffer);
    match (&model.overlay, model.place().cursor(&around)) {
        // What is typed in line 2 stands after the trail.
        (Overlay::None, Some(Position { y: 1, .. })) => {
            model.place().cursor(&narrow).map(|at| Position { x: at.x + shift, ..at })
        }
        (Overlay::None, at) => at,
        _ => typed,
    }
}

/// What lies over the screen.
fn over(model: &Model, look: &Look, body: Rect, buffer: &mut Buffer) -> Option<Position> {
    match &model.overlay {
        Overlay::None => {}
        Overlay::Help(from) => {
            let mut scopes = model.place().scopes();
            scopes.push(Scope::Everywhere);
            let (keymap, offers) = (&model.settled.keymap, &|bound: &Bound| model.offers(bound));
            HelpBox { keymap, offers, scopes: &scopes, from: *from, look }.draw(body, buffer);
        }
        Overlay::Confirm(confirm) => ConfirmBox(confirm, look).draw(body, buffer),
        Overlay::Typed(confirm) => return TypedBox(confirm, look).draw(body, buffer),
        Overlay::Passphrase(prompt) => return PassphraseBox(prompt, look).draw(body, buffer),
        Overlay::Picker(picker) => PickerBox(picker, look).draw(body, buffer),
        Overlay::Palette(palette) => return PaletteBox(palette, look).draw(body, buffer),
        Overlay::Tasks => {
            let (rows, cursor) = (under_way(model), model.tasks.cursor);
            TasksBox { rows: &rows, cursor, look }.draw(body, buffer);
        }
        Overlay::Commands => CommandsBox(&model.commands, look).draw(body, buffer),
    }
    None
}

/// From this width on, the whole trail shows; below, where one came from last.
const TRAIL: u16 = 80;

/// The screens that led here: `Recipes > Verify > `.
fn crumbs(model: &Model, look: &Look) -> Vec<Span<'static>> {
    let shown = if model.size.width < TRAIL { 1 } else { 3 };
    let from = model.trail.len().saturating_sub(shown);
    model.trail[from..].iter().map(|screen| look.span(Role::Dim, format!("{} > ", screen.title()))).collect()
}

fn too_small(look: &Look, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let text = format!(
        "bakery needs {} columns and {} rows; here are {} and {}",
        LEAST.width, LEAST.height, area.width, area.height
    );
    for (y, line) in (area.y..area.bottom()).zip(format::wrap(&text, usize::from(area.width))) {
        buffer.set_span(area.x, y, &look.span(Role::Text, line), area.width);
    }
}

/// The tabs with their places: first column and width.
fn tab_places() -> impl Iterator<Item = (Screen, u16, u16)> {
    // " bakery" and two columns before the first.
    let mut x = 9;
    Screen::ALL.into_iter().map(move |screen| {
        let width = u16::try_from(screen.title().len()).unwrap_or(0) + 2;
        let place = (screen, x, width);
        x += width;
        place
    })
}

/// The tab at a column of line 1.
pub(super) fn tab_at(x: u16) -> Option<Screen> {
    tab_places().find(|(_, from, width)| (*from..from + width).contains(&x)).map(|(screen, ..)| screen)
}

fn tabs(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    buffer.set_span(area.x + 1, area.y, &look.span(Role::Strong, "bakery"), 7);
    let mut end = 0;
    for (screen, x, width) in tab_places() {
        let here = screen == model.screen;
        let role = if here { Role::Selection } else { Role::Dim };
        let (open, close) = if here && look.ascii { ("[", "]") } else { (" ", " ") };
        buffer.set_span(area.x + x, area.y, &look.span(role, format!("{open}{}{close}", screen.title())), width);
        end = area.x + x + width;
    }
    let mut right = vec![look.span(Role::Text, model.here.workspace.clone())];
    if model.settled.readonly {
        right.insert(0, look.span(Role::Warn, "read-only "));
    }
    if !model.here.host.is_empty() {
        right.push(look.span(Role::Dim, format!("{}{}", look.dot(), model.here.host)));
    }
    let room = usize::from(area.right().saturating_sub(end + 3));
    let line = cut(look, &Line::from(right), room);
    let x = area.right().saturating_sub(1 + u16::try_from(line.width()).unwrap_or(0));
    buffer.set_line(x, area.y, &line, area.right() - x);
}

/// Narrower than this, the keys take the legend's place.
const LEGEND: u16 = 72;

/// The next keys, and the legend of origins.
fn status(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let legend = legend(look);
    if area.width >= LEGEND {
        let at = area.right().saturating_sub(1 + columns(&legend));
        buffer.set_line(at, area.y, &legend, area.right() - at);
    }
    for (x, line, _) in keys_shown(model, look, area.width) {
        buffer.set_line(area.x + x, area.y, &line, area.width.saturating_sub(x));
    }
}

fn legend(look: &Look) -> Line<'static> {
    Line::from(vec![
        look.glyph(Glyph::Global),
        look.span(Role::Dim, " global  "),
        look.glyph(Glyph::Local),
        look.span(Role::Dim, " local"),
    ])
}

fn columns(line: &Line<'_>) -> u16 {
    u16::try_from(line.width()).unwrap_or(u16::MAX)
}

/// The next keys with their first columns, as many as fit, help the last of them.
fn keys_shown<'m>(model: &'m Model, look: &Look, width: u16) -> Vec<(u16, Line<'static>, &'m Bound)> {
    let mut end = width.saturating_sub(1);
    if width >= LEGEND {
        end = end.saturating_sub(columns(&legend(look)) + 2);
    }
    let (help, others): (Vec<_>, Vec<_>) = keys(model).into_iter().partition(|b| b.action == Action::Help);
    let shown = |bound: &Bound, label: &str| {
        let key = look.span(Role::Key, bound.shown_key(look.ascii));
        Line::from(vec![key, look.span(Role::Dim, format!(" {label}"))])
    };
    let help: Vec<_> = help.into_iter().map(|bound| (shown(bound, bound.label), bound)).collect();
    let taken = |lines: &[Line<'_>]| lines.iter().map(|line| line.width() + 2).sum::<usize>();
    let reserved: usize = help.iter().map(|(line, _)| line.width() + 2).sum();
    let room = usize::from(end.saturating_sub(1)) + 2;
    let room = room.saturating_sub(reserved);
    let mut lines: Vec<Line<'static>> = others.iter().map(|bound| shown(bound, bound.label)).collect();
    let shorter: Vec<Line<'static>> = others.iter().map(|bound| shown(bound, short(bound.label))).collect();
    // All of the words where there is room; else less of the longest, then fewer keys.
    while taken(&lines) > room {
        let saves = |at: &usize| lines[*at].width() - shorter[*at].width();
        match (0..lines.len()).max_by_key(saves).filter(|at| saves(at) > 0) {
            Some(at) => lines[at] = shorter[at].clone(),
            None => drop(lines.pop()),
        }
    }
    let (mut x, mut places) = (1, Vec::new());
    let others = lines.into_iter().zip(others);
    for (line, bound) in others.chain(help) {
        let line = cut(look, &line, usize::from(end.saturating_sub(x)));
        let next = x + columns(&line) + 2;
        places.push((std::mem::replace(&mut x, next), line, bound));
    }
    places
}

/// What the key at a column of the last line asks for.
pub(super) fn key_at(model: &Model, x: u16) -> Option<Action> {
    let places = keys_shown(model, &Look::of_roles(false), model.size.width);
    let found = places.into_iter().find(|(from, line, _)| (*from..from + columns(line)).contains(&x));
    found.map(|(_, _, binding)| binding.action)
}

/// What the status bar names, `q` the last of it; nothing that is not done here.
fn keys(model: &Model) -> Vec<&Bound> {
    let mut scopes = model.scopes();
    if model.overlay != Overlay::None {
        scopes.truncate(1);
    }
    let mut keys = model.settled.keymap.next_keys(&scopes);
    keys.retain(|bound| model.offers(bound));
    keys
}

/// A label's first words: `leave; bakes go on` is `leave`.
fn short(label: &str) -> &str {
    let end = label.find(';').or_else(|| label.find(' ')).unwrap_or(label.len());
    &label[..end]
}
