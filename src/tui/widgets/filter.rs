//! A filter being typed or in force: part of a word, `!` turns it round. Capitals count only where there are some.

use ratatui::text::Span;

use super::typed::typed;
use crate::tui::keymap::{Code, Key};
use crate::tui::theme::Look;

/// A filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was typed.
    pub text: String,
    /// Whether it is being typed.
    pub editing: bool,
}

impl Filter {
    /// Starts typing; what was there is kept.
    pub fn begin(&mut self) {
        self.editing = true;
    }

    /// Keeps what was typed.
    pub fn keep(&mut self) {
        self.editing = false;
    }

    /// Forgets it. Whether there was any.
    pub fn drop_it(&mut self) -> bool {
        let was = self.editing || !self.text.is_empty();
        *self = Self::default();
        was
    }

    /// A key while it is typed. Whether the text changed.
    pub fn typed(&mut self, key: Key) -> bool {
        match (key.code, key.typed()) {
            (_, Some(c)) => self.text.push(c),
            (Code::Backspace, _) => return self.text.pop().is_some(),
            _ => return false,
        }
        true
    }

    /// Text pasted: its first line.
    pub fn pasted(&mut self, text: &str) {
        self.text.extend(text.lines().next().unwrap_or("").chars().filter(|c| !c.is_control()).take(200));
    }

    /// Whether it holds anything back.
    pub fn is_active(&self) -> bool {
        !self.needle().0.is_empty()
    }

    /// `  /text` where there is one or is going to be, in at most `room` columns.
    pub fn spans(&self, look: &Look, room: usize) -> Vec<Span<'static>> {
        if self.editing || self.is_active() { typed(look, "  /", &self.text, room) } else { Vec::new() }
    }

    /// Whether `text` is let through.
    pub fn lets(&self, text: &str) -> bool {
        let (needle, inverse) = self.needle();
        needle.is_empty() || self.find(text).is_some() != inverse
    }

    /// Where in `text` the filter's word stands, in bytes; for marking. Not for turned filters.
    pub fn mark(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let (needle, inverse) = self.needle();
        if inverse || needle.is_empty() { None } else { self.find(text) }
    }

    fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let (needle, _) = self.needle();
        let at = if needle.chars().any(char::is_uppercase) || !text.is_ascii() {
            text.find(needle)?
        } else {
            text.to_ascii_lowercase().find(needle)?
        };
        Some(at..at + needle.len())
    }

    fn needle(&self) -> (&str, bool) {
        match self.text.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (&self.text, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter { text: text.into(), editing: false }
    }

    #[test]
    fn filters_by_part_of_a_word() {
        assert!(filter("pay").lets("team-a/Payments") && !filter("Pay").lets("team-a/payments"));
        assert!(filter("").lets("x") && filter("!").lets("x"));
        assert!(!filter("!pay").lets("payments") && filter("!pay").lets("reports"));
        assert_eq!((filter("pay").mark("team-a/pay"), filter("!pay").mark("pay")), (Some(7..10), None));
        assert_eq!(filter("名").mark("a名前"), Some(1..4));
    }

    #[test]
    fn is_typed_and_pasted() {
        let mut filter = Filter::default();
        filter.begin();
        assert!(filter.typed(Key::plain(Code::Char('a'))) && !filter.typed(Key::plain(Code::Up)));
        filter.pasted("b\x1bc\nd");
        assert_eq!(filter.text, "abc");
        assert!(filter.typed(Key::plain(Code::Backspace)) && filter.drop_it() && !filter.drop_it());
    }
}
