//! What stands below each key of the language: a mapping, a list, a value of some kind. Keys are the readers' own
//! ([`Table`]); this says what their values are, for whoever helps to write them.

use super::outline::{Outline, Part};
use crate::domain::recipe::Table;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A mapping of known keys.
    Map(Table),
    /// A script, or a mapping of known keys.
    ScriptOr(Table),
    /// A mapping of names to texts.
    Pairs(Names),
    /// A list of mappings.
    Maps(Table),
    /// A list of values.
    List(Value),
    /// One value.
    One(Value),
}

/// Names that are keys of one's own choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Variables,
    Labels,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The language's version.
    Version,
    Base,
    Platform,
    Package,
    /// A file or folder beside the recipe.
    Beside,
    /// A path in the image.
    Path,
    /// A folder in the image.
    Folder,
    /// A folder in the image that package managers and compilers fill.
    Cache,
    User,
    Owner,
    Mode,
    Network,
    Signal,
    Port,
    Secret,
    Duration,
    Truth,
    Exit,
    /// A program and its arguments.
    Shell,
    /// Whatever its author wants.
    Free,
}

/// What a key's value is.
pub(super) fn shape_of(table: Table, key: &str) -> Shape {
    use Shape::{List, Map, Maps, One, Pairs, ScriptOr};
    match (table, key) {
        (Table::Recipe, "recipe") => One(Value::Version),
        (Table::Recipe, "base") => One(Value::Base),
        (Table::Recipe, "platforms") => List(Value::Platform),
        (Table::Recipe, "steps") => Maps(Table::Step),
        (Table::Recipe, "config") => Map(Table::Config),
        (Table::Recipe, "tests") => Maps(Table::Test),
        (Table::Step, "packages") => List(Value::Package),
        (Table::Step, "copy") => Map(Table::Copy),
        (Table::Step, "write") => Map(Table::Write),
        (Table::Step, "run") => ScriptOr(Table::Run),
        (Table::Step, "remove") | (Table::Config, "volumes") => List(Value::Path),
        (Table::Step, "unpack") => Map(Table::Unpack),
        (Table::Copy | Table::Unpack, "from") => One(Value::Beside),
        (Table::Copy | Table::Write, "to") | (Table::File, "path") => One(Value::Path),
        (Table::Unpack, "to") | (Table::Config, "workdir") => One(Value::Folder),
        (_, "owner") => One(Value::Owner),
        (_, "mode") => One(Value::Mode),
        (_, "user") => One(Value::User),
        (_, "network") => One(Value::Network),
        (Table::Run, "shell") => List(Value::Shell),
        (Table::Run | Table::Config, "env") => Pairs(Names::Variables),
        (Table::Run, "secrets") => List(Value::Secret),
        (Table::Run, "cache") => List(Value::Cache),
        (Table::Config, "expose") => List(Value::Port),
        (Table::Config, "labels") => Pairs(Names::Labels),
        (Table::Config, "stop-signal") => One(Value::Signal),
        (Table::Config, "healthcheck") => Map(Table::Healthcheck),
        (Table::Config, "entrypoint" | "cmd") | (Table::Copy, "exclude") => List(Value::Free),
        (Table::Healthcheck, "interval" | "timeout" | "start-period") => One(Value::Duration),
        (Table::Test, "expect") => Map(Table::Expect),
        (Table::Test, "file") => Map(Table::File),
        (Table::Expect, "exit") => One(Value::Exit),
        (Table::File, "absent") => One(Value::Truth),
        _ => One(Value::Free),
    }
}

/// More levels than any recipe has.
const DEEPEST: usize = 16;

/// What a key or an item of something is.
fn below(above: Shape, part: Part<'_>) -> Option<Shape> {
    match (above, part) {
        (Shape::Map(table) | Shape::ScriptOr(table), Part::Key(key)) => {
            table.keys().contains(&key).then(|| shape_of(table, key))
        }
        (Shape::Pairs(_), Part::Key(_)) => Some(Shape::One(Value::Free)),
        (Shape::Maps(table), Part::Item(_)) => Some(Shape::Map(table)),
        (Shape::List(value), Part::Item(_)) => Some(Shape::One(value)),
        _ => None,
    }
}

impl Outline<'_> {
    /// What the value of a node is; the text's own is the recipe. `None` below what the language does not know.
    pub(super) fn shape(&self, node: Option<usize>) -> Option<Shape> {
        let mut way = Vec::new();
        let mut at = node;
        while let Some(node) = at {
            let node = self.nodes.get(node)?;
            way.push(node.part);
            // The language is not as deep as a text can be.
            if way.len() > DEEPEST {
                return None;
            }
            at = node.parent;
        }
        way.iter().rev().try_fold(Shape::Map(Table::Recipe), |above, part| below(above, *part))
    }

    /// The key of a mapping: `None` for nobody's is the recipe's.
    pub(super) fn key(&self, holder: Option<usize>, key: &str) -> Option<usize> {
        self.children(holder).find(|(_, node)| node.part == Part::Key(key)).map(|(at, _)| at)
    }

    /// The node at a path of keys.
    pub(super) fn find(&self, path: &[&str]) -> Option<usize> {
        path.iter().try_fold(None, |holder, key| self.key(holder, key).map(Some)).flatten()
    }

    /// The text that is a node's value.
    pub(super) fn text(&self, node: usize) -> Option<&str> {
        self.children(Some(node)).find_map(|(_, child)| match child.part {
            Part::Text(text) => Some(text),
            _ => None,
        })
    }
}
