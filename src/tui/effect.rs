//! What `update` wants done outside, as data. `perform` does it.

use std::path::PathBuf;

use super::errands;
use super::screens::{bake, bakes, diff, recipes, store, verify};
use super::tasks::TaskKind;

/// Something to be done outside the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// For the Store screen.
    Store(store::Effect),
    /// For the Recipes screen.
    Recipes(recipes::Effect),
    /// For the Bake screen.
    Bake(bake::Effect),
    /// For the Verify screen.
    Verify(verify::Effect),
    /// For the Diff screen.
    Diff(diff::Effect),
    /// For the Bakes screen.
    Bakes(bakes::Effect),
    /// For no screen in particular.
    Errand(errands::Effect),
    /// Lets keys and frames go before the palette goes on finding.
    FindMore,
    /// Gives up what is under way.
    GiveUp(TaskKind),
    /// Draws with another theme; `keep`: from now on, else only until the next one.
    Theme {
        /// Its name.
        name: String,
        /// Whether it was chosen.
        keep: bool,
    },
    /// Puts text into the clipboard.
    Copy(String),
    /// Opens a file in `$EDITOR`, the terminal lent to it.
    EditOutside(PathBuf),
    /// Opens `bakery shell` on this recipe's step, the terminal lent to it.
    Shell(String),
    /// Leaves the terminal UI.
    Leave,
    /// Stops the process until `fg`.
    Suspend,
    /// Draws everything anew.
    Redraw,
    /// Takes the mouse, or gives it back.
    Mouse(bool),
}

impl Effect {
    /// Whether it changes something outside, which a read-only session does not.
    pub fn changes(&self) -> bool {
        match self {
            Self::Recipes(effect) => {
                let looks = matches!(effect, recipes::Effect::List | recipes::Effect::Plan { .. });
                !looks && !matches!(effect, recipes::Effect::Editor(_))
            }
            Self::Bake(effect) => matches!(effect, bake::Effect::Cancel(_)),
            Self::Bakes(effect) => matches!(effect, bakes::Effect::Cancel(_)),
            Self::Diff(effect) => matches!(effect, diff::Effect::Save { .. }),
            Self::Errand(effect) => !matches!(effect, errands::Effect::CountUnused | errands::Effect::VerifyAll(_)),
            Self::EditOutside(_) | Self::Shell(_) => true,
            _ => false,
        }
    }
}
