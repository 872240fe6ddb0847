//! What typing does to a text: characters, new lines as far in as the last one, pasting, taking back.

use super::{At, Text};

/// Columns of one level.
pub(super) const LEVEL: usize = 2;

impl Text {
    /// Types a character.
    pub fn insert(&mut self, c: char) {
        self.drop_selected();
        self.wanted = None;
        self.buffer.type_in(c);
    }

    /// Begins a line, as far in as what belongs there.
    pub fn break_line(&mut self) {
        let indent = " ".repeat(indent_below(self.before_cursor()));
        self.put(&format!("\n{indent}"));
    }

    /// Puts text in; line ends become the file's own, other controls are left out.
    pub fn paste(&mut self, text: &str) {
        self.put(&clean(text));
    }

    /// Puts text in the place of a part of the cursor's line.
    pub fn put_over(&mut self, line: usize, (from, to): (usize, usize), text: &str) {
        let (from, to) = (self.buffer.within((line, from)), self.buffer.within((line, to.max(from))));
        self.replace(from, to, &clean(text));
        self.buffer.rest();
    }

    /// In one: one undo takes it back.
    fn put(&mut self, text: &str) {
        let here = self.cursor();
        let (from, to) = self.selection().unwrap_or((here, here));
        self.replace(from, to, text);
    }

    /// The whole text becomes another, in one step.
    pub fn become_text(&mut self, content: &str) {
        let new = Self::new(content);
        let last = self.lines().len() - 1;
        let end = (last, self.lines()[last].chars().count());
        let at = self.cursor();
        self.replace((0, 0), end, &new.lines().join("\n"));
        self.land(None, at);
    }

    /// Removes what is selected. Whether anything was.
    fn drop_selected(&mut self) -> bool {
        let Some((from, to)) = self.selection() else {
            // One that has only begun is given up.
            self.drop_mark();
            return false;
        };
        self.replace(from, to, "");
        true
    }

    /// Removes what is selected and gives it.
    pub fn cut(&mut self) -> Option<String> {
        let text = self.selected()?;
        self.drop_selected();
        Some(text)
    }

    /// Removes the character before the cursor; among the blanks a line begins with, a level of them. Whether there was
    /// one.
    pub fn backspace(&mut self) -> bool {
        if self.drop_selected() {
            return true;
        }
        let (line, column) = self.cursor();
        let blanks = column > 0 && self.before_cursor().chars().all(|c| c == ' ');
        let from = match (blanks, column, line) {
            (true, ..) => (line, (column - 1) / LEVEL * LEVEL),
            (false, 0, 0) => return false,
            (false, 0, _) => (line - 1, self.lines()[line - 1].chars().count()),
            (false, ..) => (line, column - 1),
        };
        self.remove(from, (line, column))
    }

    /// Removes the character at the cursor. Whether there was one.
    pub fn delete(&mut self) -> bool {
        if self.drop_selected() {
            return true;
        }
        let (line, column) = self.cursor();
        let to = if column < self.line().chars().count() {
            (line, column + 1)
        } else if line + 1 < self.lines().len() {
            (line + 1, 0)
        } else {
            return false;
        };
        self.remove((line, column), to)
    }

    fn remove(&mut self, from: At, to: At) -> bool {
        self.replace(from, to, "");
        true
    }

    /// Takes the last change back. Whether there was one.
    pub fn undo(&mut self) -> bool {
        self.wanted = None;
        self.buffer.undo()
    }

    /// Makes it again. Whether there was one.
    pub fn redo(&mut self) -> bool {
        self.wanted = None;
        self.buffer.redo()
    }

    /// What is typed next is taken back by itself.
    pub(super) fn rest(&mut self) {
        self.buffer.rest();
    }
}

/// Text from outside: lines end as they do here, other controls are left out.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

/// How far in the line below belongs that begins after `before`: deeper after a key without a value, and in a list's new
/// item.
fn indent_below(before: &str) -> usize {
    let blanks = before.chars().take_while(|c| *c == ' ').count();
    let mut said = before.trim_start_matches(' ').trim_end();
    let mut dashes = 0;
    while let Some(rest) = said.strip_prefix("- ") {
        let inner = rest.trim_start_matches(' ');
        dashes += said.len() - inner.len();
        said = inner;
    }
    let opens = |text: &str| {
        text.ends_with(':') || [": |", ": >", ": |-", ": >-", ": |+", ": >+"].iter().any(|end| text.ends_with(end))
    };
    match said {
        "-" => blanks + dashes + LEVEL,
        said if said.starts_with('#') => blanks,
        "|" | ">" | "|-" | ">-" => blanks + dashes,
        said if opens(said) => blanks + dashes + LEVEL,
        _ => blanks,
    }
}
