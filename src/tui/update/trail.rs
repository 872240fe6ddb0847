//! Where one came from, to go back to: a short trail of screens. Pure.

use super::grant::grant;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::screens::Screen;

/// Screens remembered.
const LONGEST: usize = 6;

/// One thing led to another: shows `screen`, and remembers where that was asked for.
pub(super) fn follow(model: &mut Model, screen: Screen) {
    let from = std::mem::replace(&mut model.screen, screen);
    if from == screen {
        return;
    }
    // Round in a circle is no way on.
    if let Some(at) = model.trail.iter().position(|before| *before == screen) {
        model.trail.truncate(at);
        return;
    }
    model.trail.push(from);
    if model.trail.len() > LONGEST {
        model.trail.remove(0);
    }
}

/// Shows `screen`, chosen from the tabs: that is a new beginning.
pub(super) fn begin(model: &mut Model, screen: Screen) {
    model.screen = screen;
    model.trail.clear();
}

/// Goes back to where one came from; `None` where nobody came from anywhere, or the screen has something to close first.
pub(super) fn back(model: &mut Model) -> Option<Vec<Effect>> {
    if model.place().takes_back() {
        return None;
    }
    model.screen = model.trail.pop()?;
    let around = model.around();
    let wishes = model.place_mut().enter(&around);
    Some(grant(model, wishes))
}
