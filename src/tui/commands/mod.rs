//! What was done from here, as the commands that do the same, with time and outcome. No passphrase and no text of a recipe
//! ever stands in it.

mod record;
mod view;

pub use record::{commands_of, outcome_of};
pub use view::CommandsBox;

use std::collections::VecDeque;

use time::OffsetDateTime;

use super::widgets::Cursor;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody knows yet.
    Going,
    /// It did what it was for.
    Done(String),
    /// It did not.
    Failed(String),
}

/// Which command an outcome is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// This one, the newest of it.
    Command(String),
    /// The one that waits longest, of those that begin so.
    Longest(&'static str),
    /// The newest that begins so.
    Newest(&'static str),
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was given.
    pub at: OffsetDateTime,
    /// As it would be typed.
    pub command: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// All of them, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    /// The commands.
    pub all: VecDeque<Entry>,
    /// What is selected in the list, counted from the newest.
    pub cursor: Cursor,
}

/// Commands remembered.
const MOST: usize = 500;

impl Commands {
    /// Remembers a command given at `at`.
    pub fn add(&mut self, command: String, at: OffsetDateTime) {
        // What has no outcome of its own is done when it is begun.
        let is_at_once = ["bakery attach", "bakery replay", "bakery shell", "#", "$EDITOR"];
        let is_at_once = is_at_once.iter().any(|start| command.starts_with(start));
        let outcome = if is_at_once { Outcome::Done(String::new()) } else { Outcome::Going };
        self.all.push_back(Entry { at, command, outcome });
        if self.all.len() > MOST {
            self.all.pop_front();
        }
    }

    /// Remembers what came of one.
    pub fn end(&mut self, of: &Of, outcome: Outcome) {
        let waits = |entry: &&mut Entry| entry.outcome == Outcome::Going;
        let found = match of {
            Of::Command(command) => self.all.iter_mut().rev().filter(waits).find(|entry| entry.command == *command),
            Of::Newest(start) => self.all.iter_mut().rev().filter(waits).find(|entry| entry.command.starts_with(start)),
            Of::Longest(start) => self.all.iter_mut().filter(waits).find(|entry| entry.command.starts_with(start)),
        };
        if let Some(entry) = found {
            entry.outcome = outcome;
        }
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&Entry> {
        self.all.iter().rev().nth(self.cursor.selected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_find_their_commands() {
        let mut log = Commands::default();
        for command in ["bakery bake a", "bakery bake b", "bakery verify x"] {
            log.add(command.into(), OffsetDateTime::UNIX_EPOCH);
        }
        log.end(&Of::Longest("bakery bake"), Outcome::Done("1".into()));
        log.end(&Of::Command("bakery verify x".into()), Outcome::Failed("no".into()));
        log.end(&Of::Newest("bakery publish"), Outcome::Done("?".into()));
        let outcomes: Vec<&Outcome> = log.all.iter().map(|entry| &entry.outcome).collect();
        assert_eq!(outcomes, [&Outcome::Done("1".into()), &Outcome::Going, &Outcome::Failed("no".into())]);
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut log = Commands::default();
        (0..MOST + 3).for_each(|number| log.add(number.to_string(), OffsetDateTime::UNIX_EPOCH));
        assert_eq!((log.all.len(), log.all[0].command.as_str()), (MOST, "3"));
    }
}
