//! Lines that only stand higher or lower than before: the terminal moves them itself, for a few bytes instead of all they
//! hold. By index and reverse index within margins, which every terminal has had since the VT100.

use std::io::{self, Write};

use ratatui::buffer::{Buffer, Cell};

/// Lines a list moves by at most for it to be looked for.
const FARTHEST: usize = 8;
/// Cells it has to save to be worth while.
const WORTH: usize = 120;

/// Lines `top` to `bottom`, both included, that move up by so many lines, or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scroll {
    top: usize,
    bottom: usize,
    by: usize,
    up: bool,
}

impl Scroll {
    /// The move that saves the most cells to be written, where one is worth while.
    pub(super) fn find(shown: &Buffer, next: &Buffer) -> Option<Self> {
        let (width, height) = (usize::from(next.area.width), usize::from(next.area.height));
        if width == 0 || shown.area != next.area || (next.area.x, next.area.y) != (0, 0) {
            return None;
        }
        let old = |line: usize| &shown.content[line * width..][..width];
        let new = |line: usize| &next.content[line * width..][..width];
        let apart = |a: &[Cell], b: &[Cell]| a.iter().zip(b).filter(|(a, b)| a != b).count();
        let stays: Vec<usize> = (0..height).map(|line| apart(old(line), new(line))).collect();
        if stays.iter().sum::<usize>() < WORTH {
            return None;
        }
        let blank = vec![Cell::default(); width];
        let bared = sums((0..height).map(|line| saved(stays[line], apart(&blank, new(line)))));
        let mut best = (saved(WORTH, 0), None);
        for (by, up) in (1..=FARTHEST.min(height / 2)).flat_map(|by| [(by, true), (by, false)]) {
            let from =
                |line: usize| if up { Some(line + by).filter(|from| *from < height) } else { line.checked_sub(by) };
            let moved = sums(
                (0..height).map(|line| from(line).map_or(0, |from| saved(stays[line], apart(old(from), new(line))))),
            );
            for top in 0..height {
                for bottom in top + 2 * by..height {
                    // Where the lines that are bared begin.
                    let gap = if up { bottom + 1 - by } else { top };
                    let (first, last) = if up { (top, gap) } else { (top + by, bottom + 1) };
                    let all = moved[last] - moved[first] + bared[gap + by] - bared[gap];
                    if all > best.0 {
                        best = (all, Some(Self { top, bottom, by, up }));
                    }
                }
            }
        }
        best.1
    }

    /// What the terminal shows after it.
    pub(super) fn apply(&self, shown: &mut Buffer) {
        let width = usize::from(shown.area.width);
        let region = &mut shown.content[self.top * width..(self.bottom + 1) * width];
        let (by, all) = (self.by * width, region.len());
        let bared = if self.up {
            region.rotate_left(by);
            all - by..all
        } else {
            region.rotate_right(by);
            0..by
        };
        region[bared].fill(Cell::default());
    }

    /// The bytes that make the terminal do it. Bared lines are blank in its own colours.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (at, step) = if self.up { (self.bottom, "\n") } else { (self.top, "\x1bM") };
        write!(out, "\x1b[0m\x1b[{};{}r\x1b[{};1H{}\x1b[r", self.top + 1, self.bottom + 1, at + 1, step.repeat(self.by))
    }
}

/// Cells less to be written; less than none where there are more.
fn saved(without: usize, with: usize) -> i64 {
    i64::try_from(without).unwrap_or(0) - i64::try_from(with).unwrap_or(0)
}

/// What comes before each line, and all of it.
fn sums(lines: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut sum = 0;
    let after = lines.map(|line| {
        sum += line;
        sum
    });
    std::iter::once(0).chain(after).collect()
}
