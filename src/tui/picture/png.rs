//! SVG as PNG, with a font that comes along: pictures are the same on every machine.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSansMono.ttf");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSansMono-Bold.ttf");

/// Pixels a unit of the SVG: crisp on screens of today.
const SCALE: f32 = 2.0;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Not an SVG that can be read.
    #[error("the picture cannot be read")]
    Svg(#[from] resvg::usvg::Error),
    /// No memory for so many pixels.
    #[error("a picture of {0} by {1} pixels is too large")]
    Size(u32, u32),
    /// The encoder refused.
    #[error("the picture cannot be written as PNG: {0}")]
    Encode(String),
}

/// The picture as PNG, and its width and height in pixels.
pub fn png(svg: &str) -> Result<(Vec<u8>, u32, u32), PictureError> {
    let mut options = Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    fonts.set_monospace_family("DejaVu Sans Mono");
    let tree = Tree::from_str(svg, &options)?;
    let whole = tree.size().to_int_size();
    let size = whole.scale_by(SCALE).unwrap_or(whole);
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(PictureError::Size(size.width(), size.height()))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    let bytes = pixels.encode_png().map_err(|error| PictureError::Encode(error.to_string()))?;
    Ok((bytes, size.width(), size.height()))
}
