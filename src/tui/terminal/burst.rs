//! Keys that come faster than anybody types: text pasted where the terminal does not say so. Where text is typed it goes
//! in as one piece; anywhere else every key counts as itself (V-06).

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::tui::keymap::{Code, Key, Scope};
use crate::tui::msg::Msg;

/// So many characters at once are no typing.
const PASTED: usize = 48;
/// What comes so soon after them belongs to them.
const GOES_ON: Duration = Duration::from_millis(60);

/// Keys read at once, in order.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Burst {
    keys: VecDeque<Key>,
    /// The last message was a paste.
    pasting: bool,
    /// Until when what comes belongs to it.
    until: Option<Instant>,
}

impl Burst {
    /// Adds a key.
    pub(in crate::tui) fn add(&mut self, key: Key) {
        self.keys.push_back(key);
    }

    /// The next message, where keys are looked up in `scope` first. What was given before has been taken in.
    pub(in crate::tui) fn next(&mut self, scope: Option<Scope>, now: Instant) -> Option<Msg> {
        if std::mem::take(&mut self.pasting) {
            self.until = Some(now + GOES_ON);
        }
        let lines = scope == Some(Scope::Editor);
        let text = |key: &Key| match key.code {
            Code::Enter if lines && !key.ctrl && !key.alt => Some('\n'),
            _ => key.typed(),
        };
        if scope.is_some_and(Scope::takes_text) {
            let pasted: String = self.keys.iter().map_while(text).collect();
            let goes_on = self.until.is_some_and(|until| now < until);
            if pasted.len() >= if goes_on { 1 } else { PASTED } {
                self.pasting = true;
                self.keys.drain(..pasted.chars().count());
                return Some(Msg::Paste(pasted));
            }
        }
        self.keys.pop_front().map(Msg::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, scope: Scope) -> Vec<Msg> {
        let mut burst = Burst::default();
        for c in text.chars() {
            burst.add(Key::plain(if c == '\n' { Code::Enter } else { Code::Char(c) }));
        }
        let now = Instant::now();
        std::iter::from_fn(|| burst.next(Some(scope), now)).collect()
    }

    #[test]
    fn v06_what_nobody_can_have_typed_is_pasted_where_text_is_typed() {
        let line = "a".repeat(60);
        let both = format!("{line}\n{line}");
        assert_eq!(told(&both, Scope::Editor), [Msg::Paste(both.clone())]);
        let enter = Msg::Key(Key::plain(Code::Enter));
        assert_eq!(told(&both, Scope::Line), [Msg::Paste(line.clone()), enter, Msg::Paste(line.clone())]);
        assert_eq!(told("abc", Scope::Editor).len(), 3);
        assert_eq!(told(&both, Scope::List).len(), 121, "elsewhere every key is one");
        assert_eq!(told(&format!("{line}\nab"), Scope::Line).last(), Some(&Msg::Paste("ab".into())), "its rest");
    }
}
