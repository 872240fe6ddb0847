//! The whole screen from the model: where am I (line 1), what am I looking at (line 2), the screen's body, the next keys
//! (last line). Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::format;
use super::keymap::{Action, Binding, Key, Scope, next_keys};
use super::model::{LEAST, Model, Overlay};
use super::screens::Screen;
use super::theme::{Glyph, Look, Role};
use super::tour;
use super::widgets::{ConfirmBox, HelpBox, PickerBox, cut, rule, shown_key};

/// Draws everything; gives the place of the terminal's cursor where text is typed.
pub fn draw(model: &Model, look: &Look, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    if area.width < LEAST.width || area.height < LEAST.height {
        too_small(look, area, buffer);
        return None;
    }
    let around = model.around();
    tabs(model, look, Rect { height: 1, ..area }, buffer);
    let subject = model.subject(look);
    rule(look, Rect { y: area.y + 1, height: 1, ..area }, &subject.what, &subject.verdict, buffer);
    model.place().draw(look, &around, buffer);
    status(model, look, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
    if let Some(tour) = &model.tour {
        let y = around.body.bottom();
        tour::draw(tour, look, Rect { y, height: (area.bottom() - 1).saturating_sub(y), ..area }, buffer);
    }
    model.toasts.draw(look, around.body, buffer);
    match &model.overlay {
        Overlay::None => return model.place().cursor(&around),
        Overlay::Help(from) => {
            let mut scopes = model.place().scopes();
            scopes.push(Scope::Everywhere);
            HelpBox { scopes: &scopes, from: *from, look }.draw(around.body, buffer);
        }
        Overlay::Confirm(confirm) => ConfirmBox(confirm, look).draw(around.body, buffer),
        Overlay::Picker(picker) => PickerBox(picker, look).draw(around.body, buffer),
    }
    None
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
fn keys_shown(model: &Model, look: &Look, width: u16) -> Vec<(u16, Line<'static>, &'static Binding)> {
    let mut end = width.saturating_sub(1);
    if width >= LEGEND {
        end = end.saturating_sub(columns(&legend(look)) + 2);
    }
    let (help, others): (Vec<_>, Vec<_>) = keys(model).into_iter().partition(|b| b.action == Action::Help);
    let shown = |binding: &Binding, label: &str| {
        let key = shown_key(binding.keys.first().copied().unwrap_or(""), look.ascii);
        Line::from(vec![look.span(Role::Key, key), look.span(Role::Dim, format!(" {label}"))])
    };
    let help: Vec<_> = help.into_iter().map(|binding| (shown(binding, binding.label), binding)).collect();
    let reserved: u16 = help.iter().map(|(line, _)| columns(line) + 2).sum();
    let (mut x, mut places) = (1, Vec::new());
    for binding in others {
        let room = end.saturating_sub(x + reserved);
        let labels = [binding.label, short(binding.label)];
        let Some(line) = labels.iter().map(|label| shown(binding, label)).find(|line| columns(line) <= room) else {
            break;
        };
        let next = x + columns(&line) + 2;
        places.push((std::mem::replace(&mut x, next), line, binding));
    }
    for (line, binding) in help {
        let line = cut(look, &line, usize::from(end.saturating_sub(x)));
        let next = x + columns(&line) + 2;
        places.push((std::mem::replace(&mut x, next), line, binding));
    }
    places
}

/// What the key at a column of the last line asks for.
pub(super) fn key_at(model: &Model, x: u16) -> Option<Action> {
    let places = keys_shown(model, &Look::of_roles(false), model.size.width);
    let found = places.into_iter().find(|(from, line, _)| (*from..from + columns(line)).contains(&x));
    found.map(|(_, _, binding)| binding.action)
}

/// What the status bar names: nothing an inner scope or a text being typed takes away.
fn keys(model: &Model) -> Vec<&'static Binding> {
    let mut scopes = model.scopes();
    if model.overlay != Overlay::None {
        scopes.truncate(1);
    }
    let is_text = scopes.first().is_some_and(|scope| scope.takes_text());
    let types = |key: &str| key.parse::<Key>().is_ok_and(|key| key.typed().is_some());
    let mut taken: Vec<&str> = Vec::new();
    let all = next_keys(&scopes).into_iter().filter(|binding| {
        let key = binding.keys.first().copied().unwrap_or("");
        let is_hidden = taken.contains(&key) || (is_text && types(key));
        taken.push(key);
        !is_hidden
    });
    all.collect()
}

/// A label's first words: `leave; bakes go on` is `leave`.
fn short(label: &str) -> &str {
    let end = label.find(';').or_else(|| label.find(' ')).unwrap_or(label.len());
    &label[..end]
}
