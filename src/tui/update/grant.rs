//! Grants what screens wish, in order. What a read-only session does not do is refused here, whoever wishes it. Pure.

use super::keys::{act, refusal};
use super::trail;
use crate::tui::effect::Effect;
use crate::tui::errands;
use crate::tui::model::{Model, Overlay};
use crate::tui::screens::{Reveal, Screen, Wish, bakes, recipes, store};
use crate::tui::widgets::{Item, Picker, Preview};

/// Grants what screens wish, in order.
pub(super) fn grant(model: &mut Model, wishes: Vec<Wish>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for wish in wishes {
        let around = model.around();
        let further = match wish {
            Wish::Do(effect) if model.settled.readonly && effect.changes() => {
                model.toasts.add(refusal(), model.now);
                Vec::new()
            }
            Wish::Do(effect) => {
                if let Effect::Theme { name, keep: true } = &effect {
                    model.settled.theme.clone_from(name);
                }
                effects.push(effect);
                Vec::new()
            }
            Wish::Tell(toast) => {
                model.toasts.add(toast, model.now);
                Vec::new()
            }
            Wish::Ask(confirm) => {
                model.overlay = Overlay::Confirm(confirm);
                Vec::new()
            }
            Wish::Pick(picker) => {
                model.overlay = Overlay::Picker(picker);
                Vec::new()
            }
            Wish::Go(screen) if screen != model.screen => {
                trail::follow(model, screen);
                model.place_mut().enter(&around)
            }
            Wish::Go(_) => Vec::new(),
            Wish::Watch { bake, replay } => {
                trail::follow(model, Screen::Bake);
                model.bake.watch(bake, replay, &around)
            }
            Wish::Compare(asked) => {
                trail::follow(model, Screen::Diff);
                model.diff.open(asked)
            }
            Wish::Verify(image) => {
                trail::follow(model, Screen::Verify);
                model.verify.verify(image)
            }
            Wish::Reveal(what) => reveal(model, what),
            Wish::Act(action) => {
                effects.extend(act(model, action));
                Vec::new()
            }
            Wish::AskTyped(confirm) => {
                model.overlay = Overlay::Typed(confirm);
                Vec::new()
            }
            Wish::AskPassphrase(prompt) => {
                model.overlay = Overlay::Passphrase(prompt);
                Vec::new()
            }
            Wish::PickTheme => {
                model.overlay = Overlay::Picker(themes(model));
                Vec::new()
            }
            Wish::BakeAll(recipes) => bake_all(recipes),
            Wish::EditMaker(image) => model.recipes.edit_maker(&image, &around),
            Wish::Bake(recipe) => vec![Wish::Do(Effect::Recipes(recipes::Effect::Bake(recipe)))],
            Wish::ChooseRecipeFor(image) => model.recipes.choose_for(&image),
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

/// Something changed outside: what shows it is read again.
fn read_again() -> Vec<Wish> {
    let effects = [
        Effect::Store(store::Effect::ReadAgain),
        Effect::Recipes(recipes::Effect::List),
        Effect::Bakes(bakes::Effect::List),
    ];
    effects.into_iter().map(Wish::Do).collect()
}

/// Goes where something is, and selects it.
fn reveal(model: &mut Model, what: Reveal) -> Vec<Wish> {
    let screen = match &what {
        Reveal::Image(_) => Screen::Store,
        Reveal::Recipe(_) => Screen::Recipes,
        Reveal::File(_) => Screen::Diff,
    };
    trail::follow(model, screen);
    let around = model.around();
    match what {
        Reveal::Image(reference) => model.store.reveal(&reference, &around),
        Reveal::Recipe(file) => model.recipes.reveal(&file, &around),
        Reveal::File(path) => model.diff.reveal(path),
    }
}

/// One bake is watched; several show among the bakes.
fn bake_all(mut recipes: Vec<std::path::PathBuf>) -> Vec<Wish> {
    if recipes.len() == 1 {
        return recipes.pop().map(Wish::Bake).into_iter().collect();
    }
    vec![Wish::Do(Effect::Errand(errands::Effect::BakeAll(recipes))), Wish::Go(Screen::Bakes)]
}

/// The themes, each shown while it is selected; the one in force first selected.
fn themes(model: &Model) -> Picker {
    let item = |name: &String| Item {
        label: name.clone(),
        note: if *name == model.settled.theme { "in force".to_owned() } else { String::new() },
        then: vec![Wish::Do(Effect::Theme { name: name.clone(), keep: true })],
    };
    let mut picker = Picker::new("theme", model.settled.themes.iter().map(item).collect());
    picker.preview = Some(Preview::Theme { before: model.settled.theme.clone() });
    let at = model.settled.themes.iter().position(|name| *name == model.settled.theme).unwrap_or(0);
    picker.go(at);
    picker
}
