//! What of all changes is wanted, and in which order: a small language typed after `/`, filters on keys.
//!
//! Words that all have to hold: part of a path, `op:added`, `owner:local`, `layer:5`, `>1MB`, `<10kB`; `!` turns one round.

use crate::domain::layer::{ChangeKind, Changed};
use crate::domain::units::parse_bytes;
use crate::tui::screens::diff::{Matter, Part};

/// How rows stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By path.
    #[default]
    Path,
    /// The biggest first.
    Size,
    /// What was added, then what was modified, deleted, moved.
    Change,
}

impl Sort {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::Path => Self::Size,
            Self::Size => Self::Change,
            Self::Change => Self::Path,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Size => "size",
            Self::Change => "change",
        }
    }
}

/// What of the changes is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sieve {
    /// Whose.
    pub part: Part,
    /// Only of layers made here, or only of those of a base.
    pub local: Option<bool>,
    /// Only of this kind.
    pub kind: Option<ChangeKind>,
    /// What was typed.
    pub text: String,
}

/// What is wanted, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What.
    pub sieve: Sieve,
    /// In which order.
    pub sort: Sort,
    /// Paths under each other rather than folders that open.
    pub flat: bool,
}

impl Sieve {
    /// Whether something was typed.
    pub fn is_typed(&self) -> bool {
        self.text.split_whitespace().any(|word| !word.trim_start_matches('!').is_empty())
    }

    /// Whether it holds anything back.
    pub fn holds_back(&self) -> bool {
        self.local.is_some() || self.kind.is_some() || self.is_typed()
    }

    /// The next owner: all, global, local.
    pub fn next_owner(&mut self) {
        self.local = match self.local {
            None => Some(false),
            Some(false) => Some(true),
            Some(true) => None,
        };
    }

    /// The next kind: all, added, modified, deleted, moved.
    pub fn next_kind(&mut self) {
        self.kind = match self.kind {
            None => Some(ChangeKind::Added),
            Some(ChangeKind::Added) => Some(ChangeKind::Modified),
            Some(ChangeKind::Modified) => Some(ChangeKind::Deleted),
            Some(ChangeKind::Deleted) => Some(ChangeKind::Moved),
            Some(ChangeKind::Moved) => None,
        };
    }

    /// The words typed, read once.
    pub(super) fn mesh(&self) -> Mesh {
        let words = self.text.split_whitespace().filter_map(Word::read);
        Mesh { part: self.part, local: self.local, kind: self.kind, words: words.collect() }
    }

    /// The part of a path to be marked, where one is looked for.
    pub fn needle(&self) -> Option<Needle> {
        self.text.split_whitespace().filter_map(Word::read).find_map(|word| match word {
            Word { turned: false, test: Test::Path(needle) } => Some(needle),
            _ => None,
        })
    }
}

/// A sieve made ready.
pub(super) struct Mesh {
    part: Part,
    local: Option<bool>,
    kind: Option<ChangeKind>,
    words: Vec<Word>,
}

impl Mesh {
    /// Whether a change is let through.
    pub(super) fn lets(&self, matter: &Matter, changed: &Changed<'_>) -> bool {
        if self.kind.is_some_and(|kind| kind != changed.kind) {
            return false;
        }
        if self.local.is_some_and(|local| self.owner(matter, changed) != Some(local)) {
            return false;
        }
        self.words.iter().all(|word| self.word_lets(word, matter, changed))
    }

    /// Whether it was made here: by the layer that made it, else of what is gone by the one that had put it.
    fn owner(&self, matter: &Matter, changed: &Changed<'_>) -> Option<bool> {
        let made = matter.made_by(self.part, changed).or_else(|| matter.was_by(self.part, changed))?;
        Some(made.1.owner.is_local)
    }

