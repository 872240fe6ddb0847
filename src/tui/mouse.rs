//! What the mouse does: it clicks what it points at, turns the pane below it, moves the rules between panes. Never needed:
//! everything it does has a key. Pure.

use ratatui::layout::Position;
use time::{Duration, OffsetDateTime};

use super::effect::Effect;
use super::keymap::{Action, Motion};
use super::model::{Model, Overlay};
use super::msg::Mouse;
use super::screens::{Screen, Wish};
use super::theme::Look;
use super::update::{act, grant};
use super::view::{key_at, tab_at};
use super::widgets::{Axis, ConfirmBox, PickerBox, Sizes, Zoom};

/// What the mouse did last, and made of the panes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    /// Each screen's panes, in the order of the tabs.
    pub sizes: [Sizes; Screen::ALL.len()],
    /// The rule it holds.
    pub held: Option<Axis>,
    /// Where and when it clicked last.
    clicked: Option<(Position, OffsetDateTime)>,
}

/// Two clicks at one place within this time are one that opens.
const DOUBLE: Duration = Duration::milliseconds(400);

/// Takes in what the mouse did.
pub(super) fn moused(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        // Turning the wheel answers no question.
        Mouse::Wheel { .. } if model.overlay.asks() => Vec::new(),
        Mouse::Wheel { at, down } => turned(model, at, down),
        Mouse::Click(at) => {
            model.pointer.held = None;
            let now = model.now;
            let again = |(place, then): (Position, OffsetDateTime)| place == at && now - then <= DOUBLE;
            let double = model.pointer.clicked.take().is_some_and(again);
            model.pointer.clicked = (!double).then_some((at, now));
            clicked(model, at, double)
        }
        Mouse::Drag(at) => dragged(model, at),
        Mouse::Release => {
            model.pointer.held = None;
            Vec::new()
        }
    }
}

/// The pane with the keys grows or shrinks.
pub(super) fn zoomed(model: &mut Model, zoom: fn(Zoom) -> Zoom) -> Vec<Wish> {
    let sizes = &mut model.pointer.sizes[model.screen as usize];
    sizes.zoom = zoom(sizes.zoom);
    let around = model.around();
    model.place_mut().resized(&around)
}

fn turned(model: &mut Model, at: Position, down: bool) -> Vec<Effect> {
    let around = model.around();
    let lines = match model.overlay {
        Overlay::None if around.body.contains(at) => model.place_mut().point_at(at, &around),
        _ => 1,
    };
    let motion = if down { Motion::Down } else { Motion::Up };
    (0..lines).flat_map(|_| act(model, Action::Move(motion))).collect()
}

fn dragged(model: &mut Model, at: Position) -> Vec<Effect> {
    let Some(held) = model.pointer.held else { return Vec::new() };
    let around = model.around();
    let Some(divider) = model.place().dividers(&around).into_iter().find(|divider| divider.axis == held) else {
        return Vec::new();
    };
    model.pointer.sizes[model.screen as usize].moved(held, divider.share(at));
    let around = model.around();
    let wishes = model.place_mut().resized(&around);
    grant(model, wishes)
}

fn clicked(model: &mut Model, at: Position, double: bool) -> Vec<Effect> {
    if at.y + 1 == model.size.height {
        return key_at(model, at.x).map(|action| act(model, action)).unwrap_or_default();
    }
    let around = model.around();
    match &mut model.overlay {
        Overlay::None => {}
        overlay => {
            let look = Look::of_roles(false);
            let follows = match overlay {
                Overlay::Confirm(confirm) => {
                    let choice = ConfirmBox(confirm, &look).choice_at(around.body, at);
                    confirm.focused = choice.unwrap_or(confirm.focused);
                    choice.map(|_| Action::Open)
                }
                Overlay::Picker(picker) => {
                    let row = PickerBox(picker, &look).row_at(around.body, at);
                    picker.cursor.selected = row.unwrap_or(picker.cursor.selected);
                    row.map(|_| Action::Open)
                }
                // What is typed there is not given up for a click beside it.
                Overlay::Typed(_) | Overlay::Passphrase(_) => None,
                _ => Some(Action::Back),
            };
            return follows.map(|action| act(model, action)).unwrap_or_default();
        }
    }
    if model.toasts.dismiss_at(around.body, at) {
        return Vec::new();
    }
    if at.y == 0 {
        return tab_at(at.x).map(|screen| act(model, Action::Go(screen))).unwrap_or_default();
    }
    if !around.body.contains(at) {
        return Vec::new();
    }
    if let Some(divider) = model.place().dividers(&around).into_iter().find(|divider| divider.place.contains(at)) {
        model.pointer.held = Some(divider.axis);
        return Vec::new();
    }
    if double && model.place().opens(at, &around) {
        return act(model, Action::Open);
    }
    let wishes = model.place_mut().clicked(at, &around);
    grant(model, wishes)
}
