//! A drawn buffer as a picture: SVG always, PNG with the feature `pictures`. Pure; knows no model and no file.

#[cfg(feature = "pictures")]
mod png;
mod shape;
mod svg;

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::theme::Canvas;

/// A picture of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The SVG document.
    pub svg: String,
    /// Width in CSS pixels; the PNG has [`SCALE`] times as many.
    pub width: u32,
    /// Height, likewise.
    pub height: u32,
}

/// Pixels of the PNG for one of the SVG.
pub const SCALE: u16 = 2;

impl Picture {
    /// Paints a buffer on a canvas. The same buffer gives the same bytes.
    pub fn of(buffer: &Buffer, canvas: Canvas) -> Self {
        let (width, height) = svg::size(buffer.area);
        Self { svg: svg::document(buffer, canvas), width, height }
    }

    /// The same as PNG; `None` where this bakery was built without the feature `pictures`.
    #[cfg(feature = "pictures")]
    pub fn png(&self) -> Option<Result<Vec<u8>, PictureError>> {
        Some(png::encode(&self.svg))
    }

    /// The same as PNG; `None` where this bakery was built without the feature `pictures`.
    #[cfg(not(feature = "pictures"))]
    pub fn png(&self) -> Option<Result<Vec<u8>, PictureError>> {
        None
    }
}

/// What is written in a buffer, one line a row, nothing after the last character.
pub fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let row = |y: u16| {
        let (mut line, mut x) = (String::new(), area.x);
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // What is two columns wide hides the cell behind it.
            x += u16::try_from(Span::raw(symbol).width()).unwrap_or(1).max(1);
        }
        line.trim_end().to_owned()
    };
    (area.y..area.bottom()).map(row).collect()
}

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The SVG cannot be painted.
    #[error("cannot paint the picture: {0}")]
    Paint(String),
    /// Too large to hold in memory.
    #[error("the picture is too large")]
    Size,
}
