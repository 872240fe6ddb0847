//! Questions: the safe answer is the focused one; what cannot be undone at all is answered by typing a word.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{cut, middle, open};
use crate::tui::format;
use crate::tui::keymap::Motion;
use crate::tui::screens::Wish;
use crate::tui::theme::{Look, Role};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// What follows.
    pub then: Vec<Wish>,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// What it is about.
    pub title: String,
    /// What will happen.
    pub text: String,
    /// Lines below that, shown as they are.
    pub code: Vec<String>,
    /// The answers; the focused one is the safe one at first.
    pub choices: Vec<Choice>,
    /// Which is focused.
    pub focused: usize,
}

impl Confirm {
    /// Whether to do something that cannot be undone; no is focused.
    pub fn no_or(title: impl Into<String>, text: impl Into<String>, yes: impl Into<String>, then: Vec<Wish>) -> Self {
        let no = Choice { label: "no".into(), then: Vec::new() };
        let choices = vec![no, Choice { label: yes.into(), then }];
        Self { title: title.into(), text: text.into(), code: Vec::new(), choices, focused: 0 }
    }

    /// What `y` says: the one answer besides the safe one; among more than two, the focused one.
    pub fn yes(&self) -> Option<&Choice> {
        match self.choices.as_slice() {
            [_, yes] => Some(yes),
            more => more.get(self.focused),
        }
    }

    /// Moves to another answer.
    pub fn step(&mut self, motion: Motion) {
        let count = self.choices.len().max(1);
        match motion {
            Motion::Left | Motion::Up => self.focused = (self.focused + count - 1) % count,
            _ => self.focused = (self.focused + 1) % count,
        }
    }
}

/// A question, drawn.
pub struct ConfirmBox<'a>(pub &'a Confirm, pub &'a Look);

impl ConfirmBox<'_> {
    /// Draws it over `body`.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) {
        let (confirm, look) = (self.0, self.1);
        let (size, lines) = self.size(body);
        let inner = open(look, body, size, &confirm.title, buffer);
        let room = usize::from(inner.height.saturating_sub(2));
        for (y, line) in (inner.y..).zip(lines.iter().take(room)) {
            buffer.set_line(inner.x, y, &cut(look, line, usize::from(inner.width)), inner.width);
        }
        if lines.len() > room && room > 0 {
            // The last line gives way to what there is no room for.
            let y = inner.y + inner.height.saturating_sub(3);
            let more = format!("{} {} more lines", look.ellipsis(), lines.len() - room + 1);
            buffer.set_style(Rect { y, height: 1, ..inner }, ratatui::style::Style::reset());
            let more = format::left(&more, usize::from(inner.width), "");
            buffer.set_span(inner.x, y, &look.span(Role::Dim, more), inner.width);
        }
        let spans = self.choices().into_iter().flat_map(|choice| [choice, look.span(Role::Text, "  ")]);
        let spans: Vec<Span<'static>> = spans.collect();
        if inner.height > 0 {
            buffer.set_line(
                inner.x,
                inner.bottom() - 1,
                &cut(look, &Line::from(spans), usize::from(inner.width)),
                inner.width,
            );
        }
    }
}

impl ConfirmBox<'_> {
    /// Which answer stands at a place of `body`.
    pub fn choice_at(&self, body: Rect, at: Position) -> Option<usize> {
        let (_, inner) = middle(body, self.size(body).0);
        if at.y + 1 != inner.bottom() || !inner.contains(at) {
            return None;
        }
        let mut x = usize::from(inner.x);
        self.choices().iter().position(|choice| {
            let from = x;
            x += choice.width() + 2;
            (from..from + choice.width()).contains(&usize::from(at.x))
        })
    }

    /// How large it is over `body`, and its lines.
    fn size(&self, body: Rect) -> ((u16, u16), Vec<Line<'static>>) {
        let widest = self.0.code.iter().map(|line| format::width(line)).max().unwrap_or(0);
        let width = body.width.min(u16::try_from(widest + 6).unwrap_or(u16::MAX).max(72));
        let lines = self.lines(usize::from(width).saturating_sub(4));
        ((width, u16::try_from(lines.len() + 2).unwrap_or(u16::MAX)), lines)
    }

    /// The answers, one beside the other.
    fn choices(&self) -> Vec<Span<'static>> {
        let (confirm, look) = (self.0, self.1);
        let choice = |(number, choice): (usize, &Choice)| {
            let focused = number == confirm.focused;
            let mark = if focused { look.mark() } else { " " };
            look.span(if focused { Role::Selection } else { Role::Dim }, format!("{mark} {} ", choice.label))
        };
        confirm.choices.iter().enumerate().map(choice).collect()
    }

    /// What is said, and below it the lines that are shown as they are.
    fn lines(&self, columns: usize) -> Vec<Line<'static>> {
        let (confirm, look) = (self.0, self.1);
        said(look, (&confirm.text, &confirm.code), columns)
    }
}

