//! How things look: roles, glyphs, themes, colour depth. Knows no screen.

mod built_in;
mod choose;
mod depth;
mod glyph;
mod load;
mod look;
mod readable;
mod role;

pub use built_in::BUILT_IN;
pub use choose::{ThemeFile, automatic, named, unknown_role};
pub use depth::{Depth, xterm_rgb};
pub use glyph::Glyph;
pub use load::{CANVAS_KEYS, THEME_KEYS, Theme, ThemeError};
pub use look::{Canvas, Look};
pub use role::Role;
