//! What happens, happens here: a message changes the model and leaves effects to be done. Pure.

mod grant;
mod keys;
mod leave;
mod over;
mod themes;
mod trail;

pub(super) use self::grant::grant;
pub(super) use self::keys::{act, pressed};
use super::commands::{commands_of, outcome_of};
use super::effect::Effect;
use super::errands;
use super::model::{Model, Overlay};
use super::mouse::moused;
use super::msg::Msg;
use super::screens::{Compare, Place, Screen, Wish, diff, store};
use super::tasks::TaskKind;
use super::tour;
use super::widgets::Toast;
use crate::report::{Kind, Report};

pub(super) use self::over::rows as under_way;
use self::themes::theme_picker;

/// The first effects: what every screen wants at the start.
pub fn begin(model: &mut Model, first: Screen) -> Vec<Effect> {
    let around = model.around();
    let mut wishes = model.store.enter(&around);
    wishes.extend(model.recipes.enter(&around));
    wishes.extend(model.bakes.enter(&around));
    model.screen = first;
    wishes.extend(model.place_mut().enter(&around));
    wishes.extend(key_problems(&model.settled.problems).map(Wish::Tell));
    let effects = grant(model, wishes);
    remember(model, &effects);
    effects
}

/// What is wrong with keys of the user's own: the first of it, and how to have all.
fn key_problems(problems: &[String]) -> Option<Toast> {
    let first = problems.first()?;
    let told = match problems.len() {
        1 => first.clone(),
        all => format!("{first} (and {} more)", all - 1),
    };
    Some(Toast::warning(told).next("the built-in keys hold there; `bakery config show` lists what is wrong"))
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
    for (of, outcome) in outcome_of(&msg) {
        model.commands.end(&of, outcome);
    }
    let before = model.screen;
    let mut effects = taken(model, msg);
    if model.screen != before {
        let wishes = model.screen_mut(before).left();
        effects.extend(grant(model, wishes));
    }
    if let Overlay::Palette(palette) = &mut model.overlay
        && palette.finder.wants_more()
    {
        effects.push(Effect::FindMore);
    }
    remember(model, &effects);
    effects
}

/// Remembers what is to be done, as commands.
fn remember(model: &mut Model, effects: &[Effect]) {
    let commands: Vec<String> = effects.iter().flat_map(|effect| commands_of(effect, model)).collect();
    let now = model.now;
    commands.into_iter().for_each(|command| model.commands.add(command, now));
}

fn taken(model: &mut Model, msg: Msg) -> Vec<Effect> {
    if let Some(effects) = tour::intercept(model, &msg) {
        return effects;
    }
    let around = model.around();
    let wishes = match msg {
        Msg::Key(key) => return keys::pressed(model, key),
        Msg::Paste(text) => return keys::pasted(model, &text),
        Msg::Mouse(mouse) => return moused(model, mouse),
        Msg::Resized(size) => {
            model.size = size;
            let around = model.around();
            let mut wishes = model.store.resized(&around);
            wishes.extend(model.recipes.resized(&around));
            wishes.extend(model.bake.resized(&around));
            wishes.extend(model.verify.resized(&around));
            wishes.extend(model.diff.resized(&around));
            wishes.extend(model.lineage.resized(&around));
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
        Msg::Lineage(msg) => model.lineage.receive(msg, &around),
        Msg::Bakes(msg) => model.bakes.receive(msg, &around),
        Msg::FindMore => {
            if let Overlay::Palette(palette) = &mut model.overlay {
                palette.finder.more(&palette.stock);
            }
            Vec::new()
        }
        Msg::Task(news) => {
            model.tasks.take(news, model.now);
            over::settle_tasks(model);
            Vec::new()
        }
        Msg::Errand(msg) => {
            if matches!(msg, errands::Msg::PassphraseWanted { .. }) {
                model.recipes.not_begun();
            }
            errands::receive(msg)
        }
    };
    grant(model, wishes)
}

/// What a screen is told that waits for a task that was given up.
fn given_up(model: &mut Model, kind: &TaskKind) -> Vec<Wish> {
    let around = model.around();
    let report = || Report::message(Kind::Cancelled, "given up before its end").help("r asks again");
    match kind {
        TaskKind::Survey(store) => {
            let msg = store::Msg::Surveyed { store: store.clone(), failure: Some(report()) };
            model.store.receive(msg, &around)
        }
        TaskKind::Verify => model.verify.give_up(),
        TaskKind::Lineage => model.lineage.give_up(),
        TaskKind::Asking | TaskKind::Rebase(_) => model.lineage.give_up_asking(),
        TaskKind::Open => match model.diff.asked.clone() {
            Some(asked) => model.diff.receive(diff::Msg::Opened { asked, matter: Err(report()) }, &around),
            None => Vec::new(),
        },
        TaskKind::Publish => {
            vec![Wish::Tell(Toast::warning("publishing was given up").next("what was sent stays there; no name moved"))]
        }
        _ => Vec::new(),
    }
}
