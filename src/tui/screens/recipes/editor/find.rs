//! Looking for a word in the text, and going to a line: typed below the text. Pure.

use super::super::text::At;
use super::{Model, Text};
use crate::tui::keymap::{Action, Key, Motion};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::{Filter, Toast};

/// What is typed below the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    /// A word to look for.
    Word,
    /// The number of a line.
    Line,
}

/// What is looked for.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    typing: Option<Typing>,
    /// The word; stays in force when it is not typed any more.
    word: Filter,
    /// A line's number.
    number: Filter,
    /// Where the cursor was when it began.
    origin: At,
    /// Finding went round the text's end.
    has_wrapped: bool,
}

impl Prompt {
    /// Whether keys go into it.
    pub(super) fn is_typed(&self) -> bool {
        self.typing.is_some()
    }

    /// What is typed: what it is, and the text.
    pub(super) fn shown(&self) -> Option<(&'static str, &str)> {
        self.typing.map(|typing| match typing {
            Typing::Word => ("find", self.word.text.as_str()),
            Typing::Line => ("line", self.number.text.as_str()),
        })
    }

    /// The word that is marked wherever it stands.
    pub(super) fn word(&self) -> &str {
        &self.word.text
    }

    /// Whether it went round the end.
    pub(super) fn has_wrapped(&self) -> bool {
        self.has_wrapped
    }

    /// Marks nothing any more. Whether there was something.
    pub(super) fn drop_it(&mut self) -> bool {
        (self.typing, self.has_wrapped) = (None, false);
        self.word.drop_it()
    }
}

impl Model {
    pub(super) fn begin_search(&mut self) -> Vec<Wish> {
        self.begin(Typing::Word)
    }

    pub(super) fn begin_line(&mut self) -> Vec<Wish> {
        self.prompt.number = Filter::default();
        self.begin(Typing::Line)
    }

    fn begin(&mut self, typing: Typing) -> Vec<Wish> {
        let Some(text) = self.text() else { return Vec::new() };
        let (origin, selected) = (text.cursor(), text.selected());
        (self.prompt.typing, self.prompt.origin, self.prompt.has_wrapped) = (Some(typing), origin, false);
        // One line that is selected is what is meant.
        if let Some(word) = selected.filter(|word| typing == Typing::Word && !word.contains('\n')) {
            self.prompt.word.text = word;
        }
        self.assistance.popup = None;
        Vec::new()
    }

    pub(super) fn act_in_prompt(&mut self, action: Action, around: &Around) -> Option<Vec<Wish>> {
        match action {
            Action::Open => self.prompt.typing = None,
            Action::Back => {
                self.prompt.drop_it();
                let (line, column) = self.prompt.origin;
                self.to((line, column), around);
            }
            Action::Move(Motion::Down) | Action::NextMatch => return Some(self.search_on(true, around)),
            Action::Move(Motion::Up) | Action::PreviousMatch => return Some(self.search_on(false, around)),
            Action::Filter if self.prompt.typing == Some(Typing::Word) => return Some(self.search_on(true, around)),
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(super) fn typed_in_prompt(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        let origin = self.prompt.origin;
        match self.prompt.typing {
            Some(Typing::Word) if self.prompt.word.typed(key) => {
                self.search_from(origin, true, around);
            }
            Some(Typing::Line) if key.typed().is_none_or(|c| c.is_ascii_digit()) && self.prompt.number.typed(key) => {
                let number = self.prompt.number.text.parse::<usize>().ok();
                self.to(number.map_or(origin, |number| (number.saturating_sub(1), 0)), around);
            }
            _ => {}
        }
        Vec::new()
    }

    /// To the next place of the word, or the one before.
    pub(super) fn search_on(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        if self.prompt.typing == Some(Typing::Line) {
            return Vec::new();
        }
        if self.prompt.word().is_empty() {
            return if self.prompt.is_typed() { Vec::new() } else { self.begin_search() };
        }
        let Some((line, column)) = self.text().map(Text::cursor) else { return Vec::new() };
        let found = self.search_from((line, if forward { column + 1 } else { column }), forward, around);
        let told = match (found, self.prompt.has_wrapped) {
            (false, _) => format!("`{}` is nowhere in this recipe", self.prompt.word()),
            (true, true) if forward => "from the top again".to_owned(),
            (true, true) => "from the end again".to_owned(),
            (true, false) => return Vec::new(),
        };
        // While it is typed, the line below the text says it.
        if self.prompt.is_typed() { Vec::new() } else { vec![Wish::Tell(Toast::done(told))] }
    }

    fn search_from(&mut self, from: At, forward: bool, around: &Around) -> bool {
        let origin = self.prompt.origin;
        let Some(text) = self.text() else { return false };
        let found = text.find(self.prompt.word(), from, forward);
        self.prompt.has_wrapped = found.is_some_and(|(_, wrapped)| wrapped);
        let to = found.map(|(at, _)| at).or_else(|| self.prompt.is_typed().then_some(origin));
        if let Some(at) = to {
            self.to(at, around);
        }
        found.is_some()
    }

    fn to(&mut self, (line, column): At, around: &Around) {
        if let Some(text) = self.text_mut() {
            text.drop_mark();
            text.go(line, column);
        }
        self.follow(around);
    }
}
