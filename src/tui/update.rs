//! What happens, happens here: a message changes the model and leaves effects to be done. Pure.

use super::effect::Effect;
use super::keymap::{Action, Found, Key, Motion, look_up};
use super::model::{Model, Overlay};
use super::mouse::{moused, zoomed};
use super::msg::{Msg, ThemeChoice};
use super::screens::{Compare, Place, Screen, Wish, bakes, recipes, store};
use super::tour;
use super::widgets::{HelpBox, Item, Live, Picker, Toast, Zoom};

/// The first effects: what every screen wants at the start.
pub fn begin(model: &mut Model, first: Screen) -> Vec<Effect> {
    let around = model.around();
    let mut wishes = model.store.enter(&around);
    wishes.extend(model.recipes.enter(&around));
    wishes.extend(model.bakes.enter(&around));
    model.screen = first;
    wishes.extend(model.place_mut().enter(&around));
    grant(model, wishes)
}

/// Looks into images, as a screen would wish it.
pub fn look_into(model: &mut Model, asked: Compare) -> Vec<Effect> {
    grant(model, vec![Wish::Compare(asked)])
}

/// Plays a bake again, as a screen would wish it.
pub fn replay(model: &mut Model, bake: String) -> Vec<Effect> {
    grant(model, vec![Wish::Watch { bake, replay: true }])
}

/// Verifies an image, as a screen would wish it.
pub fn verify(model: &mut Model, image: String) -> Vec<Effect> {
    grant(model, vec![Wish::Verify(image)])
}

/// Takes one message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    if let Some(effects) = tour::intercept(model, &msg) {
        return effects;
    }
    let around = model.around();
    let wishes = match msg {
        Msg::Key(key) => return pressed(model, key),
        Msg::Paste(text) => return pasted(model, &text),
        Msg::Mouse(mouse) => return moused(model, mouse),
        Msg::Resized(size) => {
            model.size = size;
            let around = model.around();
            let mut wishes = model.store.resized(&around);
            wishes.extend(model.recipes.resized(&around));
            wishes.extend(model.bake.resized(&around));
            wishes.extend(model.verify.resized(&around));
            wishes.extend(model.diff.resized(&around));
            wishes.extend(model.bakes.resized(&around));
            wishes
        }
        Msg::Clock(now) => {
            model.now = now;
            model.toasts.expire(now);
            Vec::new()
        }
        Msg::Tell(toast) => vec![Wish::Tell(toast)],
        Msg::ThroughTerminal { bytes, told } => vec![Wish::Do(Effect::Send(bytes)), Wish::Tell(told)],
        Msg::EditedOutside => vec![Wish::ReadAgain],
        Msg::Themes(choices) => vec![Wish::Pick(theme_picker(&model.theme, choices))],
        Msg::Store(msg) => model.store.receive(msg, &around),
        Msg::Recipes(msg) => model.recipes.receive(msg, &around),
        Msg::Bake(msg) => model.bake.receive(msg, &around),
        Msg::Verify(msg) => model.verify.receive(msg, &around),
        Msg::Diff(msg) => model.diff.receive(msg, &around),
        Msg::Bakes(msg) => model.bakes.receive(msg, &around),
    };
    grant(model, wishes)
}

/// Takes a key in.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let scopes = model.scopes();
    model.pending.keys.push(key);
    let found = look_up(&scopes, &model.pending.keys);
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
        Found::Action(Action::Cancel) if cancelled => leave(model),
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
                _ => model.place_mut().typed(key, &around),
            };
            grant(model, wishes)
        }
        _ => Vec::new(),
    }
}

fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
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
        _ => model.place_mut().pasted(text, &around),
    };
    grant(model, wishes)
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match std::mem::take(&mut model.overlay) {
        Overlay::None => {}
        overlay => return act_over(model, overlay, action),
    }
    let around = model.around();
    let wishes = match action {
        Action::Go(screen) => vec![Wish::Go(screen)],
        Action::NextScreen => vec![Wish::Go(beside(model.screen, 1))],
        Action::PreviousScreen => vec![Wish::Go(beside(model.screen, Screen::ALL.len() - 1))],
        Action::Help => {
            model.overlay = Overlay::Help(0);
            Vec::new()
        }
        Action::Quit => return leave(model),
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

/// An action while something lies over the screen. What is taken is put back unless it is over.
fn act_over(model: &mut Model, mut overlay: Overlay, action: Action) -> Vec<Effect> {
    let wishes = match (&mut overlay, action) {
        (
            Overlay::Picker(Picker { live: Some(live), .. }),
            Action::Back | Action::Quit | Action::Help | Action::Cancel,
        ) => Some(std::mem::take(&mut live.left)),
        (_, Action::Back | Action::Quit | Action::Help | Action::Cancel) => return Vec::new(),
        (_, Action::Suspend) => {
            model.overlay = overlay;
            return vec![Effect::Suspend];
        }
        (Overlay::Help(from), Action::Move(motion)) => {
            let scopes = model.scopes();
            let look = super::theme::Look::of_roles(false);
            let (rows, page) = HelpBox { scopes: &scopes, from: 0, look: &look }.rows(model.body());
            let last = rows.saturating_sub(page);
            *from = match motion {
                Motion::Up => from.saturating_sub(1),
                Motion::Down => *from + 1,
                Motion::HalfUp | Motion::PageUp => from.saturating_sub((page / 2).max(1)),
                Motion::HalfDown | Motion::PageDown => *from + (page / 2).max(1),
                Motion::Top => 0,
                Motion::Bottom => last,
                Motion::Left | Motion::Right => *from,
            }
            .min(last);
            None
        }
        (Overlay::Confirm(confirm), Action::Move(motion)) => {
            confirm.step(motion);
            None
        }
        (Overlay::Confirm(confirm), Action::Open) => confirm.choices.get(confirm.focused).map(|c| c.then.clone()),
        (Overlay::Confirm(confirm), Action::Yes) => confirm.yes().map(|choice| choice.then.clone()),
        (Overlay::Picker(picker), Action::Move(motion)) => {
            picker.step(motion);
            let wishes = picker.moved();
            model.overlay = overlay;
            return grant(model, wishes);
        }
        (Overlay::Picker(picker), Action::Open) => {
            Some(picker.selected().map(|item| item.then.clone()).unwrap_or_default())
        }
        _ => None,
    };
    match wishes {
        Some(wishes) => grant(model, wishes),
        None => {
            model.overlay = overlay;
            Vec::new()
        }
    }
}

fn beside(screen: Screen, by: usize) -> Screen {
    let at = Screen::ALL.iter().position(|other| *other == screen).unwrap_or(0);
    Screen::ALL[(at + by) % Screen::ALL.len()]
}

fn leave(model: &mut Model) -> Vec<Effect> {
    let in_the_way = Screen::ALL.into_iter().find_map(|screen| {
        let question = match screen {
            Screen::Store => model.store.before_leaving(),
            Screen::Recipes => model.recipes.before_leaving(),
            Screen::Bake => model.bake.before_leaving(),
            Screen::Verify => model.verify.before_leaving(),
            Screen::Diff => model.diff.before_leaving(),
            Screen::Bakes => model.bakes.before_leaving(),
        };
        question.map(|question| (screen, question))
    });
    match in_the_way {
        Some((screen, question)) => {
            model.screen = screen;
            model.overlay = Overlay::Confirm(question);
            Vec::new()
        }
        None => vec![Effect::Leave],
    }
}

/// Grants what screens wish, in order.
pub(super) fn grant(model: &mut Model, wishes: Vec<Wish>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for wish in wishes {
        let around = model.around();
        let further = match wish {
            Wish::Do(effect) => {
                effects.push(effect);
                Vec::new()
            }
            Wish::Tell(toast) => {
                model.toasts.add(toast, model.now);
                Vec::new()
            }
            Wish::Ask(confirm) => cover(model, Overlay::Confirm(confirm)),
            Wish::Pick(picker) => cover(model, Overlay::Picker(picker)),
            Wish::Go(screen) if screen != model.screen => {
                model.screen = screen;
                model.place_mut().enter(&around)
            }
            Wish::Go(_) => Vec::new(),
            Wish::Watch { bake, replay } => {
                model.screen = Screen::Bake;
                model.bake.watch(bake, replay, &around)
            }
            Wish::Compare(asked) => {
                model.screen = Screen::Diff;
                model.diff.open(asked)
            }
            Wish::Verify(image) => {
                model.screen = Screen::Verify;
                model.verify.verify(image)
            }
            Wish::EditMaker(image) => model.recipes.edit_maker(&image, &around),
            Wish::Bake(recipe) => vec![Wish::Do(Effect::Recipes(recipes::Effect::Bake(recipe)))],
            Wish::ChooseRecipeFor(image) => model.recipes.choose_for(&image),
            Wish::Theme { name, keep } => {
                if keep {
                    model.theme.clone_from(&name);
                }
                vec![Wish::Do(Effect::Theme { name, keep })]
            }
            Wish::ReadAgain => read_again(),
            Wish::Leave => {
                effects.push(Effect::Leave);
                Vec::new()
            }
        };
        effects.extend(grant(model, further));
    }
    effects
}

/// Lays something over the screen; what a choice that was there tried on is taken back.
fn cover(model: &mut Model, overlay: Overlay) -> Vec<Wish> {
    match std::mem::replace(&mut model.overlay, overlay) {
        Overlay::Picker(Picker { live: Some(live), .. }) => live.left,
        _ => Vec::new(),
    }
}

/// All themes; the one that is kept is selected. Moving tries each on.
fn theme_picker(kept: &str, choices: Vec<ThemeChoice>) -> Picker {
    let wear = |name: &str, keep| vec![Wish::Theme { name: name.to_owned(), keep }];
    let at = choices.iter().position(|choice| choice.name == kept).unwrap_or(0);
    let moved = choices.iter().map(|choice| match choice.about {
        Ok(_) => wear(&choice.name, false),
        Err(_) => wear(kept, false),
    });
    let live = Live { moved: moved.collect(), left: wear(kept, false) };
    let items = choices.into_iter().map(|ThemeChoice { name, about }| match about {
        Ok(note) => Item { then: wear(&name, true), note, label: name },
        Err(why) => {
            let told = Wish::Tell(Toast::warning(why.clone()).next("mend it, or choose another"));
            Item { then: vec![Wish::Theme { name: kept.to_owned(), keep: false }, told], note: why, label: name }
        }
    });
    let mut picker = Picker::new("theme", items.collect());
    picker.live = Some(live);
    picker.select(at);
    picker
}

/// Something changed outside: what shows it is read again.
fn read_again() -> Vec<Wish> {
    let effects = [
        Effect::Store(store::Effect::ReadAgain),
        Effect::Recipes(recipes::Effect::List),
        Effect::Bakes(bakes::Effect::List),
    ];
    effects.into_iter().map(Wish::Do).collect()
}
