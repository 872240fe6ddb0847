//! The keys in force: the table, with what the user settled. Input, help, status bar and palette read it; it reads no file.

use super::{Action, Binding, Key, KeyError, Scope, TABLE};

/// Keys pressed one after the other; mostly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(pub Vec<Key>);

impl Sequence {
    /// `g+g` as keys. `+` alone is a key; so is the one of `ctrl-+`.
    pub fn read(written: &str) -> Result<Self, KeyError> {
        let (mut keys, mut part) = (Vec::new(), String::new());
        for c in written.chars() {
            if c == '+' && !(part.is_empty() || part.ends_with("ctrl-") || part.ends_with("alt-")) {
                keys.push(part.parse()?);
                part.clear();
            } else {
                part.push(c);
            }
        }
        keys.push(part.parse()?);
        Ok(Self(keys))
    }

    /// As it is shown; arrows have plain names where they cannot be drawn.
    pub fn shown(&self, ascii: bool) -> String {
        self.0.iter().map(|key| if ascii { key.plain_name() } else { key.to_string() }).collect::<Vec<_>>().join(" ")
    }

    /// Whether its first key types a character where text is typed.
    pub fn types(&self) -> bool {
        self.0.first().is_some_and(|key| key.typed().is_some())
    }
}

/// What the keys pressed so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// They ask for this.
    Action(Action),
    /// The beginning of a longer sequence.
    Beginning,
    /// Nothing.
    Nothing,
}

/// An action of a scope with its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Where it holds.
    pub scope: Scope,
    /// Keys, any of them; the first is the one shown. None where the user took them away.
    pub keys: Vec<Sequence>,
    /// What it asks for.
    pub action: Action,
    /// In help, and short enough for the status bar.
    pub label: &'static str,
    /// Whether the status bar names it.
    pub in_bar: bool,
}

impl Bound {
    pub(super) fn built_in(binding: &Binding) -> Self {
        let keys = binding.keys.iter().filter_map(|written| Sequence::read(written).ok()).collect();
        let Binding { scope, action, label, in_bar, .. } = *binding;
        Self { scope, keys, action, label, in_bar }
    }

    /// Its first key as it is shown; empty where it has none.
    pub fn shown_key(&self, ascii: bool) -> String {
        self.keys.first().map(|keys| keys.shown(ascii)).unwrap_or_default()
    }

    /// All of its keys as they are shown: `g g  Home`.
    pub fn shown_keys(&self, ascii: bool) -> String {
        self.keys.iter().map(|keys| keys.shown(ascii)).collect::<Vec<_>>().join("  ")
    }
}

/// The keys in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    pub(super) rows: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { rows: TABLE.iter().map(Bound::built_in).collect() }
    }
}

impl Keymap {
    /// What there is in a scope, in the order of the table.
    pub fn of(&self, scope: Scope) -> impl Iterator<Item = &Bound> {
        self.rows.iter().filter(move |bound| bound.scope == scope)
    }

    /// The first of `scopes` that has this action.
    pub fn find(&self, scopes: &[Scope], action: Action) -> Option<&Bound> {
        scopes.iter().find_map(|scope| self.of(*scope).find(|bound| bound.action == action))
    }

    /// What `keys` ask for in `scopes`, the innermost first. Where the innermost takes text, characters are never keys.
    pub fn look_up(&self, scopes: &[Scope], keys: &[Key]) -> Found {
        let is_text = scopes.first().is_some_and(|scope| scope.takes_text());
        for scope in scopes {
            let mut beginning = false;
            for bound in self.of(*scope) {
                for sequence in bound.keys.iter().filter(|sequence| !(is_text && sequence.types())) {
                    if sequence.0 == keys {
                        return Found::Action(bound.action);
                    }
                    beginning |= sequence.0.len() > keys.len() && sequence.0.starts_with(keys);
                }
            }
            if beginning {
                return Found::Beginning;
            }
        }
        Found::Nothing
    }

    /// The bindings the status bar names in `scopes`, the innermost first.
    pub fn next_keys(&self, scopes: &[Scope]) -> Vec<&Bound> {
        let is_text = scopes.first().is_some_and(|scope| scope.takes_text());
        let mut taken: Vec<&Sequence> = Vec::new();
        let mut shown = Vec::new();
        for bound in scopes.iter().flat_map(|scope| self.of(*scope)) {
            let Some(first) = bound.keys.first().filter(|_| bound.in_bar) else { continue };
            // Nothing an inner scope or a text being typed takes away.
            if !(taken.contains(&first) || (is_text && first.types())) {
                shown.push(bound);
            }
            taken.push(first);
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tui::keymap::Motion;

    fn keys(written: &str) -> Vec<Key> {
        Sequence::read(written).unwrap().0
    }

    #[test]
    fn the_innermost_scope_decides() {
        let map = Keymap::default();
        let scopes = [Scope::Log, Scope::List, Scope::Everywhere];
        assert_eq!(map.look_up(&scopes, &keys("w")), Found::Action(Action::Wrap));
        assert_eq!(map.look_up(&scopes, &keys("g")), Found::Beginning);
        assert_eq!(map.look_up(&scopes, &keys("g+g")), Found::Action(Action::Move(Motion::Top)));
        assert_eq!(map.look_up(&scopes, &keys("g+x")), Found::Nothing);
    }

    #[test]
    fn text_is_typed_not_obeyed() {
        let map = Keymap::default();
        let scopes = [Scope::Editor, Scope::Everywhere];
        assert_eq!(map.look_up(&scopes, &keys("q")), Found::Nothing);
        assert_eq!(map.look_up(&scopes, &keys("ctrl-c")), Found::Action(Action::Cancel));
        assert_eq!(map.look_up(&scopes, &keys("esc")), Found::Action(Action::Back));
    }

    #[test]
    fn sequences_are_read_and_shown() {
        for (written, shown) in [("g+g", "g g"), ("+", "+"), ("ctrl-+", "Ctrl-+"), ("++x", "+ x"), ("space", "Space")] {
            assert_eq!(Sequence::read(written).unwrap().shown(false), shown);
        }
        assert!(Sequence::read("g+").is_err() && Sequence::read("").is_err());
        assert_eq!(
            (Sequence::read("up").unwrap().shown(true), Sequence::read("up").unwrap().shown(false)),
            ("up".into(), "↑".into())
        );
    }

    #[test]
    fn every_key_is_readable_and_no_action_has_two_rows_in_a_scope() {
        let mut seen = BTreeSet::new();
        for binding in TABLE {
            assert!(!binding.keys.is_empty() && !binding.label.is_empty());
            assert!(seen.insert((binding.scope.name(), binding.action.name())), "{binding:?} twice");
            assert!(binding.keys.iter().all(|written| Sequence::read(written).is_ok()), "{binding:?}");
        }
    }
}
