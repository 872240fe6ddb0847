//! What is asked at a place of a text: what kind of thing may stand there, what was typed of it, and what the language and the
//! recipe themselves have to offer. Facts of the base, the stores and the files are somebody else's to find.

use super::grammar::{Names, Shape, Value, shape_of};
use super::outline::{Outline, Part, Slot, Typing};
use super::said::{Makings, makings, steps_before};
use super::words::Words;
use super::{Completion, Source, meanings, values};
use crate::domain::recipe::Table;

/// What has to be found out to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing more: the language knows.
    Nothing,
    /// Images of the stores.
    Images,
    /// Tags of this image.
    Tags(String),
    /// Users of the base.
    Users,
    /// Groups of the base.
    Groups,
    /// Paths of the base in this folder, absolute.
    Paths {
        /// The folder, with its last slash.
        folder: String,
        /// Folders only.
        folders: bool,
    },
    /// Files beside the recipe in this folder, relative to the recipe's; empty is that one itself.
    Beside(String),
    /// Packages of the base, and those it can install.
    Packages,
    /// Variables of the base.
    Variables,
    /// Labels of the base, and those somebody asks for.
    Labels,
    /// Ports of the base.
    Ports,
    /// Secrets that are configured.
    Secrets,
}

/// What is asked at a place.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What has to be found out.
    pub wanted: Wanted,
    /// The base the recipe names, as far as its text can be read.
    pub base: Option<String>,
    /// The first platform it names.
    pub platform: Option<String>,
    /// What is completed, for people.
    pub what: String,
    pub(super) words: Words,
    /// What stands there already, and is offered no more.
    pub(super) taken: Vec<String>,
    /// What the language and the recipe have to offer, the best first.
    pub(super) own: Vec<Completion>,
}

/// What may stand at a line and character of a text, both from 0; `None` where nothing of the language does.
pub fn asked(text: &str, at: (usize, usize)) -> Option<Asked> {
    let outline = Outline::of(text, Some(at));
    let slot = outline.slot?;
    let typed = Typed::of(&outline, &slot)?;
    let first = |path: &[&str]| outline.find(path).and_then(|node| outline.text(node)).map(str::to_owned);
    let platform = outline.find(&["platforms"]).and_then(|list| {
        let (item, _) = outline.children(Some(list)).next()?;
        outline.text(item).map(str::to_owned)
    });
    let made = || makings(&outline, steps_before(&outline, &slot));
    let words = Words::of(&outline, slot, at.0, &typed);
    Some(Asked {
        wanted: typed.wanted(&words),
        base: first(&["base"]),
        platform,
        what: typed.what(&outline, &slot),
        taken: typed.taken(&outline, &slot),
        own: typed.own(&words, made),
        words,
    })
}

/// The kind of thing that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Keys(Table),
    Names(Names),
    Value(Value),
}

/// What is typed, and what goes around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed {
    pub(super) kind: Kind,
    /// An item whose dash is missing.
    pub(super) dash: bool,
    /// A list's first item, whose brackets are missing.
    pub(super) brackets: bool,
    /// Within braces or brackets.
    pub(super) flow: bool,
}

impl Typed {
    pub(super) fn of(outline: &Outline<'_>, slot: &Slot) -> Option<Self> {
        let shape = outline.shape(slot.holder)?;
        let (mut dash, mut brackets) = (false, false);
        let kind = match (slot.typing, shape) {
            (Typing::Key | Typing::Any, Shape::Map(table)) => Kind::Keys(table),
            (Typing::Key | Typing::Any, Shape::ScriptOr(table)) => Kind::Keys(table),
            (Typing::Key | Typing::Any, Shape::Pairs(names)) => Kind::Names(names),
            (Typing::Any | Typing::Item, Shape::Maps(table)) => {
                dash = true;
                Kind::Keys(table)
            }
            (Typing::Any | Typing::Item, Shape::List(value)) => {
                dash = true;
                Kind::Value(value)
            }
            (Typing::Value, Shape::List(value)) => {
                brackets = true;
                Kind::Value(value)
            }
            (Typing::Element, Shape::List(value)) | (Typing::Value | Typing::Any, Shape::One(value)) => {
                Kind::Value(value)
            }
            _ => return None,
        };
        Some(Self { kind, dash, brackets, flow: slot.flow || brackets })
    }

    fn what(&self, outline: &Outline<'_>, slot: &Slot) -> String {
        match self.kind {
            Kind::Keys(table) => meanings::name(table).to_owned(),
            Kind::Names(Names::Variables) => "variable".to_owned(),
            Kind::Names(Names::Labels) => "label".to_owned(),
            Kind::Value(_) => {
                let mut at = slot.holder;
                while let Some(node) = at.map(|at| &outline.nodes[at]) {
                    if let Part::Key(key) = node.part {
                        return key.to_owned();
                    }
                    at = node.parent;
                }
                String::new()
            }
        }
    }

