//! Cells as SVG: text by the font, rules and blocks as shapes, so that they join without gaps.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::{Canvas, xterm_rgb};

/// Width of a cell: DejaVu Sans Mono's advance of 0.602 em at this size.
const CELL: f32 = 9.632;
/// Height of a cell.
const ROW: f32 = 21.0;
/// Size of the font.
const FONT: f32 = 16.0;
/// Where text stands within its row.
const BASELINE: f32 = 15.5;
/// Around the screen.
const MARGIN: f32 = 18.0;

/// The picture of a screen.
pub fn svg(buffer: &Buffer, canvas: Canvas) -> String {
    let (columns, rows) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (columns * CELL + 2.0 * MARGIN, rows * ROW + 2.0 * MARGIN);
    let background = hex(canvas.background, "#000000");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"{FONT}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"{background}\"/>\n"
    );
    for y in 0..buffer.area.height {
        row(buffer, canvas, y, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// What a cell looks like.
#[derive(Clone, PartialEq)]
struct Dress {
    text: String,
    behind: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

fn dress(cell: &Cell, canvas: Canvas) -> Dress {
    let (text, background) = (hex(canvas.text, "#ffffff"), hex(canvas.background, "#000000"));
    let mut fg = hex(cell.fg, &text);
    let mut behind = (cell.bg != Color::Reset).then(|| hex(cell.bg, &background));
    if cell.modifier.contains(Modifier::REVERSED) {
        let was = behind.take().unwrap_or(background);
        behind = Some(std::mem::replace(&mut fg, was));
    }
    let has = |modifier| cell.modifier.contains(modifier);
    Dress { text: fg, behind, bold: has(Modifier::BOLD), dim: has(Modifier::DIM), underline: has(Modifier::UNDERLINED) }
}

fn row(buffer: &Buffer, canvas: Canvas, y: u16, out: &mut String) {
    let top = MARGIN + f32::from(y) * ROW;
    let mut x = 0;
    let mut text = String::new();
    while x < buffer.area.width {
        let look = dress(&buffer[(x, y)], canvas);
        let from = x;
        let (mut places, mut letters) = (Vec::new(), String::new());
        while x < buffer.area.width && dress(&buffer[(x, y)], canvas) == look {
            let symbol = buffer[(x, y)].symbol();
            let wide = u16::try_from(symbol.width().max(1)).unwrap_or(1);
            let left = MARGIN + f32::from(x) * CELL;
            if !shape(symbol, (left, top), &look.text, &mut text) {
                for c in symbol.chars() {
                    places.push(format!("{left:.1}"));
                    letter(c, &mut letters);
                }
            }
            x += wide;
        }
        if let Some(behind) = &look.behind {
            let (left, width) = (MARGIN + f32::from(from) * CELL, f32::from(x - from) * CELL);
            let _ = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{ROW}\" fill=\"{behind}\"/>"
            );
        }
        if !letters.trim().is_empty() {
            write_text(&look, &places, &letters, top, &mut text);
        }
    }
    // Backgrounds first: what is selected lies behind its text.
    out.push_str(&text);
}

fn write_text(look: &Dress, places: &[String], letters: &str, top: f32, out: &mut String) {
    let mut style = String::new();
    if look.bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.dim {
        style.push_str(" opacity=\"0.65\"");
    }
    if look.underline {
        style.push_str(" text-decoration=\"underline\"");
    }
    let (x, y, fill) = (places.join(" "), top + BASELINE, &look.text);
    let _ =
        writeln!(out, "<text x=\"{x}\" y=\"{y:.1}\" fill=\"{fill}\" xml:space=\"preserve\"{style}>{letters}</text>");
}

fn letter(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}

/// Draws what must meet its neighbours, or what the font lacks. Whether it did.
fn shape(symbol: &str, (left, top): (f32, f32), fill: &str, out: &mut String) -> bool {
    let mut rect = |x: f32, y: f32, width: f32, height: f32, opacity: f32| {
        let see = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"{see}/>"
        );
    };
    let (middle, line) = (top + ROW / 2.0, 1.2);
    match symbol {
        " " => {}
        "─" => rect(left, middle - line / 2.0, CELL + 0.3, line, 1.0),
        "│" => rect(left + CELL / 2.0 - line / 2.0, top, line, ROW + 0.3, 1.0),
        "┼" => {
            rect(left, middle - line / 2.0, CELL + 0.3, line, 1.0);
            rect(left + CELL / 2.0 - line / 2.0, top, line, ROW + 0.3, 1.0);
        }
        "▌" => rect(left, top, CELL / 2.2, ROW, 1.0),
        "▓" => rect(left, top + 5.0, CELL + 0.2, ROW - 10.0, 1.0),
        "░" => rect(left, top + 5.0, CELL + 0.2, ROW - 10.0, 0.35),
        "⟳" => {
            let (x, y, r) = (left + CELL / 2.0, middle, 4.2);
            let _ = writeln!(
                out,
                "<path d=\"M {:.1} {:.1} A {r} {r} 0 1 1 {:.1} {:.1}\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.5\"/>\
                 <path d=\"M {:.1} {:.1} l 4.4 0.4 l -0.6 -4.4 z\" fill=\"{fill}\"/>",
                x + 0.6,
                y - r,
                x + r,
                y - 0.4,
                x + r - 3.4,
                y - 0.2,
            );
        }
        _ => return false,
    }
    true
}

/// A colour as SVG writes it; terminals' own colours by xterm's table.
fn hex(color: Color, otherwise: &str) -> String {
    match xterm_rgb(color) {
        Some((r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn cells_become_text_and_shapes() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 0, "a<b & c", Style::new().fg(Color::Rgb(255, 0, 16)));
        buffer.set_string(0, 1, "─│⟳", Style::new());
        let canvas = Canvas { background: Color::Rgb(1, 2, 3), text: Color::Rgb(4, 5, 6) };
        let picture = svg(&buffer, canvas);
        assert!(picture.contains(">a&lt;b &amp; c</text>") && picture.contains("fill=\"#ff0010\""));
        assert!(picture.contains("fill=\"#010203\"") && picture.contains("<path"));
        assert_eq!(picture, svg(&buffer, canvas));
    }
}
