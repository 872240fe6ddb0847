//! From one screen to the next in as few bytes as it takes. The last guard: no cell steers the terminal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::scroll::Scroll;
use crate::domain::text::is_hazardous;

/// What the terminal shows, and what changes it.
pub(in crate::tui) struct Painter {
    shown: Buffer,
    cursor: Option<Position>,
    /// The terminal shows something else, or nobody knows what.
    stale: bool,
    bytes: Shared,
    backend: CrosstermBackend<Shared>,
}

/// Bytes queued by the backend.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Ok(mut bytes) = self.0.lock() {
            bytes.extend_from_slice(buf);
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Painter {
    /// Nothing is known of what the terminal shows.
    pub(in crate::tui) fn new() -> Self {
        let bytes = Shared::default();
        let backend = CrosstermBackend::new(bytes.clone());
        Self { shown: Buffer::empty(Rect::ZERO), cursor: None, stale: true, bytes, backend }
    }

    /// Forgets what the terminal shows: the next frame draws everything.
    pub(in crate::tui) fn forget(&mut self) {
        self.stale = true;
    }

    /// The bytes that turn what shows into `next`; none where nothing changed.
    pub(in crate::tui) fn paint(&mut self, mut next: Buffer, cursor: Option<Position>) -> io::Result<Option<Vec<u8>>> {
        for cell in &mut next.content {
            if cell.symbol().chars().any(is_hazardous) {
                cell.set_symbol("?");
            }
        }
        let all = self.stale || self.shown.area != next.area;
        if all {
            self.shown = Buffer::empty(next.area);
        }
        let scroll = if all { None } else { Scroll::find(&self.shown, &next) };
        if let Some(scroll) = scroll {
            scroll.apply(&mut self.shown);
        }
        let changes = self.shown.diff(&next);
        if !all && scroll.is_none() && changes.is_empty() && cursor == self.cursor {
            return Ok(None);
        }
        let mut bytes = self.bytes.clone();
        queue!(bytes, BeginSynchronizedUpdate)?;
        if self.cursor.is_some() || all {
            queue!(bytes, Hide)?;
        }
        if all {
            queue!(bytes, Clear(ClearType::All))?;
        }
        if let Some(scroll) = scroll {
            scroll.write(&mut bytes)?;
        }
        if !changes.is_empty() {
            self.backend.draw(changes.into_iter())?;
        }
        if let Some(Position { x, y }) = cursor {
            queue!(bytes, MoveTo(x, y), Show)?;
        }
        queue!(bytes, EndSynchronizedUpdate)?;
        (self.shown, self.cursor, self.stale) = (next, cursor, false);
        Ok(self.bytes.0.lock().ok().map(|mut bytes| std::mem::take(&mut *bytes)))
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn screen(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 3));
        buffer.set_string(0, 0, text, Style::new());
        buffer
    }

    #[test]
    fn what_did_not_change_is_not_written() {
        let mut painter = Painter::new();
        assert!(painter.paint(screen("one"), None).unwrap().is_some());
        assert_eq!(painter.paint(screen("one"), None).unwrap(), None);
        let change = painter.paint(screen("two"), None).unwrap().unwrap();
        assert!(change.len() < 60, "{} bytes for three cells", change.len());
        painter.forget();
        assert!(painter.paint(screen("two"), None).unwrap().is_some());
    }

    /// A list beside a pane, scrolled to `from`.
    fn list(from: usize, height: u16, pane: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, height));
        buffer.set_string(0, 0, "head", Style::new());
        for line in 1..height - 1 {
            let number = from + usize::from(line);
            let text = format!("{number:>6} {} 文 path-{}", "x".repeat(number * 7 % 13), number * number);
            let color = u8::try_from(number % 7).unwrap();
            buffer.set_string(0, line, text, Style::new().fg(ratatui::style::Color::Indexed(color)));
        }
        buffer.set_string(60, 2, pane, Style::new().bold());
        buffer
    }

    fn seen(parser: &vt100::Parser, buffer: &Buffer) {
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut wide = false;
            for x in 0..buffer.area.width {
                if !std::mem::take(&mut wide) {
                    line.push_str(buffer[(x, y)].symbol());
                    wide = buffer[(x, y)].symbol() == "文";
                }
            }
            let shown = parser.screen().rows(0, buffer.area.width).nth(y.into()).unwrap();
            assert_eq!(shown.trim_end(), line.trim_end(), "line {y}");
        }
    }

    #[test]
    fn a_list_that_scrolls_is_moved_by_the_terminal_and_shows_the_same() {
        let mut painter = Painter::new();
        let mut parser = vt100::Parser::new(30.try_into().unwrap(), 100.try_into().unwrap(), 0);
        let frames = [0, 1, 2, 4, 9, 8, 5, 5, 200, 199, 0, 1].map(|from| (from, list(from, 30, &format!("of {from}"))));
        for (at, (from, frame)) in frames.iter().enumerate() {
            let bytes = painter.paint(frame.clone(), None).unwrap().unwrap_or_default();
            parser.process(&bytes);
            seen(&parser, frame);
            if at > 0 && from.abs_diff(frames[at - 1].0) == 1 {
                assert!(bytes.len() < 400, "{} bytes for one line", bytes.len());
            }
        }
        let last = painter.paint(list(1, 30, "of 1"), None).unwrap();
        assert_eq!(last, None, "nothing moved");
    }

    #[test]
    fn x01_x04_no_cell_steers_the_terminal() {
        let mut buffer = screen("");
        buffer[(1, 1)].set_symbol("\u{1b}[2J");
        buffer[(2, 1)].set_symbol("\u{202e}");
        let bytes = Painter::new().paint(buffer, None).unwrap().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("??") && !text.contains('\u{202e}'));
        assert_eq!(text.matches("[2J").count(), 1, "the one that clears the screen is ours");
    }
}
