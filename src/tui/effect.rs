//! What `update` wants done outside, as data. `perform` does it.

use std::path::PathBuf;

use super::errands;
use super::screens::{bake, bakes, diff, lineage, recipes, store, verify};
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
    /// For the Lineage screen.
    Lineage(lineage::Effect),
    /// For the Bakes screen.
    Bakes(bakes::Effect),
    /// For no screen in particular.
    Errand(errands::Effect),
    /// Lets keys and frames go before the palette goes on finding.
    FindMore,
    /// Gives up what is under way.
    GiveUp(TaskKind),
    /// Puts text into the clipboard.
    Copy(String),
    /// Sends the terminal something that is not to be drawn.
    Send(Vec<u8>),
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
    /// Lists the themes there are.
    Themes,
    /// Puts a theme on; for good where it is to be kept, else while it is tried.
    Theme {
        /// Its name.
        name: String,
        /// Whether it is written into the user's settings.
        keep: bool,
    },
}

impl Effect {
    /// Whether it changes something outside, which a read-only session does not.
    pub fn changes(&self) -> bool {
        match self {
            Self::Recipes(effect) => {
                use recipes::editor::Effect as Editor;
                use recipes::wizard::Effect as Wizard;
                match effect {
                    recipes::Effect::List | recipes::Effect::Plan { .. } => false,
                    recipes::Effect::Editor(effect) => matches!(effect, Editor::Save { .. }),
                    recipes::Effect::Wizard(effect) => matches!(effect, Wizard::Make(_)),
                    _ => true,
                }
            }
            Self::Bake(effect) => matches!(effect, bake::Effect::Cancel(_)),
            Self::Bakes(effect) => matches!(effect, bakes::Effect::Cancel(_)),
            Self::Diff(effect) => matches!(effect, diff::Effect::Save { .. }),
            Self::Lineage(effect) => effect.changes(),
            Self::Errand(effect) => !matches!(effect, errands::Effect::CountUnused | errands::Effect::VerifyAll(_)),
            Self::EditOutside(_) | Self::Shell(_) => true,
            _ => false,
        }
    }
}
