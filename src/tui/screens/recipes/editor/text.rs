//! A text and a cursor in it: every byte that was not edited goes back as it came. Knows no YAML.

use tui_textarea::{CursorMove, TextArea};

use crate::tui::keymap::Motion;

/// A text being edited.
#[derive(Clone, Debug, Default)]
pub struct Text {
    area: TextArea<'static>,
    /// Every line ends with a carriage return and a line feed.
    crlf: bool,
    /// It begins with a byte order mark.
    mark: bool,
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
        let mut area = TextArea::new(body.split(end).map(str::to_owned).collect());
        area.set_max_histories(10_000);
        Self { area, crlf, mark }
    }

    /// The text as it goes into its file.
    pub fn content(&self) -> String {
        let end = if self.crlf { "\r\n" } else { "\n" };
        let mark = if self.mark { "\u{feff}" } else { "" };
        format!("{mark}{}", self.area.lines().join(end))
    }

    /// Its lines, without their ends.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and character of the cursor, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }

    /// Moves the cursor; a page is so many lines.
    pub fn step(&mut self, motion: Motion, page: usize) {
        let half = (page / 2).max(1);
        let mut many = |step: CursorMove, count: usize| (0..count).for_each(|_| self.area.move_cursor(step));
        match motion {
            Motion::Up => many(CursorMove::Up, 1),
            Motion::Down => many(CursorMove::Down, 1),
            Motion::Left => many(CursorMove::Back, 1),
            Motion::Right => many(CursorMove::Forward, 1),
            Motion::HalfUp => many(CursorMove::Up, half),
            Motion::HalfDown => many(CursorMove::Down, half),
            Motion::PageUp => many(CursorMove::Up, page.max(1)),
            Motion::PageDown => many(CursorMove::Down, page.max(1)),
            Motion::Top => many(CursorMove::Head, 1),
            Motion::Bottom => many(CursorMove::End, 1),
        }
    }

    /// To the beginning of the next word, or of the one before.
    pub fn step_word(&mut self, forward: bool) {
        self.area.move_cursor(if forward { CursorMove::WordForward } else { CursorMove::WordBack });
    }

    /// To a line and a character, from 0.
    pub fn go(&mut self, line: usize, column: usize) {
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(small(line), small(column)));
    }

    /// Types a character.
    pub fn insert(&mut self, c: char) {
        self.area.insert_char(c);
    }

    /// Begins a line, as far in as the last one.
    pub fn break_line(&mut self) {
        let (row, column) = self.cursor();
        let line = self.area.lines().get(row).cloned().unwrap_or_default();
        let indent: String = line.chars().take(column).take_while(|c| *c == ' ').collect();
        // In one: one undo takes it back.
        self.area.insert_str(format!("\n{indent}"));
    }

    /// Puts text in; line ends become the file's own, other controls are left out.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        self.area.insert_str(clean);
    }

    /// Removes the character before the cursor. Whether there was one.
    pub fn backspace(&mut self) -> bool {
        self.area.delete_char()
    }

    /// Removes the character at the cursor. Whether there was one.
    pub fn delete(&mut self) -> bool {
        self.area.delete_next_char()
    }

    /// Takes the last change back. Whether there was one.
    pub fn undo(&mut self) -> bool {
        self.area.undo()
    }

    /// Makes it again. Whether there was one.
    pub fn redo(&mut self) -> bool {
        self.area.redo()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_goes_back_as_it_came(text in "(\u{feff})?([a-z#: \t名]{0,6}(\n|\r\n|\r)?){0,8}") {
            prop_assert_eq!(Text::new(&text).content(), text);
        }
    }

    #[test]
    fn edits_leave_every_other_byte_alone() {
        let mut text = Text::new("\u{feff}a: 1\r\n  b: 2\r\n");
        text.go(1, 6);
        text.insert('3');
        text.break_line();
        text.insert('c');
        assert_eq!(text.content(), "\u{feff}a: 1\r\n  b: 23\r\n  c\r\n");
        (0..3).for_each(|_| assert!(text.undo()));
        assert_eq!(text.content(), "\u{feff}a: 1\r\n  b: 2\r\n");
    }

    #[test]
    fn v06_pasted_text_keeps_its_lines_and_steers_nothing() {
        let mut text = Text::new("");
        text.paste("a\r\nb\x1b[2J\tc\rd");
        assert_eq!(text.content(), "a\nb[2J\tc\nd");
        assert!(text.undo());
        assert_eq!(text.content(), "");
    }
}
