//! Keys of the user's own in place of the table's, and what is wrong with them, with its place. Pure; reads no file.

use std::fmt;

use super::{Action, Code, Key, Keymap, Scope, Sequence};
use crate::domain::yaml::nearest;

/// One entry of `keys:`: scope, action, keys, and where it stands: line and column.
pub type Written = (String, String, Vec<String>, (u32, u32));

/// What is wrong with an entry. The built-in keys hold in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblem {
    /// Line of `config.yaml`, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "config.yaml:{}:{}: {}", self.line, self.column, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

/// Never bound: terminals use them themselves, or send them for other keys (contract section 10).
const FORBIDDEN: [char; 6] = ['s', 'q', 'm', 'i', 'h', ' '];

/// An entry that names something there is.
struct Entry {
    row: usize,
    keys: Vec<Sequence>,
    place: (u32, u32),
}

/// The keymap with these settings, and what is wrong with them. What is wrong counts for nothing.
pub fn resolve(settings: &[Written]) -> (Keymap, Vec<KeyProblem>) {
    let (mut problems, mut entries) = (Vec::new(), Vec::<Entry>::new());
    let built_in = Keymap::default();
    for written in settings {
        match entry(&built_in, written) {
            Ok(entry) => {
                // The same action twice: the later one counts.
                entries.retain(|other| other.row != entry.row);
                entries.push(entry);
            }
            Err((message, help)) => {
                let (line, column) = written.3;
                problems.push(KeyProblem { line, column, message, help });
            }
        }
    }
    loop {
        let mut map = built_in.clone();
        for entry in &entries {
            map.rows[entry.row].keys.clone_from(&entry.keys);
        }
        let Some((at, message)) = conflict(&map, &entries) else {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            return (map, problems);
        };
        let (line, column) = entries.remove(at).place;
        let help = Some("give one of them another key".to_owned());
        problems.push(KeyProblem { line, column, message, help });
    }
}

/// A message, and what to write instead.
type Wrong = (String, Option<String>);

fn entry(map: &Keymap, (scope, action, keys, place): &Written) -> Result<Entry, Wrong> {
    let near =
        |word: &str, names: Vec<&'static str>| nearest(word, names).map(|near| format!("did you mean `{near}`?"));
    let known = Scope::named(scope).ok_or_else(|| {
        let names = Scope::ALL.iter().map(|scope| scope.name()).collect();
        (format!("there is no scope `{scope}`"), near(scope, names))
    })?;
    let wanted = Action::named(action);
    let row =
        map.rows.iter().position(|bound| bound.scope == known && Some(bound.action) == wanted).ok_or_else(|| {
            let names: Vec<&str> = map.of(known).map(|bound| bound.action.name()).collect();
            let known = if wanted.is_some() { "has nothing to do with" } else { "knows no action" };
            (format!("`{scope}` {known} `{action}`"), near(action, names))
        })?;
    let keys = keys.iter().map(|written| sequence(written, known)).collect::<Result<Vec<_>, Wrong>>()?;
    if wanted == Some(Action::Cancel) && keys.is_empty() {
        return Err(("`cancel` needs a key: pressed twice it always leaves".to_owned(), None));
    }
    Ok(Entry { row, keys, place: *place })
}

fn sequence(written: &str, scope: Scope) -> Result<Sequence, Wrong> {
    let read = Sequence::read(written).map_err(|error| {
        let help = "write a character, enter, esc, tab, space, f1, …, with ctrl- or alt- before it; g+g is a sequence";
        (error.to_string(), Some(help.to_owned()))
    })?;
    if read.0.iter().any(is_forbidden) {
        let help = "terminals use it themselves, or send it for another key".to_owned();
        return Err((format!("`{written}` is never bound"), Some(help)));
    }
    if scope.takes_text() && read.types() {
        let help = "use ctrl-, alt- or a function key there".to_owned();
        return Err((
            format!("`{written}` types a character where text is typed, as in `{}`", scope.name()),
            Some(help),
        ));
    }
    Ok(read)
}

fn is_forbidden(key: &Key) -> bool {
    matches!(key.code, Code::Char(c) if key.ctrl && FORBIDDEN.contains(&c.to_ascii_lowercase()))
}

