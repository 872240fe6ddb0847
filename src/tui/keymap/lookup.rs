//! From keys pressed to an action, by scope from inside out.

use super::{Action, Binding, Key, Scope, TABLE};

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

/// What `keys` ask for in `scopes`, the innermost first. Where the innermost takes text, characters are never keys.
pub fn look_up(scopes: &[Scope], keys: &[Key]) -> Found {
    let is_text = scopes.first().is_some_and(|scope| scope.takes_text());
    let mut beginning = false;
    for scope in scopes {
        for binding in TABLE.iter().filter(|binding| binding.scope == *scope) {
            for written in binding.keys {
                let sequence = sequence(written);
                let typed = sequence.first().is_some_and(|key| key.typed().is_some());
                if is_text && typed {
                    continue;
                }
                if sequence == keys {
                    return Found::Action(binding.action);
                }
                beginning |= sequence.len() > keys.len() && sequence.starts_with(keys);
            }
        }
    }
    if beginning { Found::Beginning } else { Found::Nothing }
}

/// `g+g` as keys. `+` alone is a key; so is `++`'s first.
pub(super) fn sequence(written: &str) -> Vec<Key> {
    match written {
        "+" => "+".parse().into_iter().collect(),
        _ => written.split('+').filter_map(|key| key.parse().ok()).collect(),
    }
}

/// The bindings the status bar names in `scopes`, the innermost first.
pub fn next_keys(scopes: &[Scope]) -> Vec<&'static Binding> {
    scopes.iter().flat_map(|scope| TABLE.iter().filter(move |b| b.scope == *scope && b.in_bar)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tui::keymap::Motion;

    fn keys(written: &str) -> Vec<Key> {
        sequence(written)
    }

    #[test]
    fn the_innermost_scope_decides() {
        let scopes = [Scope::Log, Scope::List, Scope::Everywhere];
        assert_eq!(look_up(&scopes, &keys("w")), Found::Action(Action::Wrap));
        assert_eq!(look_up(&scopes, &keys("g")), Found::Beginning);
        assert_eq!(look_up(&scopes, &keys("g+g")), Found::Action(Action::Move(Motion::Top)));
        assert_eq!(look_up(&scopes, &keys("g+x")), Found::Nothing);
    }

    #[test]
    fn text_is_typed_not_obeyed() {
        let scopes = [Scope::Editor, Scope::Everywhere];
        assert_eq!(look_up(&scopes, &keys("q")), Found::Nothing);
        assert_eq!(look_up(&scopes, &keys("ctrl-c")), Found::Action(Action::Cancel));
        assert_eq!(look_up(&scopes, &keys("esc")), Found::Action(Action::Back));
    }

    #[test]
    fn every_key_is_readable_and_none_is_bound_twice_or_forbidden() {
        let forbidden = ["ctrl-s", "ctrl-q", "ctrl-m", "ctrl-i", "ctrl-h", "ctrl-space"];
        let mut seen = BTreeSet::new();
        for binding in TABLE {
            for written in binding.keys {
                assert_eq!(sequence(written).len(), written.split('+').count().max(1), "{written}");
                assert!(!forbidden.contains(written), "{written} is never bound");
                assert!(seen.insert((binding.scope.title(), *written)), "{written} twice in {}", binding.scope.title());
            }
        }
    }
}
