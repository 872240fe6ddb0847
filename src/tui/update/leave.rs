//! Leaving: whatever would be lost is asked about first. Pure.

use crate::tui::effect::Effect;
use crate::tui::model::{Model, Overlay};
use crate::tui::screens::{Place, Screen, Wish};
use crate::tui::tasks::Task;
use crate::tui::widgets::Confirm;

/// Leaves, or asks about what would be lost.
pub(super) fn leave(model: &mut Model) -> Vec<Effect> {
    let in_the_way = Screen::ALL.into_iter().find_map(|screen| {
        let question = match screen {
            Screen::Store => model.store.before_leaving(),
            Screen::Recipes => model.recipes.before_leaving(),
            Screen::Bake => model.bake.before_leaving(),
            Screen::Verify => model.verify.before_leaving(),
            Screen::Diff => model.diff.before_leaving(),
            Screen::Lineage => model.lineage.before_leaving(),
            Screen::Bakes => model.bakes.before_leaving(),
        };
        question.map(|question| (screen, question))
    });
    match in_the_way {
        Some((screen, question)) => {
            model.screen = screen;
            model.overlay = Overlay::Confirm(match owed(model) {
                Some(owed) => naming_both(question, &owed),
                None => question,
            });
            Vec::new()
        }
        None => match owed(model) {
            Some(owed) => {
                let question = Confirm::no_or("leave now?", broken_off(&owed), "leave", vec![Wish::Leave]);
                model.overlay = Overlay::Confirm(question);
                Vec::new()
            }
            None => vec![Effect::Leave],
        },
    }
}

fn broken_off(owed: &str) -> String {
    format!("Leaving breaks off: {owed}. Bakes that have begun go on either way.")
}

/// The question of a screen that is left, for whoever would break off something, too: the answer that stays is the first at hand.
fn naming_both(question: Confirm, owed: &str) -> Confirm {
    let stays = question.choices.iter().position(|choice| choice.then.is_empty());
    let text = format!("{} {}", question.text, broken_off(owed));
    Confirm { text, focused: stays.unwrap_or(question.focused), ..question }
}

/// What is under way and would be broken off, in words. Bakes are not: they go on by themselves.
fn owed(model: &Model) -> Option<String> {
    let said = |task: &Task| task.kind.is_owed().then(|| task.what.clone());
    let owed: Vec<String> = model.tasks.all.iter().filter_map(said).collect();
    (!owed.is_empty()).then(|| owed.join(", "))
}
