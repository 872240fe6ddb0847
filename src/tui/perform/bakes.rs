//! The Bakes screen's effects.

use super::Performer;
use crate::tui::screens::bakes::Effect;

impl Performer {
    pub(super) fn bakes(&mut self, effect: Effect) {
        match effect {
            Effect::List => {}
        }
    }
}
