//! From one screen to the next in as few bytes as it takes. The last guard: no cell steers the terminal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

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
        let changes = self.shown.diff(&next);
        if !all && changes.is_empty() && cursor == self.cursor {
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
