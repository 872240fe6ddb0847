//! SVG to PNG with fonts of our own: the same picture on every machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::{PictureError, SCALE};

/// DejaVu Sans Mono, under the licence beside it.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(include_bytes!("fonts/DejaVuSansMono.ttf").to_vec());
    fonts.load_font_data(include_bytes!("fonts/DejaVuSansMono-Bold.ttf").to_vec());
    fonts.set_monospace_family("DejaVu Sans Mono");
    Arc::new(fonts)
});

/// Paints the document at twice its size.
pub(super) fn encode(svg: &str) -> Result<Vec<u8>, PictureError> {
    let failed = |error: String| PictureError::Paint(error);
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let scale = f32::from(SCALE);
    let size = tree.size().to_int_size().scale_by(scale).ok_or(PictureError::Size)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(PictureError::Size)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(error.to_string()))
}
