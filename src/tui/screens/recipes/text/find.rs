//! Finding words in a text. Capitals count only where there are some.

use super::{At, Text};

/// Where in `line` a word stands, in characters.
pub(in super::super) fn places(line: &str, word: &str) -> Vec<(usize, usize)> {
    if word.is_empty() {
        return Vec::new();
    }
    let exact = word.chars().any(char::is_uppercase);
    let lower = |c: char| if exact { c } else { c.to_lowercase().next().unwrap_or(c) };
    if line.is_ascii() && word.is_ascii() {
        let (line, word) = if exact {
            (line.to_owned(), word.to_owned())
        } else {
            (line.to_ascii_lowercase(), word.to_ascii_lowercase())
        };
        return line.match_indices(&word).map(|(at, found)| (at, at + found.len())).collect();
    }
    let line: Vec<char> = line.chars().map(lower).collect();
    let word: Vec<char> = word.chars().map(lower).collect();
    let (mut at, mut found) = (0, Vec::new());
    while at + word.len() <= line.len() {
        if line[at..at + word.len()] == word[..] {
            found.push((at, at + word.len()));
            at += word.len();
        } else {
            at += 1;
        }
    }
    found
}

impl Text {
    /// The next place of a word at or after `from`, or the one before it; and whether that went over the text's end.
    pub fn find(&self, word: &str, from: At, forward: bool) -> Option<(At, bool)> {
        let count = self.lines().len();
        for step in 0..=count {
            let line = if forward { (from.0 + step) % count } else { (from.0 + count - step % count) % count };
            let starts = places(&self.lines()[line], word);
            let mut starts = starts.iter().map(|place| place.0);
            // The first line is looked at twice: after the place, and at the very end before it.
            let found = match (step, forward) {
                (0, true) => starts.find(|start| *start >= from.1),
                (0, false) => starts.rfind(|start| *start < from.1),
                (_, true) => starts.next(),
                (_, false) => starts.next_back(),
            };
            if let Some(start) = found {
                let at = (line, start);
                return Some((at, step > 0 && if forward { at < from } else { at >= from }));
            }
        }
        None
    }

    /// How many places a word has, and the number of the one at `at`, from 1.
    pub fn count(&self, word: &str, at: At) -> (usize, Option<usize>) {
        let (mut all, mut here) = (0, None);
        for (number, line) in self.lines().iter().enumerate() {
            for (start, _) in places(line, word) {
                all += 1;
                if (number, start) == at {
                    here = Some(all);
                }
            }
        }
        (all, here)
    }
}
