//! Characters that are drawn rather than written, so that rules and bars join from cell to cell, and signs look alike
//! whatever font shows the picture.

use super::svg::{CELL_HEIGHT, CELL_WIDTH};

/// What is painted in place of a character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// A rectangle in the cell's own pixels, and how opaque it is. Equal ones side by side become one.
    Bar {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// From 0 to 1.
        opacity: f32,
    },
    /// Arms from the middle of a cell: up, right, down, left.
    Arms([bool; 4]),
    /// An SVG path in the cell's own pixels: filled, or a line of that width.
    Path(&'static str, Option<f32>),
}

/// The middle line of a cell; at twice the size its edges fall between pixels.
pub(super) const MIDDLE_X: f32 = 4.5;
/// The middle line of a cell.
pub(super) const MIDDLE_Y: f32 = 10.0;

/// A nearly closed circle; its arrow head is a path of its own.
const CIRCLE: &str = "M7.9 10.2A3.45 3.45 0 1 1 6.3 7.3";
const ARROW: &str = "M5.3 4.6L9 7.4L5 9.3Z";

/// How a character is drawn; nothing for those that are written.
pub(super) fn shapes(symbol: &str) -> Vec<Shape> {
    let (w, h) = (CELL_WIDTH, CELL_HEIGHT);
    let bar = |x: f32, y: f32, width: f32, height: f32| vec![Shape::Bar { x, y, width, height, opacity: 1.0 }];
    let shade = |opacity: f32| vec![Shape::Bar { x: 0.0, y: 3.0, width: w, height: 14.0, opacity }];
    let arms = |up, right, down, left| vec![Shape::Arms([up, right, down, left])];
    let (yes, no) = (true, false);
    match symbol {
        "─" => bar(0.0, MIDDLE_Y, w, 1.0),
        "│" => bar(MIDDLE_X, 0.0, 1.0, h),
        "┼" => arms(yes, yes, yes, yes),
        "├" => arms(yes, yes, yes, no),
        "┤" => arms(yes, no, yes, yes),
        "┬" => arms(no, yes, yes, yes),
        "┴" => arms(yes, yes, no, yes),
        "┌" | "╭" => arms(no, yes, yes, no),
        "┐" | "╮" => arms(no, no, yes, yes),
        "└" | "╰" => arms(yes, yes, no, no),
        "┘" | "╯" => arms(yes, no, no, yes),
        "█" => bar(0.0, 0.0, w, h),
        "▌" => bar(0.0, 0.0, 3.0, h),
        "▐" => bar(w - 3.0, 0.0, 3.0, h),
        "▀" => bar(0.0, 0.0, w, h / 2.0),
        "▄" => bar(0.0, h / 2.0, w, h / 2.0),
        // A meter is a bar and its groove, clear of the lines above and below.
        "▓" => shade(1.0),
        "▒" => shade(0.5),
        "░" => shade(0.22),
        "⟳" => vec![Shape::Path(CIRCLE, Some(1.3)), Shape::Path(ARROW, None)],
        _ => Vec::new(),
    }
}
