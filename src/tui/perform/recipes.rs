//! The Recipes screen's effects.

use super::Performer;
use crate::tui::screens::recipes::Effect;

impl Performer {
    pub(super) fn recipes(&mut self, effect: Effect) {
        match effect {
            Effect::List | Effect::Bake(_) => {}
            Effect::Editor(effect) => self.editor(effect),
        }
    }
}
