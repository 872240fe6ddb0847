//! Screens as pictures: the same cells as a terminal's, as SVG and PNG. The same cells give the same bytes. Knows no model.

#[cfg(feature = "pictures")]
mod png;
mod svg;

#[cfg(feature = "pictures")]
pub use png::{PictureError, png};
pub use svg::svg;
