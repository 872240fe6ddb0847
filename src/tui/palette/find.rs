//! What fits a few letters, the best first. What fitted the shorter word is all that can fit the longer one: a hundred
//! thousand names are gone through once, not at every key.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{Stock, Takes};

/// Hits kept in order, at most.
const KEPT: usize = 200;

/// Things gone through at once, at most: what is left waits for the next turn, and keys go between.
const AT_ONCE: usize = 20_000;

/// What fits what was typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finder {
    /// The best, as numbers of the stock.
    pub hits: Vec<u32>,
    /// How many fit in all, of those gone through.
    pub total: usize,
    /// The best with their scores.
    best: Vec<(Reverse<u32>, u32)>,
    /// All that fit so far, for a longer word.
    pool: Vec<u32>,
    /// What is gone through: what fitted a shorter word, else all there is.
    source: Option<Vec<u32>>,
    /// How far that is.
    at: usize,
    /// The word and sort it is of.
    of: Option<(String, Option<Takes>)>,
    /// Whether there is more to go through, and whether somebody was asked to see to that.
    rest: (bool, bool),
}

/// What was typed, made ready.
fn pattern(word: &str) -> Pattern {
    Pattern::new(word, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy)
}

impl Finder {
    /// Finds what fits `word`; of what a command `takes`, where one is being given.
    pub fn find(&mut self, stock: &Stock, word: &str, takes: Option<Takes>) {
        let is_longer = self.of.as_ref().is_some_and(|(old, sort)| *sort == takes && word.starts_with(old.as_str()));
        if !is_longer {
            self.source = None;
        } else if !self.rest.0 {
            self.source = Some(std::mem::take(&mut self.pool));
        }
        self.pool.clear();
        self.best.clear();
        (self.total, self.at) = (0, 0);
        self.of = Some((word.to_owned(), takes));
        self.more(stock);
    }

    /// Goes on where it stopped.
    pub fn more(&mut self, stock: &Stock) {
        let Some((word, takes)) = &self.of else { return };
        let (pattern, mut matcher) = (pattern(word), Matcher::new(Config::DEFAULT));
        let mut characters = Vec::new();
        let all = self.source.as_ref().map_or(stock.len(), Vec::len);
        let until = all.min(self.at + AT_ONCE);
        for step in self.at..until {
            let at = match &self.source {
                Some(source) => source[step],
                None => u32::try_from(step).unwrap_or(u32::MAX),
            };
            let Some((kind, text)) = stock.named(at as usize) else { continue };
            if self.source.is_none() && !kind.fits(*takes, text) {
                continue;
            }
            let score = match pattern.atoms.is_empty() {
                true => Some(0),
                false => pattern.score(Utf32Str::new(text, &mut characters), &mut matcher),
            };
            let Some(score) = score else { continue };
            let lifted = if pattern.atoms.is_empty() { 0 } else { score + kind.weight() };
            self.best.push((Reverse(lifted), at));
            self.pool.push(at);
        }
        self.at = until;
        self.total = self.pool.len();
        self.rest = (until < all, false);
        if self.best.len() > KEPT {
            self.best.select_nth_unstable(KEPT);
            self.best.truncate(KEPT);
        }
        self.best.sort_unstable();
        self.hits.clear();
        self.hits.extend(self.best.iter().map(|(_, at)| *at));
    }

    /// Whether there is more to go through, which is said once.
    pub fn wants_more(&mut self) -> bool {
        let (rest, asked) = self.rest;
        self.rest.1 |= rest;
        rest && !asked
    }

    /// Whether all was gone through.
    pub fn is_complete(&self) -> bool {
        !self.rest.0
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
    use crate::tui::palette::{Kind, Thing};

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
    fn more_than_can_be_gone_through_at_once_comes_to_the_same_in_turns() {
        let names = (0..AT_ONCE * 2 + 7).map(|number| format!("global/app-{number}:1"));
        let stock = stock(names);
        let mut finder = Finder::default();
        finder.find(&stock, "app", None);
        let mut turns = 1;
        // A longer word before the end goes through everything again.
        finder.find(&stock, "app9", None);
        while finder.wants_more() {
            assert!(!finder.wants_more(), "said once");
            finder.more(&stock);
            turns += 1;
        }
        let expected = (0..AT_ONCE * 2 + 7).filter(|number| number.to_string().contains('9')).count();
        assert_eq!((turns, finder.total, finder.is_complete()), (3, expected, true));
        finder.find(&stock, "app99", None);
        assert!(finder.is_complete(), "what is left is few");
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
