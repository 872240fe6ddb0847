//! The whole screen from the model: where am I (line 1), what am I looking at (line 2), the screen's body, the next keys
//! (last line). Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::format;
use super::keymap::{Scope, next_keys};
use super::model::{LEAST, Model, Overlay};
use super::screens::Screen;
use super::theme::{Glyph, Look, Role};
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
    let x = area.right() - 1 - u16::try_from(line.width()).unwrap_or(0);
    buffer.set_line(x, area.y, &line, area.right() - x);
}

/// The next keys, as many as fit, and the legend of origins.
fn status(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let legend: Vec<Span<'static>> = vec![
        look.glyph(Glyph::Global),
        look.span(Role::Dim, " global  "),
        look.glyph(Glyph::Local),
        look.span(Role::Dim, " local"),
    ];
    let legend = Line::from(legend);
    let legend_at = area.right().saturating_sub(1 + u16::try_from(legend.width()).unwrap_or(0));
    buffer.set_line(legend_at, area.y, &legend, area.right() - legend_at);
    let mut x = area.x + 1;
    for binding in next_keys(&model.scopes()) {
        let key = shown_key(binding.keys.first().copied().unwrap_or(""), look.ascii);
        let width = u16::try_from(format::width(&key) + 1 + format::width(binding.label)).unwrap_or(u16::MAX);
        if x + width + 2 > legend_at {
            break;
        }
        let line = Line::from(vec![look.span(Role::Key, key), look.span(Role::Dim, format!(" {}", binding.label))]);
        buffer.set_line(x, area.y, &line, width);
        x += width + 2;
    }
}
