//! The Bake screen's effects.

use super::Performer;
use crate::tui::screens::bake::Effect;

impl Performer {
    pub(super) fn bake(&mut self, effect: Effect) {
        match effect {
            Effect::Watch { .. } => {}
        }
    }
}