    /// What stands beside it already.
    fn taken(&self, outline: &Outline<'_>, slot: &Slot) -> Vec<String> {
        let own = slot.own;
        match self.kind {
            Kind::Keys(table) if self.dash => {
                debug_assert!(matches!(table, Table::Step | Table::Test));
                Vec::new()
            }
            Kind::Keys(_) | Kind::Names(_) => {
                let keys = outline.children(slot.holder).filter(|(at, _)| Some(*at) != own);
                let keys = keys.filter_map(|(_, node)| match node.part {
                    Part::Key(key) => Some(key),
                    _ => None,
                });
                self.with_excluded(&keys.collect::<Vec<_>>())
            }
            Kind::Value(_) => {
                // An item knows its list, a list its items.
                let list = match slot.holder.map(|holder| outline.nodes[holder]) {
                    Some(item) if matches!(item.part, Part::Item(_)) => item.parent,
                    Some(_) if matches!(slot.typing, Typing::Element | Typing::Item | Typing::Any) => slot.holder,
                    _ => return Vec::new(),
                };
                let items = outline.children(list).filter(|(at, _)| Some(*at) != own && Some(*at) != slot.holder);
                items.filter_map(|(at, _)| outline.text(at).map(str::to_owned)).collect()
            }
        }
    }

    /// With the keys that those there leave no room for.
    fn with_excluded(&self, keys: &[&str]) -> Vec<String> {
        let has = |key: &str| keys.contains(&key);
        let more: &[&str] = match self.kind {
            // A step does one thing.
            Kind::Keys(Table::Step) if keys.iter().any(|key| Table::Step.keys().contains(key)) => Table::Step.keys(),
            Kind::Keys(Table::Test) if has("file") => &["run", "expect", "network", "user"],
            Kind::Keys(Table::Test) if has("run") || has("expect") => &["file"],
            _ => &[],
        };
        keys.iter().chain(more).map(|key| (*key).to_owned()).collect()
    }

    fn wanted(&self, words: &Words) -> Wanted {
        match self.kind {
            Kind::Keys(_) => Wanted::Nothing,
            Kind::Names(Names::Variables) => Wanted::Variables,
            Kind::Names(Names::Labels) => Wanted::Labels,
            Kind::Value(value) => match value {
                Value::Base => match words.head.strip_suffix(':') {
                    Some(image) => Wanted::Tags(image.to_owned()),
                    None => Wanted::Images,
                },
                Value::User | Value::Owner if words.head.is_empty() => Wanted::Users,
                Value::User | Value::Owner => Wanted::Groups,
                Value::Path | Value::Folder | Value::Cache => {
                    let folder = if words.head.is_empty() { "/" } else { &words.head };
                    Wanted::Paths { folder: folder.to_owned(), folders: value != Value::Path }
                }
                Value::Beside => Wanted::Beside(words.head.clone()),
                Value::Package => Wanted::Packages,
                Value::Port => Wanted::Ports,
                Value::Secret => Wanted::Secrets,
                _ => Wanted::Nothing,
            },
        }
    }

    /// What the language and the recipe have.
    fn own(&self, words: &Words, made: impl FnOnce() -> Makings) -> Vec<Completion> {
        match self.kind {
            Kind::Keys(table) => table.keys().iter().map(|key| self.key(table, key, words)).collect(),
            Kind::Names(Names::Variables) => Vec::new(),
            Kind::Names(Names::Labels) => values::LABELS.iter().map(|name| said(name, "usual")).collect(),
            Kind::Value(value) => match value {
                Value::User | Value::Owner => {
                    let made = made();
                    let made = if words.head.is_empty() { made.users } else { made.groups };
                    let whole = |name: &str| format!("{}{name}", words.head);
                    made.iter().map(|made| from_step(&made.name, &whole(&made.name), made.step)).collect()
                }
                Value::Path | Value::Folder | Value::Cache => {
                    let known = if value == Value::Cache { values::CACHES } else { &[] };
                    let known = known.iter().filter(|_| words.head.is_empty()).map(|path| said(path, "usual"));
                    known.chain(made_below(&words.head, &made(), value != Value::Path)).collect()
                }
                Value::Base if !words.head.is_empty() => Vec::new(),
                value => values::of(value).iter().map(|(text, note)| said(text, note)).collect(),
            },
        }
    }

    fn key(&self, table: Table, key: &str, words: &Words) -> Completion {
        let lines = meanings::meaning(table, key).unwrap_or_default();
        let note = lines.first().copied().unwrap_or_default().trim_end_matches('.');
        let ending = match shape_of(table, key) {
            _ if words.has_colon => "",
            Shape::One(_) | Shape::ScriptOr(_) => ": ",
            _ if self.flow => ": ",
            _ => ":",
        };
        Completion {
            label: key.to_owned(),
            insert: format!("{key}{ending}"),
            note: note.to_owned(),
            source: Source::Language,
        }
    }
}

fn said(text: &str, note: &str) -> Completion {
    Completion { label: text.to_owned(), insert: text.to_owned(), note: note.to_owned(), source: Source::Language }
}

fn from_step(label: &str, insert: &str, step: usize) -> Completion {
    Completion {
        label: label.to_owned(),
        insert: insert.to_owned(),
        note: format!("made by step {step}"),
        source: Source::Recipe,
    }
}

/// What steps put into a folder: the next part of each path.
fn made_below(folder: &str, made: &Makings, folders: bool) -> Vec<Completion> {
    let folder = if folder.is_empty() { "/" } else { folder };
    let mut found: Vec<Completion> = Vec::new();
    for made in &made.paths {
        let Some(rest) = made.name.strip_prefix(folder).filter(|rest| !rest.is_empty()) else { continue };
        let (part, is_folder) = match rest.split_once('/') {
            Some((part, _)) => (part, true),
            None => (rest, false),
        };
        let label = if is_folder { format!("{part}/") } else { part.to_owned() };
        if part.is_empty() || (folders && !is_folder) || found.iter().any(|other| other.label == label) {
            continue;
        }
        found.push(from_step(&label, &format!("{folder}{label}"), made.step));
    }
    found
}
