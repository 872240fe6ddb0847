//! The SVG document of a buffer: backgrounds, drawn shapes, text with a place for every character. Text in cells is
//! clean already; here it is made safe for XML.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::shape::{MIDDLE_X, MIDDLE_Y, Shape, shapes};
use crate::tui::theme::{Canvas, xterm_rgb};

/// Pixels a column; a whole number at twice the size, so that edges are crisp.
pub(super) const CELL_WIDTH: f32 = 9.5;
/// Pixels a row.
pub(super) const CELL_HEIGHT: f32 = 20.0;
/// DejaVu Sans Mono advances 1233 of 2048 units: at this size, one column.
const FONT_SIZE: f32 = 15.78;
/// From the cell's upper edge to the foot of its letters.
const BASELINE: f32 = 15.0;
/// Around the screen.
const PADDING: f32 = 20.0;
/// Of the canvas's corners.
const RADIUS: u32 = 10;

/// Width and height in pixels.
pub(super) fn size(area: Rect) -> (u32, u32) {
    let whole = |cells: u16, cell: u32| (u32::from(cells) * cell).div_ceil(2) + 40;
    (whole(area.width, 19), whole(area.height, 40))
}

/// How a cell is painted, its colours settled.
#[derive(Clone, Copy, PartialEq)]
struct Paint {
    fg: [u8; 3],
    bg: Option<[u8; 3]>,
    modifier: Modifier,
}

/// The whole document.
pub(super) fn document(buffer: &Buffer, canvas: Canvas) -> String {
    let (width, height) = size(buffer.area);
    let own = |color: Color, otherwise: [u8; 3]| rgb(color).unwrap_or(otherwise);
    let (background, text) = (own(canvas.background, [0; 3]), own(canvas.text, [255; 3]));
    let edge = blend(text, background, 5);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace\" font-size=\"{FONT_SIZE}\">\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"{RADIUS}\" fill=\"{}\" stroke=\"{}\"/>\n",
        width - 1,
        height - 1,
        hex(background),
        hex(edge),
    );
    let paint = |cell: &Cell| {
        let (mut fg, mut bg) = (own(cell.fg, text), rgb(cell.bg));
        if cell.modifier.contains(Modifier::REVERSED) {
            (fg, bg) = (bg.unwrap_or(background), Some(fg));
        }
        if cell.modifier.contains(Modifier::DIM) {
            fg = blend(bg.unwrap_or(background), fg, 3);
        }
        Paint { fg, bg, modifier: cell.modifier }
    };
    for y in 0..buffer.area.height {
        let row = row(buffer, y);
        let painted: Vec<(u16, &str, Paint)> = row.iter().map(|(x, cell)| (*x, cell.symbol(), paint(cell))).collect();
        backgrounds(&mut out, &painted, y);
        drawn(&mut out, &painted, y);
        written(&mut out, &painted, y);
    }
    out.push_str("</svg>\n");
    out
}

/// The cells of a row that show; those behind a wide character do not.
fn row(buffer: &Buffer, y: u16) -> Vec<(u16, &Cell)> {
    let mut cells = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(buffer.area.x + x, buffer.area.y + y)];
        cells.push((x, cell));
        x += columns(cell.symbol());
    }
    cells
}

fn columns(symbol: &str) -> u16 {
    u16::try_from(symbol.width()).unwrap_or(1).max(1)
}

fn left(x: u16) -> f32 {
    PADDING + f32::from(x) * CELL_WIDTH
}

fn top(y: u16) -> f32 {
    PADDING + f32::from(y) * CELL_HEIGHT
}

fn backgrounds(out: &mut String, row: &[(u16, &str, Paint)], y: u16) {
    for run in row.chunk_by(|a, b| a.2.bg == b.2.bg) {
        let Some(bg) = run[0].2.bg else { continue };
        rect(out, (left(run[0].0), top(y), width(run), CELL_HEIGHT), &hex(bg), 1.0);
    }
    let underlined = |paint: Paint| paint.modifier.contains(Modifier::UNDERLINED).then_some(paint.fg);
    for run in row.chunk_by(|a, b| underlined(a.2) == underlined(b.2)) {
        let Some(color) = underlined(run[0].2) else { continue };
        rect(out, (left(run[0].0), top(y) + 17.5, width(run), 1.0), &hex(color), 1.0);
    }
}

/// Pixels a run of cells takes.
fn width(run: &[(u16, &str, Paint)]) -> f32 {
    let columns: u16 = run.iter().map(|(_, symbol, _)| columns(symbol)).sum();
    f32::from(columns) * CELL_WIDTH
}

