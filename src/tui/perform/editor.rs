//! The editor's effects.

use super::Performer;
use crate::tui::screens::recipes::editor::Effect;

impl Performer {
    pub(super) fn editor(&mut self, effect: Effect) {
        match effect {}
    }
}
