//! What keys, pasted text and the mouse do: looked up, then obeyed. Pure.

use super::grant::grant;
use super::{leave, over, trail};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Code, Found, Key};
use crate::tui::model::{Model, Overlay};
use crate::tui::mouse::zoomed;
use crate::tui::palette::{Palette, gather};
use crate::tui::screens::{Screen, Wish};
use crate::tui::widgets::{Toast, Zoom};

pub(in crate::tui) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let scopes = model.scopes();
    model.pending.keys.push(key);
    let found = model.settled.keymap.look_up(&scopes, &model.pending.keys);
    let cancelled = std::mem::take(&mut model.pending.cancelled);
    match found {
        Found::Beginning => return Vec::new(),
        Found::Nothing if model.pending.keys.len() > 1 => {
            // The sequence led nowhere: its last key counts by itself.
            model.pending.keys.clear();
            return pressed(model, key);
        }
        _ => model.pending.keys.clear(),
    }
    match found {
        Found::Action(Action::Cancel) if cancelled => leave::leave(model),
        Found::Action(action) => {
            model.pending.cancelled = action == Action::Cancel;
            act(model, action)
        }
        _ if scopes.first().is_some_and(|scope| scope.takes_text()) => {
            let around = model.around();
            let wishes = match &mut model.overlay {
                Overlay::Picker(picker) => {
                    if picker.filter.typed(key) {
                        picker.follow();
                        picker.moved()
                    } else {
                        Vec::new()
                    }
                }
                Overlay::Palette(palette) => {
                    palette.typed(key);
                    Vec::new()
                }
                Overlay::Typed(confirm) => {
                    type_into(&mut confirm.typed, key);
                    confirm.is_wrong = false;
                    Vec::new()
                }
                Overlay::Passphrase(prompt) => {
                    match (key.code, key.typed()) {
                        (_, Some(c)) => prompt.typed.push(c),
                        (Code::Backspace, _) => prompt.typed.pop(),
                        _ => {}
                    }
                    Vec::new()
                }
                _ => model.place_mut().typed(key, &around),
            };
            grant(model, wishes)
        }
        _ => Vec::new(),
    }
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.scopes().first().is_some_and(|scope| scope.takes_text()) {
        return Vec::new();
    }
    let around = model.around();
    let wishes = match &mut model.overlay {
        Overlay::Picker(picker) => {
            picker.filter.pasted(text);
            picker.follow();
            picker.moved()
        }
        Overlay::Palette(palette) => {
            palette.pasted(text);
            Vec::new()
        }
        // Whoever pastes the word has not read it.
        Overlay::Typed(_) => Vec::new(),
        Overlay::Passphrase(prompt) => {
            text.lines().next().unwrap_or("").chars().for_each(|c| prompt.typed.push(c));
            Vec::new()
        }
        _ => model.place_mut().pasted(text, &around),
    };
    grant(model, wishes)
}

fn type_into(text: &mut String, key: Key) {
    match (key.code, key.typed()) {
        (_, Some(c)) if text.len() < 200 => text.push(c),
        (Code::Backspace, _) => drop(text.pop()),
        _ => {}
    }
}

pub(in crate::tui) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match std::mem::take(&mut model.overlay) {
        Overlay::None => {}
        overlay => return over::act(model, overlay, action),
    }
    if model.settled.readonly && action.changes() {
        model.toasts.add(refusal(), model.now);
        return Vec::new();
    }
    let around = model.around();
    let wishes = match action {
        Action::Go(screen) => go(model, screen),
        Action::NextScreen => go(model, beside(model.screen, 1)),
        Action::PreviousScreen => go(model, beside(model.screen, Screen::ALL.len() - 1)),
        Action::Help => {
            model.overlay = Overlay::Help(0);
            Vec::new()
        }
        Action::Palette => {
            model.overlay = Overlay::Palette(Palette::new(gather(model, false)));
            Vec::new()
        }
        Action::Tasks => {
            model.overlay = Overlay::Tasks;
            over::settle_tasks(model);
            Vec::new()
        }
        Action::Commands => {
            model.commands.cursor = Default::default();
            model.overlay = Overlay::Commands;
            Vec::new()
        }
        Action::Quit => return leave::leave(model),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Theme => return vec![Effect::Themes],
        Action::Mouse => {
            model.mouse = !model.mouse;
            let text =
                if model.mouse { "the mouse is bakery's" } else { "the mouse is the terminal's: select and copy" };
            vec![Wish::Do(Effect::Mouse(model.mouse)), Wish::Tell(Toast::done(text).next("M turns it round"))]
        }
        Action::Grow => zoomed(model, Zoom::larger),
        Action::Shrink => zoomed(model, Zoom::smaller),
        Action::Back if model.toasts.dismiss() => Vec::new(),
        Action::Back => match trail::back(model) {
            Some(effects) => return effects,
            None => model.place_mut().act(action, &around),
        },
        Action::Cancel => {
            let wishes = model.place_mut().act(action, &around);
            if wishes.is_empty() {
                vec![Wish::Tell(Toast::done("Ctrl-c once more leaves").next("running bakes go on either way"))]
            } else {
                wishes
            }
        }
        other => model.place_mut().act(other, &around),
    };
    grant(model, wishes)
}

/// Why something is not done in a read-only session.
pub(super) fn refusal() -> Toast {
    Toast::warning("this session only looks: nothing is baked, published, edited or removed from it")
        .next("start bakery without --readonly, and without readonly: true in config.yaml")
}

/// A screen chosen from the tabs: a new beginning.
fn go(model: &mut Model, screen: Screen) -> Vec<Wish> {
    let is_here = model.screen == screen;
    trail::begin(model, screen);
    let around = model.around();
    if is_here { Vec::new() } else { model.place_mut().enter(&around) }
}

fn beside(screen: Screen, by: usize) -> Screen {
    let at = Screen::ALL.iter().position(|other| *other == screen).unwrap_or(0);
    Screen::ALL[(at + by) % Screen::ALL.len()]
}