fn drawn(out: &mut String, row: &[(u16, &str, Paint)], y: u16) {
    for run in row.chunk_by(|a, b| a.1 == b.1 && a.2.fg == b.2.fg) {
        let (x, symbol, paint) = run[0];
        let color = hex(paint.fg);
        for shape in shapes(symbol) {
            match shape {
                // From edge to edge: the run is one rectangle.
                Shape::Bar { x: 0.0, y: from, width: CELL_WIDTH, height, opacity } => {
                    rect(out, (left(x), top(y) + from, width(run), height), &color, opacity);
                }
                Shape::Bar { x: from, y: above, width, height, opacity } => {
                    for (x, ..) in run {
                        rect(out, (left(*x) + from, top(y) + above, width, height), &color, opacity);
                    }
                }
                Shape::Arms(arms) => run.iter().for_each(|(x, ..)| join(out, (left(*x), top(y)), arms, &color)),
                Shape::Path(path, line) => {
                    let style = match line {
                        Some(line) => format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"{line}\""),
                        None => format!("fill=\"{color}\""),
                    };
                    for (x, ..) in run {
                        let (x, y) = (left(*x), top(y));
                        let _ = writeln!(out, "<path transform=\"translate({x} {y})\" d=\"{path}\" {style}/>");
                    }
                }
            }
        }
    }
}

fn join(out: &mut String, (x, y): (f32, f32), [up, right, down, left]: [bool; 4], color: &str) {
    let (from, to) = (if left { 0.0 } else { MIDDLE_X }, if right { CELL_WIDTH } else { MIDDLE_X + 1.0 });
    rect(out, (x + from, y + MIDDLE_Y, to - from, 1.0), color, 1.0);
    let (from, to) = (if up { 0.0 } else { MIDDLE_Y }, if down { CELL_HEIGHT } else { MIDDLE_Y + 1.0 });
    rect(out, (x + MIDDLE_X, y + from, 1.0, to - from), color, 1.0);
}

fn rect(out: &mut String, (x, y, width, height): (f32, f32, f32, f32), color: &str, opacity: f32) {
    let faint = if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() };
    let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"{faint}/>");
}

/// One text element a run of words in one look; every character has its place, so that no font moves the columns.
fn written(out: &mut String, row: &[(u16, &str, Paint)], y: u16) {
    let mut rest = row;
    while let Some(first) = rest.iter().position(is_text) {
        rest = &rest[first..];
        let length = run_length(rest);
        let (mut places, mut text) = (Vec::new(), String::new());
        for (x, symbol, _) in &rest[..length] {
            // Marks that combine stand where their letter stands.
            places.extend(symbol.chars().map(|_| left(*x).to_string()));
            escape(&mut text, symbol);
        }
        let weight = weight(rest[0].2);
        let bold = if weight.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
        let italic = if weight.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
        let (places, color, y) = (places.join(" "), hex(rest[0].2.fg), top(y) + BASELINE);
        let _ = writeln!(
            out,
            "<text x=\"{places}\" y=\"{y}\" fill=\"{color}\"{bold}{italic} xml:space=\"preserve\">{text}</text>"
        );
        rest = &rest[length..];
    }
}

fn is_text(cell: &(u16, &str, Paint)) -> bool {
    !cell.1.trim().is_empty() && shapes(cell.1).is_empty()
}

fn weight(paint: Paint) -> Modifier {
    paint.modifier & (Modifier::BOLD | Modifier::ITALIC)
}

/// Cells from the first on that are written in its look, single blanks between words among them.
fn run_length(cells: &[(u16, &str, Paint)]) -> usize {
    let Some(first) = cells.first() else { return 0 };
    let belongs = |at: usize| {
        let cell = cells.get(at);
        cell.is_some_and(|cell| is_text(cell) && cell.2.fg == first.2.fg && weight(cell.2) == weight(first.2))
    };
    let mut length = 1;
    loop {
        if belongs(length) {
            length += 1;
        } else if cells.get(length).is_some_and(|cell| cell.1 == " ") && belongs(length + 1) {
            length += 2;
        } else {
            return length;
        }
    }
}

fn escape(out: &mut String, symbol: &str) {
    for c in symbol.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Nothing that XML forbids reaches a cell; a picture that cannot be opened would be worse than a sign.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// One part of `a` in `parts` of `b`.
fn blend(a: [u8; 3], b: [u8; 3], parts: u16) -> [u8; 3] {
    let mix = |a: u8, b: u8| u8::try_from((u16::from(a) + u16::from(b) * parts) / (parts + 1)).unwrap_or(b);
    [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])]
}

/// Red, green and blue; `None` for the canvas's own.
fn rgb(color: Color) -> Option<[u8; 3]> {
    xterm_rgb(color).map(Into::into)
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
