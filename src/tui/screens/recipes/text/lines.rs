//! What is done with whole lines: comments, levels, moving, repeating, removing. Each is one step.

use std::ops::RangeInclusive;

use super::typing::LEVEL;
use super::{At, Text};

/// Lines before their comments were taken away, and the text's state after it.
#[derive(Clone, Debug)]
pub(super) struct Uncommented {
    first: usize,
    before: Vec<String>,
    count: u64,
    /// Where the selection began and the cursor was.
    left: (Option<At>, At),
}

impl Text {
    /// The lines selected, else the cursor's. One in which nothing but its beginning is selected does not count.
    fn chosen(&self) -> RangeInclusive<usize> {
        match self.selection() {
            Some((from, to)) if to.0 > from.0 && to.1 == 0 => from.0..=to.0 - 1,
            Some((from, to)) => from.0..=to.0,
            None => self.cursor().0..=self.cursor().0,
        }
    }

    /// Lines `chosen` become others, as many. Whether that changed anything.
    fn rewrite(&mut self, chosen: RangeInclusive<usize>, new: &[String]) -> bool {
        let first = *chosen.start();
        let old = &self.lines()[chosen];
        if old == new {
            return false;
        }
        let ends = (old.last().map_or(0, |line| line.chars().count()), old.len());
        // The cursor and the selection keep their distance to their line's end.
        let moved = |(line, column): At| match line.checked_sub(first).filter(|at| *at < new.len()) {
            Some(at) => {
                let (was, is) = (old[at].chars().count(), new[at].chars().count());
                let indent = old[at].chars().take_while(|c| c.is_whitespace()).count();
                (line, if column < indent.min(1) { column } else { (column + is).saturating_sub(was) })
            }
            None => (line, column),
        };
        let (cursor, anchor) = (moved(self.cursor()), self.buffer.anchor().map(moved));
        self.replace((first, 0), (first + ends.1 - 1, ends.0), &new.join("\n"));
        self.land(anchor, cursor);
        true
    }

    /// Makes lines comments; where all are, text again. Twice gives the same bytes. Whether that changed anything.
    pub fn toggle_comment(&mut self) -> bool {
        let chosen = self.chosen();
        let (first, old) = (*chosen.start(), self.lines()[chosen.clone()].to_vec());
        if let Some(undone) = self.uncommented.take() {
            let lines = undone.first..=undone.first + undone.before.len() - 1;
            // What is selected may seem to end a line earlier, where the last one has become empty.
            let same = lines == chosen || undone.left == (self.buffer.anchor(), self.cursor());
            if same && undone.count == self.buffer.count {
                return self.rewrite(lines, &undone.before);
            }
        }
        let said = |line: &&String| !line.trim().is_empty();
        let is_comment = |line: &String| line.trim_start().starts_with('#');
        if old.iter().filter(said).all(is_comment) {
            let new: Vec<String> = old.iter().map(|line| without_comment(line)).collect();
            let changed = self.rewrite(chosen, &new);
            if changed {
                let left = (self.buffer.anchor(), self.cursor());
                self.uncommented = Some(Uncommented { first, before: old, count: self.buffer.count, left });
            }
            return changed;
        }
        let blanks = |line: &String| line.chars().take_while(|c| matches!(c, ' ' | '\t')).count();
        let at = old.iter().filter(said).map(blanks).min().unwrap_or(0);
        let comment = |line: &String| {
            if line.trim().is_empty() {
                return line.clone();
            }
            // Blanks are one byte each.
            format!("{}# {}", &line[..at], &line[at..])
        };
        let new: Vec<String> = old.iter().map(comment).collect();
        self.rewrite(chosen, &new)
    }

    /// Moves lines a level further in. Whether that changed anything.
    pub fn indent(&mut self) -> bool {
        let chosen = self.chosen();
        let deeper = |line: &String| if line.is_empty() { String::new() } else { " ".repeat(LEVEL) + line };
        let new: Vec<String> = self.lines()[chosen.clone()].iter().map(deeper).collect();
        self.rewrite(chosen, &new)
    }

    /// Moves lines a level further out. Whether that changed anything.
    pub fn outdent(&mut self) -> bool {
        let chosen = self.chosen();
        let less = |line: &String| {
            let blanks = line.chars().take(LEVEL).take_while(|c| *c == ' ').count();
            let tab = usize::from(blanks == 0 && line.starts_with('\t'));
            line[blanks + tab..].to_owned()
        };
        let new: Vec<String> = self.lines()[chosen.clone()].iter().map(less).collect();
        self.rewrite(chosen, &new)
    }

    /// Moves lines over the one above, or the one below. Whether there was one.
    pub fn move_lines(&mut self, down: bool) -> bool {
        let chosen = self.chosen();
        let (first, last) = (*chosen.start(), *chosen.end());
        let possible = if down { last + 1 < self.lines().len() } else { first > 0 };
        if !possible {
            return false;
        }
        let mut lines =
            if down { self.lines()[first..=last + 1].to_vec() } else { self.lines()[first - 1..=last].to_vec() };
        if down {
            lines.rotate_right(1);
        } else {
            lines.rotate_left(1);
        }
        let from = if down { first } else { first - 1 };
        let to = from + lines.len() - 1;
        let end = (to, self.lines()[to].chars().count());
        let moved = |(line, column): At| (if down { line + 1 } else { line.saturating_sub(1) }, column);
        let (cursor, anchor) = (moved(self.cursor()), self.buffer.anchor().map(moved));
        self.replace((from, 0), end, &lines.join("\n"));
        self.land(anchor, cursor);
        true
    }

    /// Repeats lines below themselves.
    pub fn duplicate_lines(&mut self) -> bool {
        let chosen = self.chosen();
        let (first, last) = (*chosen.start(), *chosen.end());
        let text: String = self.lines()[chosen].iter().flat_map(|line| ["\n", line]).collect();
        let end = (last, self.lines()[last].chars().count());
        let by = last - first + 1;
        let below = |(line, column): At| (line + by, column);
        let (cursor, anchor) = (below(self.cursor()), self.buffer.anchor().map(below));
        self.replace(end, end, &text);
        self.land(anchor, cursor);
        true
    }

    /// Removes lines. Whether that changed anything.
    pub fn delete_lines(&mut self) -> bool {
        let chosen = self.chosen();
        let (first, last) = (*chosen.start(), *chosen.end());
        let end = |line: usize| self.lines()[line].chars().count();
        let (from, to) = if last + 1 < self.lines().len() {
            ((first, 0), (last + 1, 0))
        } else if first > 0 {
            ((first - 1, end(first - 1)), (last, end(last)))
        } else {
            ((0, 0), (last, end(last)))
        };
        if from == to {
            return false;
        }
        let column = self.cursor().1;
        self.replace(from, to, "");
        self.land(None, (first, column));
        true
    }
}

/// A comment's line as text again.
fn without_comment(line: &str) -> String {
    let Some(at) = line.find('#').filter(|at| line[..*at].trim().is_empty()) else { return line.to_owned() };
    let rest = &line[at + 1..];
    format!("{}{}", &line[..at], rest.strip_prefix(' ').unwrap_or(rest))
}
