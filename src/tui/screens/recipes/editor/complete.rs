//! What may stand at the cursor, to be chosen, and what stands there means. Asks; whoever knows the base answers.

use super::super::text::{At, is_word};
use super::update::wish;
use super::{Effect, Model};
use crate::domain::recipe::assist::{Completion, Completions, Hover};
use crate::tui::keymap::{Key, Motion};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::{Cursor, Toast};

/// What helps at the cursor.
#[derive(Debug, Default)]
pub(super) struct Assistance {
    /// What may stand there, while it shows.
    pub(super) popup: Option<Popup>,
    /// Tab asked for it, in this state of the text and at this place: where nothing is found, it moves in.
    tabbed: Option<(u64, At)>,
    /// What stands somewhere means.
    hover: Option<(u64, At, Option<Hover>)>,
    /// It shows in full, or will.
    pub(super) is_told: bool,
}

impl Assistance {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What may stand at a place, narrowed by what is typed on.
#[derive(Debug)]
pub(super) struct Popup {
    pub(super) completions: Completions,
    /// The place it was answered for.
    at: At,
    /// What was typed there when it was answered.
    typed: String,
    /// The selection.
    pub(super) cursor: Cursor,
    /// The user asked for it, or moved in it: Enter takes what is selected.
    pub(super) is_chosen: bool,
}

/// Rows of the popup at most.
pub(super) const ROWS: usize = 8;

impl Popup {
    /// What is left of it, with what is typed by now.
    pub(super) fn shown(&self, now: &str) -> Vec<&Completion> {
        let lower = now.to_lowercase();
        let fits = |item: &&Completion| now == self.typed || item.label.to_lowercase().contains(&lower);
        self.completions.items.iter().filter(fits).collect()
    }
}

impl Model {
    /// Asks for what may stand at the cursor.
    pub(super) fn complete(&mut self, is_asked: bool) -> Vec<Wish> {
        let Some(asked) = self.asked() else { return Vec::new() };
        self.assistance.tabbed = is_asked.then_some((asked.version, asked.at));
        vec![wish(Effect::Complete(asked))]
    }

    /// Whether Tab is to look for what may stand there, rather than move lines in.
    pub(super) fn tab_completes(&self) -> bool {
        let Some(text) = self.text() else { return false };
        let in_blanks = text.before_cursor().chars().all(char::is_whitespace);
        text.selection().is_none() && (!in_blanks || text.line().trim().is_empty())
    }

    /// What may stand there is known.
    pub(super) fn completed(&mut self, version: u64, at: At, completions: Completions, around: &Around) -> Vec<Wish> {
        let Some(text) = self.text() else { return Vec::new() };
        // Said of an older text, or of another place.
        if version != self.version || at != text.cursor() || self.prompt.is_typed() {
            return Vec::new();
        }
        let typed = part(text.line(), completions.from, at.1);
        let is_asked = self.assistance.tabbed.take() == Some((version, at));
        let is_all = matches!(completions.items.as_slice(), [only] if only.insert.trim_end() == typed);
        if completions.items.is_empty() || completions.line != at.0 || completions.from > at.1 || is_all {
            self.assistance.popup = None;
            return if is_asked && !is_all { self.tab(around) } else { Vec::new() };
        }
        // Of what shows already, the choice stays.
        let was = self.assistance.popup.take();
        let chosen = was.as_ref().and_then(|popup| popup.chosen_label());
        let is_chosen = is_asked || was.is_some_and(|popup| popup.is_chosen);
        let only = completions.items.len() == 1;
        let mut cursor = Cursor::default();
        if let Some(at) = completions.items.iter().position(|item| Some(&item.label) == chosen.as_ref()) {
            cursor.go(at, completions.items.len(), ROWS);
        }
        self.assistance.popup = Some(Popup { completions, at, typed, cursor, is_chosen });
        if is_asked && only { self.accept(around) } else { Vec::new() }
    }

    /// What Tab does where there is nothing to complete.
    fn tab(&mut self, around: &Around) -> Vec<Wish> {
        if let Some(text) = self.text_mut() {
            text.paste("  ");
        }
        let wishes = self.changed();
        self.follow(around);
        wishes
    }

    /// Whether Enter takes what is selected.
    pub(super) fn is_chosen(&self) -> bool {
        self.assistance.popup.as_ref().is_some_and(|popup| popup.is_chosen)
    }

    /// Another one of what may stand there.
    pub(super) fn step_popup(&mut self, motion: Motion) {
        let Some(now) = self.typed_on() else { return };
        if let Some(popup) = &mut self.assistance.popup {
            let len = popup.shown(&now).len();
            // The first key chooses the first one.
            if popup.is_chosen || motion != Motion::Down {
                popup.cursor.step(motion, len, ROWS);
            }
            popup.is_chosen = true;
        }
    }

