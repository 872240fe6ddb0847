//! What `update` wants done outside, as data. `perform` does it.

use std::path::PathBuf;

use super::screens::{bake, bakes, diff, recipes, store, verify};

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
