//! What a place of a text points at: a key and what it means, or a value and what has to be found out about it.

use super::asked::{Kind, Typed, Wanted};
use super::grammar::{Names, Value};
use super::outline::{Outline, Part, Slot};
use super::said::{makings, steps_before};
use super::{Hover, meanings, values};

/// What is pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointed {
    /// The key or the whole value.
    pub text: String,
    /// What the language and the recipe say of it.
    pub lines: Vec<String>,
    /// What has to be found out about it: of a value, as for a completion of it.
    pub wanted: Wanted,
    /// The base the recipe names.
    pub base: Option<String>,
    /// The first platform it names.
    pub platform: Option<String>,
}

/// What stands at a line and character, both from 0.
pub fn pointed(text: &str, at: (usize, usize)) -> Option<Pointed> {
    let outline = Outline::of(text, Some(at));
    let slot = outline.slot?;
    let typed = Typed::of(&outline, &slot)?;
    let text = outline.lines[at.0].get(slot.from..slot.to).filter(|text| !text.is_empty())?;
    let (lines, wanted) = match typed.kind {
        Kind::Keys(table) => {
            let lines = meanings::meaning(table, text)?;
            (lines.iter().map(|line| (*line).to_owned()).collect(), Wanted::Nothing)
        }
        Kind::Names(Names::Variables) => (Vec::new(), Wanted::Variables),
        Kind::Names(Names::Labels) => (Vec::new(), Wanted::Labels),
        Kind::Value(value) => of_value(&outline, &slot, value, text),
    };
    let named = |key: &str| outline.find(&[key]).and_then(|node| outline.text(node)).map(str::to_owned);
    let platforms = outline.find(&["platforms"]);
    let first = platforms.and_then(|list| outline.children(Some(list)).next().map(|(item, _)| item));
    let platform = first.and_then(|item| outline.text(item)).map(str::to_owned);
    Some(Pointed { text: text.to_owned(), lines, wanted, base: named("base"), platform })
}

/// What is known of a value here, and what is to be found out.
fn of_value(outline: &Outline<'_>, slot: &Slot, value: Value, text: &str) -> (Vec<String>, Wanted) {
    let known = values::of(value).iter().find(|(known, note)| *known == text && !note.is_empty());
    let mut lines: Vec<String> = known.map(|(_, note)| (*note).to_owned()).into_iter().collect();
    let made = makings(outline, steps_before(outline, slot));
    let wanted = match value {
        Value::Base if text == "scratch" => Wanted::Nothing,
        Value::Base => Wanted::Images,
        Value::User | Value::Owner => {
            let user = text.split(':').next().unwrap_or(text);
            let found = made.users.iter().find(|made| made.name == user);
            lines.extend(found.map(|made| format!("{user}: made by step {}", made.step)));
            Wanted::Users
        }
        Value::Path | Value::Folder | Value::Cache => {
            let found = made.paths.iter().rfind(|made| made.name.trim_end_matches('/') == text.trim_end_matches('/'));
            lines.extend(found.map(|made| format!("made by step {}", made.step)));
            Wanted::Paths { folder: text.to_owned(), folders: value != Value::Path }
        }
        Value::Beside => Wanted::Beside(text.to_owned()),
        Value::Package => Wanted::Packages,
        Value::Port => Wanted::Ports,
        Value::Secret => Wanted::Secrets,
        _ => Wanted::Nothing,
    };
    (lines, wanted)
}

/// The line, from 1, of a key by its path, as far as the text has it: of `config` where there is no `config.user`.
pub fn line_of(text: &str, path: &[&str]) -> Option<u32> {
    let outline = Outline::of(text, None);
    let deepest = (1..=path.len()).rev().find_map(|length| outline.find(&path[..length]))?;
    u32::try_from(outline.nodes[deepest].line + 1).ok()
}

impl Pointed {
    /// With what was found; `None` where there is nothing to say.
    pub fn hover(self, found: Vec<String>) -> Option<Hover> {
        let lines: Vec<String> = self.lines.into_iter().chain(found).collect();
        (!lines.is_empty()).then_some(Hover { title: self.text, lines })
    }
}

/// The values of a list of a step, each with its line from 1: the packages of a `packages`.
pub fn values_of(text: &str, key: &str) -> Vec<(String, u32)> {
    let outline = Outline::of(text, None);
    let Some(steps) = outline.key(None, "steps") else { return Vec::new() };
    let lists = outline.children(Some(steps)).filter_map(|(item, _)| outline.key(Some(item), key));
    let items = lists.flat_map(|list| outline.children(Some(list)).map(|(item, _)| item).collect::<Vec<_>>());
    items
        .filter_map(|item| {
            let line = outline.children(Some(item)).find(|(_, node)| matches!(node.part, Part::Text(_)))?.1.line;
            Some((outline.text(item)?.to_owned(), u32::try_from(line + 1).ok()?))
        })
        .collect()
}
