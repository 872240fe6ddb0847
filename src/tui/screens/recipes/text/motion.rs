//! How a cursor moves, and what it selects on its way.

use super::{At, Text};
use crate::tui::keymap::Motion;

impl Text {
    /// Moves the cursor; a page is so many lines.
    pub fn step(&mut self, motion: Motion, page: usize) {
        self.rest();
        let (line, column) = self.cursor();
        let last = self.lines().len() - 1;
        let end = |line: usize| self.lines()[line].chars().count();
        let to = match motion {
            Motion::Left if column > 0 => (line, column - 1),
            Motion::Left if line > 0 => (line - 1, end(line - 1)),
            Motion::Right if column < end(line) => (line, column + 1),
            Motion::Right if line < last => (line + 1, 0),
            Motion::Left | Motion::Right => (line, column),
            Motion::Top => (line, 0),
            Motion::Bottom => (line, end(line)),
            // Lines above and below: the column is kept for longer ones.
            other => {
                let wanted = self.wanted.unwrap_or(column);
                let to = other.leads(line, page.max(1)).min(last);
                let to = (to, wanted.min(end(to)));
                self.buffer.go(to);
                self.wanted = Some(wanted);
                return;
            }
        };
        self.buffer.go(to);
        self.wanted = None;
    }

    /// To the beginning of the next word, or of the one before.
    pub fn step_word(&mut self, forward: bool) {
        self.rest();
        self.wanted = None;
        let (line, column) = self.cursor();
        let chars: Vec<char> = self.line().chars().collect();
        if forward {
            let mut at = column;
            let kind = chars.get(at).map(|c| is_word(*c));
            while at < chars.len() && Some(is_word(chars[at])) == kind && !chars[at].is_whitespace() {
                at += 1;
            }
            while chars.get(at).is_some_and(|c| c.is_whitespace()) {
                at += 1;
            }
            let next = column >= chars.len() && line + 1 < self.lines().len();
            return self.buffer.go(if next { (line + 1, 0) } else { (line, at) });
        }
        let mut at = column;
        while at > 0 && chars[at - 1].is_whitespace() {
            at -= 1;
        }
        let kind = at.checked_sub(1).map(|before| is_word(chars[before]));
        while at > 0 && Some(is_word(chars[at - 1])) == kind && !chars[at - 1].is_whitespace() {
            at -= 1;
        }
        let to = match column.checked_sub(1) {
            None if line > 0 => (line - 1, self.lines()[line - 1].chars().count()),
            _ => (line, at),
        };
        self.buffer.go(to);
    }

    /// To a line and a character, from 0; the nearest there is.
    pub fn go(&mut self, line: usize, column: usize) {
        self.rest();
        self.wanted = None;
        self.buffer.go((line, column));
    }

    /// To the beginning of the text, or to its end.
    pub fn go_to_end(&mut self, forward: bool) {
        if forward { self.go(usize::MAX, usize::MAX) } else { self.go(0, 0) }
    }

    /// Begins a selection at the cursor, or gives it up.
    pub fn mark(&mut self) {
        let here = self.cursor();
        self.buffer.select(if self.is_selecting() { None } else { Some(here) }, here);
    }

    /// Selects everything.
    pub fn mark_all(&mut self) {
        self.select((0, 0), (usize::MAX, usize::MAX));
    }

    /// Gives a selection up. Whether there was one.
    pub fn drop_mark(&mut self) -> bool {
        let (was, here) = (self.is_selecting(), self.cursor());
        self.buffer.select(None, here);
        was
    }

    /// Selects from one place up to another, the cursor at the second.
    pub fn select(&mut self, from: At, to: At) {
        self.rest();
        self.wanted = None;
        self.buffer.select(Some(from), to);
    }
}

/// Whether a character is a part of words.
pub(in super::super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}
