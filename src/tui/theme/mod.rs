//! How things look: roles, glyphs, themes, colour depth. Knows no screen.

mod choose;
mod depth;
mod glyph;
mod load;
mod look;
mod role;

pub use choose::{automatic, named};
pub use depth::{Depth, xterm_rgb};
pub use glyph::Glyph;
pub use load::{BUILT_IN, Theme, ThemeError};
pub use look::{Canvas, Look};
pub use role::Role;