/// A text, and below it lines that are shown as they are.
fn said(look: &Look, (text, code): (&str, &[String]), columns: usize) -> Vec<Line<'static>> {
    let text = format::wrap(text, columns).into_iter();
    let mut lines: Vec<Line<'static>> = text.map(|line| Line::from(look.span(Role::Text, line))).collect();
    if !code.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(code.iter().map(|line| Line::from(look.span(Role::Strong, format!("  {line}")))));
    lines
}

/// A question answered by typing a word: what is done then reaches others, or is gone for good.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedConfirm {
    /// What it is about.
    pub title: String,
    /// What will happen.
    pub text: String,
    /// Lines below that, shown as they are.
    pub code: Vec<String>,
    /// The word that says yes.
    pub word: String,
    /// What was typed so far.
    pub typed: String,
    /// Something else was given as the answer.
    pub is_wrong: bool,
    /// What follows.
    pub then: Vec<Wish>,
}

impl TypedConfirm {
    /// A question to which only `word` says yes.
    pub fn new(title: impl Into<String>, text: impl Into<String>, word: impl Into<String>, then: Vec<Wish>) -> Self {
        let (title, text, word) = (title.into(), text.into(), word.into());
        Self { title, text, code: Vec::new(), word, typed: String::new(), is_wrong: false, then }
    }

    /// What follows, if the word was typed; else it is asked for again.
    pub fn answer(&mut self) -> Option<Vec<Wish>> {
        self.is_wrong = self.typed.trim() != self.word;
        (!self.is_wrong).then(|| std::mem::take(&mut self.then))
    }
}

/// Such a question, drawn.
pub struct TypedBox<'a>(pub &'a TypedConfirm, pub &'a Look);

impl TypedBox<'_> {
    /// Draws it over `body`; gives the place of the cursor.
    pub fn draw(&self, body: Rect, buffer: &mut Buffer) -> Option<Position> {
        let (confirm, look) = (self.0, self.1);
        let widest = confirm.code.iter().map(|line| format::width(line)).max().unwrap_or(0);
        let width = body.width.min(u16::try_from(widest + 6).unwrap_or(u16::MAX).max(72));
        let lines = said(look, (&confirm.text, &confirm.code), usize::from(width).saturating_sub(4));
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let inner = open(look, body, (width, height), &confirm.title, buffer);
        let room = usize::from(inner.height.saturating_sub(2));
        // What is asked stands below; of too long a text the end gives way, and says so.
        let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
        for (y, line) in (inner.y..).zip(&lines[..shown]) {
            buffer.set_line(inner.x, y, &cut(look, line, usize::from(inner.width)), inner.width);
        }
        if shown < lines.len() && room > 0 {
            let y = inner.y + u16::try_from(shown).unwrap_or(0);
            let more = format!("{} {} more lines", look.ellipsis(), lines.len() - shown);
            buffer.set_span(inner.x, y, &look.span(Role::Dim, more), inner.width);
        }
        if inner.height == 0 {
            return None;
        }
        let asks = if confirm.is_wrong { Role::Fail } else { Role::Dim };
        let line = Line::from(vec![
            look.span(asks, "type "),
            look.span(Role::Strong, confirm.word.clone()),
            look.span(asks, " to do it: "),
            look.span(Role::Text, confirm.typed.clone()),
        ]);
        let line = cut(look, &line, usize::from(inner.width).saturating_sub(1));
        let y = inner.bottom() - 1;
        buffer.set_line(inner.x, y, &line, inner.width);
        Some(Position { x: inner.x + u16::try_from(line.width()).unwrap_or(0), y })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_says_yes() {
        let mut confirm = TypedConfirm::new("publish?", "it is sent", "1.4.0", vec![Wish::Leave]);
        for typed in ["", "1.4", "1.4.0 1.4.0", "y"] {
            confirm.typed = typed.into();
            assert_eq!((confirm.answer(), confirm.is_wrong), (None, true), "{typed}");
        }
        confirm.typed = " 1.4.0".into();
        assert_eq!(confirm.answer(), Some(vec![Wish::Leave]));
    }
}
