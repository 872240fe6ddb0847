//! A step's output as lines: split, bounded, what a carriage return overwrote left out. Draws nothing.

use std::collections::VecDeque;

use crate::domain::text::escape_bytes;
use crate::tui::keymap::Motion;

/// Lines kept; older ones stay in the log's file.
const MAX_LINES: usize = 50_000;
/// Bytes kept of one step's lines.
const MAX_BYTES: usize = 16 << 20;
/// Bytes of one line; the rest of it is left out (X-03).
const MAX_LINE: usize = 4096;

/// The output of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogText {
    lines: VecDeque<String>,
    /// Bytes of `lines`.
    bytes: usize,
    /// A line whose end has not come: what stands after its last carriage return.
    open: Vec<u8>,
    /// A carriage return was the last byte: what comes next overwrites the open line.
    returned: bool,
    /// Bytes of the open line that were left out.
    cut: usize,
    /// Lines dropped from the head.
    pub dropped: u64,
}

impl LogText {
    /// Takes more output in, at any boundary.
    pub fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            self.write(text);
            if ends {
                let line = self.shown();
                self.overwrite();
                self.keep(line);
            }
        }
    }

    /// Says that so many bytes of output are not here.
    pub fn leave_out(&mut self, bytes: u64) {
        if !self.open.is_empty() {
            let line = self.shown();
            self.overwrite();
            self.keep(line);
        }
        self.keep(format!("… {bytes} bytes left out here; the log's file has them"));
    }

    /// More of the open line. A carriage return begins it anew, unless it only stands before the line's end.
    fn write(&mut self, text: &[u8]) {
        let end = text.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
        if end > 0 {
            let from = text[..end].iter().rposition(|byte| *byte == b'\r').map(|at| at + 1);
            if self.returned || from.is_some() {
                self.overwrite();
            }
            let part = &text[from.unwrap_or(0)..end];
            let room = MAX_LINE.saturating_sub(self.open.len());
            self.open.extend_from_slice(&part[..part.len().min(room)]);
            self.cut += part.len().saturating_sub(room);
        }
        self.returned |= end < text.len();
    }

    fn overwrite(&mut self) {
        self.open.clear();
        (self.cut, self.returned) = (0, false);
    }

    fn keep(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
    }

    /// The open line as it is read, without colours and the like.
    fn shown(&self) -> String {
        let mut text = escape_bytes(&without_colors(&self.open));
        if self.cut > 0 {
            text.push_str(&format!("… {} bytes more", self.cut));
        }
        text
    }

    /// Lines there are, the open one among them.
    pub fn len(&self) -> usize {
        self.lines.len() + usize::from(!self.open.is_empty())
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One line.
    pub fn line(&self, index: usize) -> Option<String> {
        match self.lines.get(index) {
            Some(line) => Some(line.clone()),
            None if index == self.lines.len() && !self.open.is_empty() => Some(self.shown()),
            None => None,
        }
    }
}

/// Output without SGR sequences: colours of others' programs would say what bakery's mean. Everything else that steers a
/// terminal stays, to be shown escaped.
fn without_colors(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let body = &rest[at + 2..];
        let end = body.iter().position(|byte| !byte.is_ascii_digit() && !matches!(byte, b';' | b':'));
        match end {
            Some(end) if body[end] == b'm' => {
                out.extend_from_slice(&rest[..at]);
                rest = &body[end + 1..];
            }
            _ => {
                out.extend_from_slice(&rest[..at + 2]);
                rest = body;
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Which part of a log shows, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// The first line shown, unless the end is followed.
    pub top: usize,
    /// Whether the end stays in sight.
    pub follow: bool,
    /// Whether long lines go on below.
    pub wrap: bool,
    /// The line a search found last.
    pub found: Option<usize>,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { top: 0, follow: true, wrap: false, found: None }
    }
}

impl Viewport {
    /// Moves in a log of `len` lines of which `height` show. Moving up stops following; the end begins it again.
    pub fn step(&mut self, motion: Motion, len: usize, height: usize) {
        let last = len.saturating_sub(height);
        let at = if self.follow { last } else { self.top.min(last) };
        self.top = motion.leads(at, height.max(2)).min(last);
        self.follow = match motion {
            Motion::Bottom => true,
            Motion::Left | Motion::Right => self.follow,
            _ => self.top == last && self.follow,
        };
    }

    /// The first line to show.
    pub fn first(&self, len: usize, height: usize) -> usize {
        let last = len.saturating_sub(height);
        if self.follow { last } else { self.top.min(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &LogText) -> Vec<String> {
        (0..log.len()).filter_map(|index| log.line(index)).collect()
    }

    #[test]
    fn lines_are_split_wherever_output_was() {
        let text = b"one\ntwo\r\nload 1%\rload 99%\rdone\nopen";
        for at in 0..text.len() {
            let mut log = LogText::default();
            log.push(&text[..at]);
            log.push(&text[at..]);
            assert_eq!(lines(&log), ["one", "two", "done", "open"], "split at {at}");
        }
    }

    #[test]
    fn x01_x03_output_steers_nothing_and_stays_bounded() {
        let mut log = LogText::default();
        log.push(b"\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07\n");
        log.push(&vec![b'x'; 1 << 20]);
        log.push(b"\n\xff\n");
        let shown = lines(&log);
        assert_eq!(shown[0], "red \\x1b[2J\\x1b]0;title\\x07");
        assert!(shown[1].len() < 5000 && shown[1].ends_with("bytes more"), "{}", &shown[1][4000..]);
        assert_eq!(shown[2], "\\xff");
        for _ in 0..MAX_LINES + 10 {
            log.push(b"y\n");
        }
        assert_eq!((log.len(), log.dropped), (MAX_LINES, 13));
        for _ in 0..MAX_LINES {
            log.push(&[&[b'z'; 1000][..], b"\n"].concat());
        }
        assert_eq!(log.len(), MAX_BYTES / 1000);
    }

    #[test]
    fn an_endless_progress_line_shows_its_newest_state() {
        let mut log = LogText::default();
        for percent in 0..5000 {
            log.push(format!("\rfetching {percent} of 5000").as_bytes());
        }
        assert_eq!(lines(&log), ["fetching 4999 of 5000"]);
        log.push(b"\r");
        assert_eq!(lines(&log), ["fetching 4999 of 5000"]);
        log.leave_out(70_000);
        log.push(b"end\n");
        assert_eq!(lines(&log)[1..], ["… 70000 bytes left out here; the log's file has them", "end"]);
    }

    #[test]
    fn moving_up_stops_following_and_the_end_begins_it_again() {
        let mut view = Viewport::default();
        assert_eq!(view.first(100, 10), 90);
        view.step(Motion::Up, 100, 10);
        assert_eq!((view.first(120, 10), view.follow), (89, false));
        view.step(Motion::Bottom, 120, 10);
        assert_eq!((view.first(130, 10), view.follow), (120, true));
    }
}
