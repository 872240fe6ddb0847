//! What keys do in the palette. Pure: gives what follows.

use super::stock::{Kind, Thing};
use super::verbs::{order, row_of};
use super::{Palette, Takes, VERBS};
use crate::tui::keymap::{Action, Code, Key};
use crate::tui::screens::Wish;

/// What a key comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The palette stays.
    Stay,
    /// It is over: what follows, and what to show first the next time.
    Over(Vec<Wish>, Thing),
}

/// Rows a page has.
pub(super) const ROWS: usize = 12;

impl Palette {
    /// A key that types.
    pub fn typed(&mut self, key: Key) {
        match (key.code, key.typed()) {
            (_, Some(c)) => self.text.push(c),
            (Code::Backspace, _) => drop(self.text.pop()),
            (Code::Char('u' | 'w'), _) if key.ctrl => {
                let whole = key.code == Code::Char('u');
                let kept = self.text.trim_end().rfind(' ').filter(|_| !whole).map_or(0, |at| at + 1);
                self.text.truncate(kept);
            }
            _ => return,
        }
        self.retyped();
    }

    /// Text pasted: its first line.
    pub fn pasted(&mut self, text: &str) {
        self.text.extend(text.lines().next().unwrap_or("").chars().filter(|c| !c.is_control()).take(400));
        self.retyped();
    }

    /// A key's action.
    pub fn act(&mut self, action: Action) -> Answer {
        match action {
            Action::Move(motion) => {
                self.moved = true;
                self.cursor.step(motion, self.finder.hits.len(), ROWS);
            }
            Action::Complete => self.complete(),
            Action::Open => return self.enter(),
            _ => {}
        }
        Answer::Stay
    }

    /// Puts what is selected in the place of the word being typed.
    fn complete(&mut self) {
        // A command's name is completed, whatever fits as well.
        let word = self.text.trim_start();
        let named = VERBS.iter().find(|row| !word.is_empty() && row.name.starts_with(word));
        if let (Some(row), false, None) = (named, self.moved, self.argument()) {
            self.text = if row.takes == Takes::Nothing { row.name.to_owned() } else { format!("{} ", row.name) };
            return self.retyped();
        }
        let Some(thing) = self.selected() else { return };
        let completed = match (&thing.kind, self.argument()) {
            (_, Some((row, word))) => {
                let more = if row.count.1 > 1 { " " } else { "" };
                format!("{}{}{more}", &self.text[..self.text.len() - word.len()], thing.typed())
            }
            (Kind::Verb(verb), None) => {
                let row = VERBS.iter().find(|row| row.verb == *verb);
                row.map(|row| if row.takes == Takes::Nothing { row.name.to_owned() } else { format!("{} ", row.name) })
                    .unwrap_or_default()
            }
            (_, None) => thing.text.to_string(),
        };
        self.text = completed;
        self.retyped();
    }

    fn enter(&mut self) -> Answer {
        if self.argument().is_some() {
            return self.give();
        }
        let Some(thing) = self.selected() else {
            self.problem = order(&self.text, &self.stock).err().or(Some("nothing of that name".into()));
            return Answer::Stay;
        };
        // A command's whole name is meant, whatever fits as well.
        let is_name = row_of(self.text.trim()).is_some();
        match (&thing.kind, thing.chosen()) {
            _ if is_name && !self.moved => self.give(),
            (_, Some(wishes)) => Answer::Over(wishes, thing),
            (Kind::Line, None) => {
                self.text = thing.text.to_string();
                self.retyped();
                self.give()
            }
            (Kind::Verb(verb), None) => {
                let row = VERBS.iter().find(|row| row.verb == *verb);
                self.complete();
                if row.is_some_and(|row| row.takes == Takes::Nothing) { self.give() } else { Answer::Stay }
            }
            _ => Answer::Stay,
        }
    }

    /// Gives the line as it is typed; where that cannot be, with what is selected in the place of its last word.
    fn give(&mut self) -> Answer {
        let word = self.argument().map(|(_, word)| word.to_owned()).unwrap_or_default();
        let wants_selected = self.moved || (!word.is_empty() && order(&self.text, &self.stock).is_err());
        if wants_selected && self.selected().is_some() {
            self.complete();
        }
        match order(&self.text, &self.stock) {
            Ok(wishes) => {
                let line = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
                Answer::Over(wishes, Thing::new(Kind::Line, line, ""))
            }
            Err(problem) => {
                self.problem = Some(problem);
                Answer::Stay
            }
        }
    }
}
