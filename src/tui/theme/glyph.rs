//! The signs every screen uses, with plain forms for terminals that lack them. Meaning never rests on colour alone.

use super::Role;

/// A sign with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// From the global store.
    Global,
    /// Made here.
    Local,
    /// A check said yes, or a bake went well.
    Pass,
    /// Worth a look.
    Warn,
    /// A check said no, or something failed.
    Fail,
    /// Could not be established.
    Unknown,
    /// Not asked.
    Unasked,
    /// Under way.
    Running,
    /// To come.
    Waiting,
    /// Done.
    Done,
    /// Stale.
    Stale,
    /// Added.
    Added,
    /// Modified.
    Modified,
    /// Deleted.
    Deleted,
    /// Moved.
    Moved,
}

impl Glyph {
    /// As it is drawn: one column, or up to two in plain characters.
    pub fn text(self, ascii: bool) -> &'static str {
        let (sign, plain) = match self {
            Self::Global => ("◆", "G"),
            Self::Local => ("◇", "L"),
            Self::Pass => ("✔", "ok"),
            Self::Warn => ("▲", "!"),
            Self::Fail => ("✖", "x"),
            Self::Unknown => ("?", "?"),
            Self::Unasked => ("·", "."),
            Self::Running => ("◌", "~"),
            Self::Waiting => ("○", "o"),
            Self::Done => ("●", "*"),
            Self::Stale => ("⟳", "^"),
            Self::Added => ("+", "+"),
            Self::Modified => ("~", "~"),
            Self::Deleted => ("-", "-"),
            Self::Moved => (">", ">"),
        };
        if ascii { plain } else { sign }
    }

    /// Its role.
    pub fn role(self) -> Role {
        match self {
            Self::Global => Role::Global,
            Self::Local => Role::Local,
            Self::Pass => Role::Pass,
            Self::Warn => Role::Warn,
            Self::Fail => Role::Fail,
            Self::Unknown => Role::Unknown,
            Self::Unasked | Self::Waiting => Role::Dim,
            Self::Running => Role::Accent,
            Self::Done => Role::Text,
            Self::Stale => Role::Stale,
            Self::Added => Role::Added,
            Self::Modified | Self::Moved => Role::Modified,
            Self::Deleted => Role::Deleted,
        }
    }
}
