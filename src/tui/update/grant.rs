//! Grants what screens wish, in order. What a read-only session does not do is refused here, whoever wishes it. Pure.

use super::keys::{act, refusal};
use super::trail;
use crate::domain::units::count;
use crate::tui::effect::Effect;
use crate::tui::errands;
use crate::tui::model::{Model, Overlay};
use crate::tui::screens::{Inherit, Place, Reveal, Screen, Wish, bakes, recipes, store};
use crate::tui::widgets::{Picker, Toast};

/// Grants what screens wish, in order.
pub(in crate::tui) fn grant(model: &mut Model, wishes: Vec<Wish>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for wish in wishes {
        let around = model.around();
        let further = match wish {
            Wish::Do(effect) if model.settled.readonly && effect.changes() => {
                model.toasts.add(refusal(), model.now);
                Vec::new()
            }
            Wish::Do(effect) => {
                effects.push(effect);
                Vec::new()
            }
            Wish::Tell(toast) => {
                model.toasts.add(toast, model.now);
                Vec::new()
            }
            Wish::Untell(toast) => {
                model.toasts.take_back(&toast);
                Vec::new()
            }
            Wish::Ask(confirm) => cover(model, Overlay::Confirm(confirm)),
            Wish::Pick(picker) => cover(model, Overlay::Picker(picker)),
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
            Wish::AskTyped(confirm) => cover(model, Overlay::Typed(confirm)),
            Wish::AskPassphrase(prompt) => cover(model, Overlay::Passphrase(prompt)),
            Wish::Theme { name, keep } => {
                if keep {
                    model.theme.clone_from(&name);
                }
                vec![Wish::Do(Effect::Theme { name, keep })]
            }
            Wish::BakeAll(recipes) => bake_all(model, recipes),
            Wish::ChooseRecipeFor(_) | Wish::EditMaker(_) | Wish::Rebake(_) if !model.recipes.read => {
                model.recipes.owe(wish)
            }
            Wish::EditMaker(image) => model.recipes.edit_maker(&image, &around),
            Wish::Bake(recipe) if model.bakes.pool.live().is_some() => {
                model.recipes.not_begun();
                join(vec![recipe])
            }
            Wish::Bake(recipe) => vec![Wish::Do(Effect::Recipes(recipes::Effect::Bake(recipe)))],
            Wish::ChooseRecipeFor(image) => model.recipes.choose_for(&image),
            Wish::ReadAgain => read_again(model),
            Wish::Rebake(images) => {
                let (recipes, none) = model.recipes.makers(&images);
                model.lineage.rebake(&recipes, &none)
            }
            Wish::Inherit(asked) => inherit(model, asked),
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

/// Something changed outside: what shows it is read again.
fn read_again(model: &mut Model) -> Vec<Wish> {
    let effects = [
        Effect::Store(store::Effect::ReadAgain),
        Effect::Recipes(recipes::Effect::List),
        Effect::Bakes(bakes::Effect::List),
    ];
    let mut wishes: Vec<Wish> = effects.into_iter().map(Wish::Do).collect();
    wishes.extend(model.lineage.read_again(model.screen == Screen::Lineage));
    wishes
}

/// Goes to who inherits from whom, and asks there.
fn inherit(model: &mut Model, asked: Inherit) -> Vec<Wish> {
    let is_here = model.screen == Screen::Lineage;
    trail::follow(model, Screen::Lineage);
    let around = model.around();
    let mut wishes = if is_here { Vec::new() } else { model.lineage.enter(&around) };
    wishes.extend(match asked {
        Inherit::Show(reference) => model.lineage.reveal(&reference, &around),
        Inherit::Rebase(image) => model.lineage.rebase(image),
        Inherit::RollOut(base) => model.lineage.roll_out(base, Vec::new()),
        Inherit::Impact { base, onto } => model.lineage.impact(base, onto),
    });
    wishes
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
fn bake_all(model: &Model, mut recipes: Vec<std::path::PathBuf>) -> Vec<Wish> {
    if recipes.len() == 1 {
        return recipes.pop().map(Wish::Bake).into_iter().collect();
    }
    match model.bakes.pool.live() {
        Some(_) => join(recipes),
        None => show_all(recipes),
    }
}

/// Recipes that are baked with those under way: they share the builders, and so the line.
fn join(recipes: Vec<std::path::PathBuf>) -> Vec<Wish> {
    let joins = if recipes.len() == 1 { "joins" } else { "join" };
    let told = format!("{} {joins} those under way", count(recipes.len() as u64, "recipe"));
    let mut wishes = vec![Wish::Tell(Toast::done(told).next("X on screen 7 stops them all"))];
    wishes.extend(show_all(recipes));
    wishes
}

fn show_all(recipes: Vec<std::path::PathBuf>) -> Vec<Wish> {
    vec![Wish::Do(Effect::Errand(errands::Effect::BakeAll(recipes))), Wish::Go(Screen::Bakes)]
}
