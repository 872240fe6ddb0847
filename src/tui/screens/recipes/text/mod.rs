//! A text and a cursor in it: every byte that was not edited goes back as it came. Knows no recipe.

mod buffer;
mod find;
mod lines;
mod motion;
mod steps;
mod typing;

#[cfg(test)]
mod tests;

pub use buffer::At;
pub(super) use find::places;
pub(super) use motion::is_word;
pub use steps::Changed;

use buffer::Buffer;

/// A text being edited.
#[derive(Clone, Debug, Default)]
pub struct Text {
    buffer: Buffer,
    /// The column the cursor wants to be in while it moves over shorter lines.
    wanted: Option<usize>,
    /// Every line ends with a carriage return and a line feed.
    crlf: bool,
    /// It begins with a byte order mark.
    mark: bool,
    /// What comments were just taken away from, to come back exactly.
    uncommented: Option<lines::Uncommented>,
}

impl Text {
    /// Takes a file's text.
    pub fn new(text: &str) -> Self {
        let (mark, body) = match text.strip_prefix('\u{feff}') {
            Some(body) => (true, body),
            None => (false, text),
        };
        let crlf = body.contains("\r\n") && body.matches('\n').count() == body.matches("\r\n").count();
        let end = if crlf { "\r\n" } else { "\n" };
        let buffer = Buffer::new(body.split(end).map(str::to_owned).collect());
        Self { buffer, crlf, mark, ..Self::default() }
    }

    /// The text as it goes into its file.
    pub fn content(&self) -> String {
        let end = if self.crlf { "\r\n" } else { "\n" };
        let mark = if self.mark { "\u{feff}" } else { "" };
        let mut out = String::with_capacity(self.bytes() + mark.len());
        out.push_str(mark);
        for (number, line) in self.lines().iter().enumerate() {
            if number > 0 {
                out.push_str(end);
            }
            out.push_str(line);
        }
        out
    }

    /// How many bytes it takes in its file.
    pub fn bytes(&self) -> usize {
        let ends = if self.crlf { self.lines().len() - 1 } else { 0 };
        self.buffer.bytes() + ends + if self.mark { 3 } else { 0 }
    }

    /// Whether both have the same line ends and the same mark.
    pub fn is_written_like(&self, other: &Self) -> bool {
        (self.crlf, self.mark) == (other.crlf, other.mark)
    }

    /// Its lines, without their ends.
    pub fn lines(&self) -> &[String] {
        self.buffer.lines()
    }

    /// Line and character of the cursor, from 0.
    pub fn cursor(&self) -> At {
        self.buffer.cursor()
    }

    /// What is selected: from there, up to there.
    pub fn selection(&self) -> Option<(At, At)> {
        let (anchor, cursor) = (self.buffer.anchor()?, self.cursor());
        (anchor != cursor).then(|| (anchor.min(cursor), anchor.max(cursor)))
    }

    /// Whether moving selects.
    pub fn is_selecting(&self) -> bool {
        self.buffer.anchor().is_some()
    }

    /// What is selected, as text.
    pub fn selected(&self) -> Option<String> {
        self.selection().map(|(from, to)| self.buffer.between(from, to))
    }

    /// Which lines changed since it was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<Changed> {
        self.buffer.take_changed()
    }

    /// The line of the cursor.
    pub fn line(&self) -> &str {
        &self.lines()[self.cursor().0]
    }

    /// What stands before the cursor in its line.
    pub fn before_cursor(&self) -> &str {
        let line = self.line();
        line.char_indices().nth(self.cursor().1).map_or(line, |(byte, _)| &line[..byte])
    }

    /// Puts text in the place of another as one step, the cursor behind it.
    fn replace(&mut self, from: At, to: At, with: &str) {
        self.wanted = None;
        self.buffer.replace(from, to, with);
    }

    /// The cursor goes there after a change, now and whenever it is made again; a selection goes along.
    fn land(&mut self, anchor: Option<At>, at: At) {
        self.buffer.select(anchor, at);
        self.buffer.ends_here();
    }
}