    fn word_lets(&self, word: &Word, matter: &Matter, changed: &Changed<'_>) -> bool {
        let lets = match &word.test {
            Test::Kind(kind) => *kind == changed.kind,
            Test::Local(local) => self.owner(matter, changed) == Some(*local),
            Test::Layer(number) => matter.made_by(self.part, changed).is_some_and(|(layer, _)| layer + 1 == *number),
            Test::Larger(bytes) => changed.size() > *bytes,
            Test::Smaller(bytes) => changed.size() < *bytes,
            Test::Path(needle) => needle.find(&changed.path()).is_some(),
        };
        lets != word.turned
    }
}

struct Word {
    turned: bool,
    test: Test,
}

enum Test {
    Kind(ChangeKind),
    Local(bool),
    /// Counted from 1, as it is shown.
    Layer(u32),
    Larger(u64),
    Smaller(u64),
    Path(Needle),
}

impl Word {
    /// What reads as no test is part of a path; what is still being typed holds nothing back.
    fn read(word: &str) -> Option<Self> {
        let (turned, word) = match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let kinds = [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted, ChangeKind::Moved];
        let begins = |whole: &str, part: &str| !part.is_empty() && whole.starts_with(part);
        let test = if let Some(part) = word.strip_prefix("op:") {
            Test::Kind(kinds.into_iter().find(|kind| begins(kind.as_str(), part))?)
        } else if let Some(part) = word.strip_prefix("owner:") {
            Test::Local(["global", "local"].iter().position(|whole| begins(whole, part))? == 1)
        } else if let Some(part) = word.strip_prefix("layer:") {
            Test::Layer(part.parse().ok()?)
        } else if let Some(size) = word.strip_prefix('>') {
            Test::Larger(parse_bytes(size)?)
        } else if let Some(size) = word.strip_prefix('<') {
            Test::Smaller(parse_bytes(size)?)
        } else if word.is_empty() {
            return None;
        } else {
            Test::Path(Needle::new(word))
        };
        Some(Self { turned, test })
    }
}

/// A part of a path that is looked for. Capitals count only where there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    bytes: Vec<u8>,
    exact: bool,
}

impl Needle {
    fn new(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), exact: text.chars().any(char::is_uppercase) }
    }

    /// Where it stands first.
    pub fn find(&self, path: &[u8]) -> Option<std::ops::Range<usize>> {
        let same = |window: &[u8]| match self.exact {
            true => window == self.bytes,
            false => window.eq_ignore_ascii_case(&self.bytes),
        };
        let length = self.bytes.len().max(1);
        path.windows(length).position(same).map(|at| at..at + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_far_as_they_are_typed() {
        let read = |text: &str| {
            Word::read(text).map(|word| match word.test {
                Test::Kind(kind) => format!("{} {}", word.turned, kind.as_str()),
                Test::Local(local) => format!("{} local {local}", word.turned),
                Test::Layer(number) => format!("layer {number}"),
                Test::Larger(bytes) => format!("> {bytes}"),
                Test::Smaller(bytes) => format!("< {bytes}"),
                Test::Path(needle) => format!("{} {}", word.turned, String::from_utf8_lossy(&needle.bytes)),
            })
        };
        assert_eq!(read("op:add").as_deref(), Some("false added"));
        assert_eq!(read("!op:deleted").as_deref(), Some("true deleted"));
        assert_eq!(read("owner:l").as_deref(), Some("false local true"));
        assert_eq!((read("layer:5").as_deref(), read(">1MB").as_deref()), (Some("layer 5"), Some("> 1000000")));
        assert_eq!((read("<10kB").as_deref(), read("!usr").as_deref()), (Some("< 10000"), Some("true usr")));
        for unfinished in ["op:", "op:x", "owner:", "layer:", "layer:x", ">", ">1Q", "!", ""] {
            assert_eq!(read(unfinished), None, "{unfinished}");
        }
        assert!(!Sieve { text: "! ".into(), ..Sieve::default() }.holds_back());
    }

    #[test]
    fn capitals_count_where_there_are_some() {
        let find = |text: &str, path: &str| Needle::new(text).find(path.as_bytes());
        assert_eq!(find("pay", "srv/Payments"), Some(4..7));
        assert_eq!(find("Pay", "srv/payments"), None);
        assert_eq!(find("名", "a/名前"), Some(2..5));
    }
}
