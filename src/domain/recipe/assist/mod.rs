//! Help while a recipe is written: what may stand at a place of its text, and what stands there means. Pure: facts of the
//! base and of the stores are handed in.
//!
//! Reading order: `outline` with `flow` (where things stand in a text that may be broken), `grammar` (what stands below each
//! key), `said` (what the recipe says itself), `asked` (what is typed at a place), `words` (what takes its place), `values` and
//! `meanings` (the language's own words).

mod asked;
mod flow;
mod grammar;
mod meanings;
mod outline;
mod pointed;
mod said;
#[cfg(test)]
mod tests;
mod values;
mod words;

pub use asked::{Asked, Wanted, asked};
pub use pointed::{Pointed, line_of, pointed, values_of};

/// Where a suggestion is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The language of recipes: keys, and values there is a list of.
    Language,
    /// This recipe: a user an earlier step makes, a variable it sets.
    Recipe,
    /// The base the recipe names.
    Base,
    /// The stores: images and their tags.
    Store,
    /// The files beside the recipe.
    Files,
}

/// One thing that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// As lists show it.
    pub label: String,
    /// What takes the place of what was typed.
    pub insert: String,
    /// What about it, in a few words: `uid 33`, `made by step 2`, `installed 7.88.1`.
    pub note: String,
    /// Where it is taken from.
    pub source: Source,
}

/// What may stand at a place, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The line, from 0.
    pub line: usize,
    /// First character replaced, from 0.
    pub from: usize,
    /// The character after the last one replaced.
    pub to: usize,
    /// What is completed, for people: `owner`, `a step's key`.
    pub what: String,
    /// All that fits what was typed so far.
    pub items: Vec<Completion>,
}

/// What stands at a place means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The key or value.
    pub title: String,
    /// What about it, a line each.
    pub lines: Vec<String>,
}
