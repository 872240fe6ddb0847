//! What an action does while something lies over the screen. Pure.

use super::grant::grant;
use crate::domain::projection::{ShelfRow, ShelfStatus, millis_of};
use crate::tui::commands::CommandsBox;
use crate::tui::effect::Effect;
use crate::tui::errands;
use crate::tui::keymap::{Action, Bound, Motion};
use crate::tui::model::{Model, Overlay};
use crate::tui::palette::Answer;
use crate::tui::screens::{Screen, Wish, bakes};
use crate::tui::tasks::{ROWS, TaskKind, TaskRow};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, HelpBox, Picker};

/// Commands chosen before that the palette shows first.
const RECENT: usize = 12;

/// An action while something lies over the screen. What is taken is put back unless it is over.
pub(super) fn act(model: &mut Model, mut overlay: Overlay, action: Action) -> Vec<Effect> {
    let wishes = match (&mut overlay, action) {
        (Overlay::Tasks, Action::CancelBake) => Some(cancel_task(model)),
        (Overlay::Tasks, Action::Open) => Some(go_to_task(model)),
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
            scroll_help(model, from, motion);
            None
        }
        (Overlay::Confirm(confirm), Action::Move(motion)) => {
            confirm.step(motion);
            None
        }
        (Overlay::Confirm(confirm), Action::Open) => confirm.choices.get(confirm.focused).map(|c| c.then.clone()),
        (Overlay::Confirm(confirm), Action::Yes) => confirm.yes().map(|choice| choice.then.clone()),
        (Overlay::Typed(confirm), Action::Open) => confirm.answer(),
        (Overlay::Passphrase(prompt), Action::Open) if !prompt.typed.is_empty() => {
            let (passphrase, then) = (std::mem::take(&mut prompt.typed), std::mem::take(&mut prompt.then));
            Some(vec![Wish::Do(Effect::Errand(errands::Effect::Unlock { passphrase, then }))])
        }
        (Overlay::Picker(picker), Action::Move(motion)) => {
            picker.step(motion);
            let wishes = picker.moved();
            model.overlay = overlay;
            return grant(model, wishes);
        }
        (Overlay::Picker(picker), Action::Open) => picker.selected().map(|item| item.then.clone()),
        (Overlay::Palette(palette), action) => match palette.act(action) {
            Answer::Stay => None,
            Answer::Over(wishes, thing) => {
                model.recent.retain(|other| *other != thing);
                model.recent.insert(0, thing);
                model.recent.truncate(RECENT);
                Some(wishes)
            }
        },
        (Overlay::Tasks, Action::Move(motion)) => {
            let len = rows(model).len();
            model.tasks.cursor.step(motion, len, ROWS);
            None
        }
        (Overlay::Commands, Action::Move(motion)) => {
            let (len, height) = (model.commands.all.len(), CommandsBox::rows(model.body()));
            model.commands.cursor.step(motion, len, height);
            None
        }
        (Overlay::Commands, Action::Copy) => {
            let command = model.commands.selected().map(|entry| entry.command.clone());
            Some(command.map(|command| Wish::Do(Effect::Copy(command))).into_iter().collect())
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

fn scroll_help(model: &Model, from: &mut usize, motion: Motion) {
    let mut scopes = model.place().scopes();
    scopes.push(crate::tui::keymap::Scope::Everywhere);
    let look = Look::of_roles(false);
    let (keymap, offers) = (&model.settled.keymap, &|bound: &Bound| model.offers(bound));
    let (rows, page) = HelpBox { keymap, offers, scopes: &scopes, from: 0, look: &look }.rows(model.body());
    let last = rows.saturating_sub(page);
    *from = match motion {
        Motion::PageUp | Motion::PageDown => motion.leads(*from, page),
        _ => motion.leads(*from, page.max(2)),
    }
    .min(last);
}

/// What is under way: tasks, then bakes that run.
pub(in crate::tui) fn rows(model: &Model) -> Vec<TaskRow> {
    let millis = |since: time::OffsetDateTime| (model.now - since).whole_milliseconds();
    let told = |millis: i128| u64::try_from(millis).unwrap_or(0);
    let tasks = model.tasks.all.iter().map(|task| TaskRow {
        what: task.what.clone(),
        progress: task.progress.clone(),
        millis: told(millis(task.since)),
    });
    let now = i128::from(model.now.unix_timestamp()) * 1000 + i128::from(model.now.millisecond());
    let bakes = running(model).map(|row| TaskRow {
        what: format!("baking {}", row.reference),
        progress: if row.steps.1 == 0 {
            String::new()
        } else {
            format!("step {} of {}", (row.steps.0 + 1).min(row.steps.1), row.steps.1)
        },
        millis: millis_of(&row.started).map_or(row.millis, |from| told(now - i128::from(from))),
    });
    tasks.chain(bakes).collect()
}

fn running(model: &Model) -> impl Iterator<Item = &ShelfRow> {
    model.bakes.rows().iter().filter(|row| row.status == ShelfStatus::Running)
}

/// Keeps the selection among what is under way.
pub(super) fn settle_tasks(model: &mut Model) {
    let len = rows(model).len();
    model.tasks.cursor.follow(len, ROWS);
}

/// The selected task, or the selected bake that runs.
fn selected(model: &Model) -> Option<Result<TaskKind, (String, String)>> {
    let at = model.tasks.cursor.selected;
    match model.tasks.all.get(at) {
        Some(task) => Some(Ok(task.kind.clone())),
        None => running(model)
            .nth(at.checked_sub(model.tasks.all.len())?)
            .map(|row| Err((row.bake.clone(), row.reference.clone()))),
    }
}

/// A task is given up at once, bakes after a question. A survey ends as though its store had not answered.
fn cancel_task(model: &mut Model) -> Vec<Wish> {
    match selected(model) {
        Some(Ok(TaskKind::Batch)) => model.bakes.pool.stop(),
        Some(Ok(kind)) => {
            let mut wishes = vec![Wish::Do(Effect::GiveUp(kind.clone()))];
            wishes.extend(super::given_up(model, &kind));
            wishes
        }
        Some(Err((bake, reference))) => {
            let text = "It stops where it is. Steps that are done stay in the cache.";
            let yes = vec![Wish::Do(Effect::Bakes(bakes::Effect::Cancel(bake)))];
            vec![Wish::Ask(Confirm::no_or(format!("cancel {reference}?"), text, "cancel it", yes))]
        }
        None => Vec::new(),
    }
}

fn go_to_task(model: &Model) -> Vec<Wish> {
    let go = |screen| vec![Wish::Act(Action::Go(screen))];
    match selected(model) {
        Some(Ok(TaskKind::Survey(_) | TaskKind::Publish | TaskKind::Unused | TaskKind::VerifyAll)) => go(Screen::Store),
        Some(Ok(TaskKind::Verify)) => go(Screen::Verify),
        Some(Ok(TaskKind::Open | TaskKind::Trust | TaskKind::Export(_))) => go(Screen::Diff),
        Some(Ok(TaskKind::Lineage | TaskKind::Assess | TaskKind::Asking | TaskKind::Rebase(_) | TaskKind::Update)) => {
            go(Screen::Lineage)
        }
        Some(Ok(TaskKind::Batch)) => go(Screen::Bakes),
        Some(Err((bake, _))) => vec![Wish::Watch { bake, replay: false }],
        None => Vec::new(),
    }
}
