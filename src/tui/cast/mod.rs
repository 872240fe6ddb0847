//! Recordings for asciinema: its cast format, version 2, one JSON value a line; frames as the terminal would be written them.
//! Knows no screen and no clock: whoever records says when.

mod bake;
mod tour;

pub use bake::{CastRequest, record_bake};
pub use tour::record_tour;

use std::io;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};
use ratatui::style::Color;
use serde_json::json;

use super::terminal::Painter;
use super::theme::{Canvas, xterm_rgb};

/// Least time between two frames, in milliseconds of the recording.
const FRAME: u64 = 80;
/// Longest time nothing happens, likewise: waiting shows nothing.
const IDLE: u64 = 2000;
/// How long the last frame stands.
const LAST: u64 = 3000;

/// A recording being made.
struct Cast {
    lines: Vec<String>,
    painter: Painter,
}

impl Cast {
    /// The header. `began` is in seconds since 1970.
    fn new(size: Size, title: &str, began: i64, canvas: Canvas) -> Self {
        // What is recorded is looked at elsewhere: it has its colours whatever this terminal or NO_COLOR says.
        crossterm::style::force_color_output(true);
        let hex = |color: Color| {
            let (red, green, blue) = xterm_rgb(color).unwrap_or_default();
            format!("#{red:02x}{green:02x}{blue:02x}")
        };
        let palette: Vec<String> = (0..16).map(|number| hex(Color::Indexed(number))).collect();
        let header = json!({
            "version": 2,
            "width": size.width,
            "height": size.height,
            "timestamp": began,
            "idle_time_limit": 2.0,
            "title": title,
            "env": {"TERM": "xterm-256color"},
            "theme": {"fg": hex(canvas.text), "bg": hex(canvas.background), "palette": palette.join(":")},
        });
        Self { lines: vec![header.to_string()], painter: Painter::new() }
    }

    /// A frame, `at` milliseconds after the beginning; nothing where it shows what the one before showed.
    fn frame(&mut self, at: u64, buffer: Buffer, cursor: Option<Position>) -> io::Result<()> {
        let Some(bytes) = self.painter.paint(buffer, cursor)? else { return Ok(()) };
        self.event(at, "o", &String::from_utf8_lossy(&bytes));
        Ok(())
    }

    fn event(&mut self, at: u64, kind: &str, data: &str) {
        // Whole milliseconds, written as seconds without a float's tail.
        let seconds = format!("{}.{:03}", at / 1000, at % 1000);
        self.lines.push(format!("[{seconds}, {}, {}]", json!(kind), json!(data)));
    }

    /// The file.
    fn finish(mut self, at: u64) -> String {
        // Nothing is written; the last frame stands until then.
        self.event(at + LAST, "o", "");
        self.lines.join("\n") + "\n"
    }
}
