//! A key as it is pressed, written and shown: `j`, `G`, `ctrl-d`, `enter`, `f1`. Knows no meaning of any.

use std::fmt;
use std::str::FromStr;

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character, upper case where shift was held.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Cursor keys.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// A key with its modifiers. Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What was pressed.
    pub code: Code,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
}

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// The character it types into a text, if it does.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl Key {
    /// As it is shown where arrows cannot be drawn.
    pub fn plain_name(self) -> String {
        let ctrl = if self.ctrl { "Ctrl-" } else { "" };
        let alt = if self.alt { "Alt-" } else { "" };
        match self.code {
            Code::Up => format!("{ctrl}{alt}up"),
            Code::Down => format!("{ctrl}{alt}down"),
            Code::Left => format!("{ctrl}{alt}left"),
            Code::Right => format!("{ctrl}{alt}right"),
            _ => self.to_string(),
        }
    }
}

/// Names of the keys that are no characters.
const NAMED: [(&str, &str, Code); 19] = [
    ("enter", "Enter", Code::Enter),
    ("esc", "Esc", Code::Esc),
    ("tab", "Tab", Code::Tab),
    ("backtab", "S-Tab", Code::BackTab),
    ("backspace", "Backspace", Code::Backspace),
    ("delete", "Del", Code::Delete),
    ("insert", "Ins", Code::Insert),
    ("up", "↑", Code::Up),
    ("down", "↓", Code::Down),
    ("left", "←", Code::Left),
    ("right", "→", Code::Right),
    ("home", "Home", Code::Home),
    ("end", "End", Code::End),
    ("pageup", "PgUp", Code::PageUp),
    ("pagedown", "PgDn", Code::PageDown),
    ("space", "Space", Code::Char(' ')),
    ("colon", ":", Code::Char(':')),
    ("minus", "-", Code::Char('-')),
    ("plus", "+", Code::Char('+')),
];

/// Why a text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no key")]
pub struct KeyError(String);

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong = || KeyError(text.to_owned());
        let (mut rest, mut key) = (text, Key::plain(Code::Esc));
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (rest, key.ctrl) = (after, true);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (rest, key.alt) = (after, true);
            } else {
                break;
            }
        }
        let mut characters = rest.chars();
        key.code = match (characters.next(), characters.next()) {
            (Some(c), None) => Code::Char(c),
            _ => match NAMED.iter().find(|(name, ..)| *name == rest) {
                Some((.., code)) => *code,
                None => {
                    let number = rest.strip_prefix('f').and_then(|number| number.parse().ok());
                    Code::F(number.filter(|number| (1..=12).contains(number)).ok_or_else(wrong)?)
                }
            },
        };
        Ok(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ctrl = if self.ctrl { "Ctrl-" } else { "" };
        let alt = if self.alt { "Alt-" } else { "" };
        let name = NAMED.iter().find(|(.., code)| *code == self.code).map(|(_, shown, _)| *shown);
        match (self.code, name) {
            (_, Some(shown)) => write!(f, "{ctrl}{alt}{shown}"),
            (Code::Char(c), None) => write!(f, "{ctrl}{alt}{c}"),
            (Code::F(number), None) => write!(f, "{ctrl}{alt}F{number}"),
            (other, None) => write!(f, "{ctrl}{alt}{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_shown() {
        let cases =
            [("j", "j"), ("G", "G"), ("ctrl-d", "Ctrl-d"), ("enter", "Enter"), ("f5", "F5"), ("alt-z", "Alt-z")];
        for (written, shown) in cases {
            assert_eq!(written.parse::<Key>().unwrap().to_string(), shown);
        }
        assert_eq!("f13".parse::<Key>().unwrap_err().to_string(), "`f13` names no key");
        assert!("entre".parse::<Key>().is_err() && "".parse::<Key>().is_err());
    }
}