/// An entry that takes a key another action of its scope has, or hides the beginning of a sequence, or is hidden by one.
fn conflict(map: &Keymap, entries: &[Entry]) -> Option<(usize, String)> {
    for (at, entry) in entries.iter().enumerate().rev() {
        let own = &map.rows[entry.row];
        let (scope, name) = (own.scope.name(), own.action.name());
        for (mine, other) in entry.keys.iter().flat_map(|mine| map.of(own.scope).map(move |other| (mine, other))) {
            for theirs in other.keys.iter().filter(|_| other.action != own.action) {
                let (action, mine_shown, their_shown) = (other.action.name(), mine.shown(true), theirs.shown(true));
                if mine == theirs {
                    return Some((
                        at,
                        format!("{mine_shown} is bound twice in `{scope}`: to `{name}` and to `{action}`"),
                    ));
                }
                if theirs.0.starts_with(&mine.0) {
                    let hides = format!("in `{scope}` {mine_shown} of `{name}` hides {their_shown} of `{action}`");
                    return Some((at, hides));
                }
                if mine.0.starts_with(&theirs.0) {
                    let hidden =
                        format!("in `{scope}` {mine_shown} of `{name}` is hidden by {their_shown} of `{action}`");
                    return Some((at, hidden));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::{Found, Motion, TABLE};

    fn written(scope: &str, action: &str, keys: &[&str], line: u32) -> Written {
        (scope.into(), action.into(), keys.iter().map(|key| (*key).to_owned()).collect(), (line, 5))
    }

    fn told(settings: &[Written]) -> Vec<String> {
        resolve(settings).1.iter().map(ToString::to_string).collect()
    }

    fn finds(map: &Keymap, scope: Scope, key: &str) -> Found {
        map.look_up(&[scope, Scope::List, Scope::Everywhere], &Sequence::read(key).unwrap().0)
    }

    #[test]
    fn own_keys_take_the_place_of_the_built_in_ones() {
        let (map, problems) = resolve(&[
            written("store", "choose-base", &["B", "f5"], 1),
            written("list", "move.down", &["j", "ctrl-n"], 2),
            written("everywhere", "mouse", &[], 3),
        ]);
        assert_eq!(problems, []);
        assert_eq!(finds(&map, Scope::Store, "f5"), Found::Action(Action::ChooseBase));
        assert_eq!(finds(&map, Scope::Store, "c"), Found::Nothing);
        assert_eq!(finds(&map, Scope::Store, "ctrl-n"), Found::Action(Action::Move(Motion::Down)));
        assert_eq!(finds(&map, Scope::Store, "M"), Found::Nothing);
        assert_eq!(map.find(&[Scope::Store], Action::ChooseBase).unwrap().shown_key(false), "B");
    }

    #[test]
    fn two_keys_can_be_exchanged() {
        let (map, problems) = resolve(&[written("store", "compare", &["v"], 1), written("store", "verify", &["d"], 2)]);
        assert_eq!((problems.len(), finds(&map, Scope::Store, "v")), (0, Found::Action(Action::Compare)));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_counts_for_nothing() {
        let cases = [
            (written("stoer", "copy", &["x"], 1), "there is no scope `stoer`; did you mean `store`?"),
            (written("store", "compair", &["x"], 1), "`store` knows no action `compair`; did you mean `compare`?"),
            (written("store", "redo", &["x"], 1), "`store` has nothing to do with `redo`"),
            (written("store", "copy", &["ctrl-s"], 1), "`ctrl-s` is never bound"),
            (written("store", "copy", &["g+ctrl-space"], 1), "`g+ctrl-space` is never bound"),
            (written("store", "copy", &["hyper-x"], 1), "`hyper-x` names no key"),
            (written("editor", "save", &["s"], 1), "`s` types a character where text is typed, as in `editor`"),
            (written("everywhere", "cancel", &[], 1), "`cancel` needs a key: pressed twice it always leaves"),
        ];
        for (setting, expected) in cases {
            let (map, problems) = resolve(std::slice::from_ref(&setting));
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(told.len(), 1, "{setting:?}");
            assert!(told[0].starts_with(&format!("config.yaml:1:5: {expected}")), "{told:?}");
            assert_eq!(map, Keymap::default());
        }
    }

    #[test]
    fn a_key_bound_twice_and_a_hidden_sequence_name_both() {
        let twice = told(&[written("store", "copy", &["d"], 4)]);
        assert_eq!(
            twice,
            ["config.yaml:4:5: d is bound twice in `store`: to `copy` and to `compare`; give one of them another key"]
        );
        let hides = told(&[written("list", "filter", &["g"], 4)]);
        assert!(hides[0].contains("in `list` g of `filter` hides g g of `move.top`"), "{hides:?}");
        let hidden = told(&[written("store", "copy", &["d+d"], 4)]);
        assert!(hidden[0].contains("d d of `copy` is hidden by d of `compare`"), "{hidden:?}");
        // The one written later gives way; a chain of them leaves the built-in keys.
        let chain = told(&[written("store", "copy", &["v"], 4), written("store", "verify", &["d"], 5)]);
        assert_eq!(chain.len(), 2, "{chain:?}");
    }

    #[test]
    fn the_built_in_keys_have_no_conflict_and_none_that_is_forbidden() {
        let all: Vec<Written> =
            TABLE.iter().map(|row| written(row.scope.name(), row.action.name(), row.keys, 1)).collect();
        let (map, problems) = resolve(&all);
        assert_eq!((problems, map), (Vec::new(), Keymap::default()));
    }
}
