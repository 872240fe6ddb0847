//! What fits a few letters, the best first. What fitted the shorter word is all that can fit the longer one: a hundred
//! thousand names are gone through once, not at every key.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{Stock, Takes, Thing};

/// Hits kept in order, at most.
const KEPT: usize = 200;

/// What fits what was typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finder {
    /// The best, as numbers of the stock.
    pub hits: Vec<u32>,
    /// How many fit in all.
    pub total: usize,
    /// All that fit, for a longer word; and the word and sort they are of.
    pool: Vec<u32>,
    of: Option<(String, Option<Takes>)>,
}

/// What was typed, made ready.
fn pattern(word: &str) -> Pattern {
    Pattern::new(word, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy)
}

impl Finder {
    /// Finds what fits `word`; of what a command `takes`, where one is being given.
    pub fn find(&mut self, stock: &Stock, word: &str, takes: Option<Takes>) {
        let is_longer = self.of.as_ref().is_some_and(|(old, sort)| *sort == takes && word.starts_with(old.as_str()));
        let pattern = pattern(word);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut characters = Vec::new();
        let mut scored: Vec<(Reverse<u32>, u32)> = Vec::new();
        let mut score = |at: u32, thing: &Thing| {
            if pattern.atoms.is_empty() {
                return Some((Reverse(0), at));
            }
            let text = Utf32Str::new(&thing.text, &mut characters);
            pattern.score(text, &mut matcher).map(|score| (Reverse(score + thing.kind.weight()), at))
        };
        if is_longer {
            let things = self.pool.iter().filter_map(|at| Some((*at, stock.things.get(*at as usize)?)));
            scored.extend(things.filter_map(|(at, thing)| score(at, thing)));
        } else {
            let things = (0u32..).zip(&stock.things).filter(|(_, thing)| thing.kind.fits(takes, &thing.text));
            scored.extend(things.filter_map(|(at, thing)| score(at, thing)));
        }
        self.pool.clear();
        self.pool.extend(scored.iter().map(|(_, at)| *at));
        self.total = scored.len();
        if scored.len() > KEPT {
            scored.select_nth_unstable(KEPT);
            scored.truncate(KEPT);
        }
        scored.sort_unstable();
        self.hits = scored.into_iter().map(|(_, at)| at).collect();
        self.of = Some((word.to_owned(), takes));
    }
}

/// The characters of `text` that `word` found, by their bytes; none where text is not plain.
pub(super) fn marks(word: &str, text: &str) -> Vec<usize> {
    let (mut marks, mut characters) = (Vec::new(), Vec::new());
    if word.is_empty() || !text.is_ascii() {
        return Vec::new();
    }
    let text = Utf32Str::new(text, &mut characters);
    pattern(word).indices(text, &mut Matcher::new(Config::DEFAULT), &mut marks);
    marks.sort_unstable();
    marks.dedup();
    marks.into_iter().map(|at| at as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::palette::Kind;

    fn stock(names: impl IntoIterator<Item = String>) -> Stock {
        Stock { things: names.into_iter().map(|name| Thing::new(Kind::Image, name, "")).collect(), ..Stock::default() }
    }

    fn found(finder: &Finder, stock: &Stock) -> Vec<String> {
        finder.hits.iter().map(|at| stock.things[*at as usize].text.to_string()).collect()
    }

    #[test]
    fn a_longer_word_finds_what_it_would_have_found_at_once() {
        let names = (0..5000).map(|number| format!("global/team-{}/app-{number}:1.{}", number % 7, number % 11));
        let stock = stock(names);
        let mut typed = Finder::default();
        for word in ["a", "ap", "app", "app4", "app42", "app4"] {
            typed.find(&stock, word, None);
            let mut at_once = Finder::default();
            at_once.find(&stock, word, None);
            assert_eq!((&typed.hits, typed.total), (&at_once.hits, at_once.total), "{word}");
        }
        assert!(typed.hits.len() <= KEPT && typed.total > KEPT);
    }

    #[test]
    fn the_best_comes_first_and_its_letters_are_marked() {
        let stock = stock(["global/spread:1", "global/reports:2", "local/team-b/reports:2"].map(String::from));
        let mut finder = Finder::default();
        finder.find(&stock, "reports", None);
        assert_eq!(found(&finder, &stock)[0], "global/reports:2");
        finder.find(&stock, "loc rep", None);
        assert_eq!(found(&finder, &stock), ["local/team-b/reports:2"]);
        assert_eq!(marks("rep", "local/reports"), [6, 7, 8]);
        assert!(marks("x", "äx").is_empty());
    }
}
