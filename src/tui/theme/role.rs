//! What a drawn thing means. Views name roles, never colours; themes give each role a look.

/// A meaning that has a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is its name in a theme file, see `Role::name`")]
pub enum Role {
    Text,
    Dim,
    Strong,
    Accent,
    Rule,
    Key,
    Selection,
    SelectionIdle,
    Match,
    Meter,
    Global,
    Local,
    Stale,
    Pass,
    Warn,
    Fail,
    Unknown,
    Added,
    Modified,
    Deleted,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Self; 20] = [
        Self::Text,
        Self::Dim,
        Self::Strong,
        Self::Accent,
        Self::Rule,
        Self::Key,
        Self::Selection,
        Self::SelectionIdle,
        Self::Match,
        Self::Meter,
        Self::Global,
        Self::Local,
        Self::Stale,
        Self::Pass,
        Self::Warn,
        Self::Fail,
        Self::Unknown,
        Self::Added,
        Self::Modified,
        Self::Deleted,
    ];

    /// Its name in theme files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Dim => "text.dim",
            Self::Strong => "text.strong",
            Self::Accent => "accent",
            Self::Rule => "rule",
            Self::Key => "key",
            Self::Selection => "selection",
            Self::SelectionIdle => "selection.idle",
            Self::Match => "match",
            Self::Meter => "meter",
            Self::Global => "origin.global",
            Self::Local => "origin.local",
            Self::Stale => "stale",
            Self::Pass => "verdict.pass",
            Self::Warn => "verdict.warn",
            Self::Fail => "verdict.fail",
            Self::Unknown => "verdict.unknown",
            Self::Added => "change.added",
            Self::Modified => "change.modified",
            Self::Deleted => "change.deleted",
        }
    }

    /// Its letter in role grids, which tests keep beside the text of a screen.
    pub fn letter(self) -> char {
        match self {
            Self::Text => '.',
            Self::Dim => 'd',
            Self::Strong => 's',
            Self::Accent => 'a',
            Self::Rule => 'r',
            Self::Key => 'k',
            Self::Selection => 'S',
            Self::SelectionIdle => 'I',
            Self::Match => 'm',
            Self::Meter => 'b',
            Self::Global => 'G',
            Self::Local => 'L',
            Self::Stale => '^',
            Self::Pass => 'p',
            Self::Warn => 'w',
            Self::Fail => 'x',
            Self::Unknown => 'u',
            Self::Added => '+',
            Self::Modified => '~',
            Self::Deleted => '-',
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_role_has_a_number_a_name_and_a_letter_of_its_own() {
        for (number, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!((role as usize, Role::named(role.name())), (number, Some(role)));
        }
        let letters: BTreeSet<char> = Role::ALL.into_iter().map(Role::letter).collect();
        assert_eq!(letters.len(), Role::ALL.len());
    }
}