    /// What is typed by now at the popup's place.
    fn typed_on(&self) -> Option<String> {
        let (popup, text) = (self.assistance.popup.as_ref()?, self.text()?);
        let (line, column) = text.cursor();
        (line == popup.at.0 && column >= popup.completions.from)
            .then(|| part(text.line(), popup.completions.from, column))
    }

    /// Takes what is selected into the text, as one change.
    pub(super) fn accept(&mut self, around: &Around) -> Vec<Wish> {
        let now = self.typed_on();
        let Some((popup, now)) = self.assistance.popup.take().zip(now) else { return Vec::new() };
        let shown = popup.shown(&now);
        let Some(item) = shown.get(popup.cursor.selected.min(shown.len().saturating_sub(1))) else { return Vec::new() };
        let insert = item.insert.clone();
        let (from, to) = (popup.completions.from, popup.completions.to);
        let Some(text) = self.text_mut() else { return Vec::new() };
        // What was typed since the answer moved the end on.
        let to = (to + text.cursor().1).saturating_sub(popup.at.1);
        text.put_over(popup.at.0, (from, to), &insert);
        let mut wishes = self.changed();
        self.follow(around);
        // After a key comes its value.
        if insert.ends_with(": ") {
            wishes.extend(self.complete(false));
        }
        wishes
    }

    /// After a key in the text: what may stand there is asked for while a word is typed, else what stands there means.
    pub(super) fn assist_after(&mut self, changed: bool, key: Option<Key>) -> Vec<Wish> {
        let before = self.text().map(|text| text.before_cursor().to_owned()).unwrap_or_default();
        let typed = key.and_then(Key::typed).filter(|_| changed);
        let after_sign = before.ends_with(": ") || before.ends_with("- ") || before.ends_with(", ");
        let asks = match typed {
            Some(' ') => after_sign,
            Some(c) => is_word(c) || matches!(c, '/' | ':' | '.' | '@'),
            // A letter less of what is being completed.
            None => changed && key.is_some() && self.assistance.popup.is_some(),
        };
        let is_left = self.typed_on().is_some_and(|now| {
            let popup = self.assistance.popup.as_ref();
            popup.is_some_and(|popup| !popup.shown(&now).is_empty())
        });
        if !is_left || !asks {
            self.assistance.popup = None;
        } else if let Some((now, popup)) = self.typed_on().zip(self.assistance.popup.as_mut()) {
            let len = popup.shown(&now).len();
            popup.cursor.go(popup.cursor.selected, len, ROWS);
        }
        if asks { self.complete(false) } else { self.explain(false) }
    }

    /// Asks what stands at the cursor means; in full, or where there is room for it.
    pub(super) fn explain(&mut self, in_full: bool) -> Vec<Wish> {
        let Some(at) = self.text().map(super::Text::cursor) else { return Vec::new() };
        if let Some((version, place, hover)) = &self.assistance.hover
            && (*version, *place) == (self.version, at)
        {
            self.assistance.is_told = in_full && hover.is_some();
            return if in_full && hover.is_none() { nothing_known() } else { Vec::new() };
        }
        // What is wrong with the line is told there already.
        if !in_full && !self.problems_of(at.0).is_empty() {
            return Vec::new();
        }
        self.assistance.is_told = in_full;
        self.asked().map(|asked| wish(Effect::Explain(asked))).into_iter().collect()
    }

    pub(super) fn explained(&mut self, version: u64, at: At, hover: Option<Hover>) -> Vec<Wish> {
        if version != self.version || self.text().map(super::Text::cursor) != Some(at) {
            return Vec::new();
        }
        let is_nothing = hover.is_none();
        self.assistance.hover = Some((version, at, hover));
        if is_nothing && std::mem::take(&mut self.assistance.is_told) { nothing_known() } else { Vec::new() }
    }

    /// What stands at the cursor means, where that is known.
    pub(super) fn meaning(&self) -> Option<&Hover> {
        let (version, at, hover) = self.assistance.hover.as_ref()?;
        let here = (*version, Some(*at)) == (self.version, self.text().map(super::Text::cursor));
        hover.as_ref().filter(|_| here)
    }
}

impl Popup {
    fn chosen_label(&self) -> Option<String> {
        let item = self.completions.items.get(self.cursor.selected).filter(|_| self.is_chosen)?;
        Some(item.label.clone())
    }
}

fn nothing_known() -> Vec<Wish> {
    vec![Wish::Tell(Toast::done("nothing more is known of what stands here").next("Tab shows what may stand here"))]
}

/// A part of a line, in characters.
pub(super) fn part(line: &str, from: usize, to: usize) -> String {
    line.chars().take(to).skip(from).collect()
}
