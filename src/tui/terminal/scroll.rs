//! Lines that only stand higher or lower than before: the terminal moves them itself, for a few bytes instead of all they
//! hold. By index and reverse index within margins, which every terminal has had since the VT100.

use std::io::{self, Write};

use ratatui::buffer::{Buffer, Cell};

/// Lines a list moves by at most for it to be looked for.
const FARTHEST: usize = 8;
/// Cells that have to be the same afterwards for it to be worth while.
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
    /// The move that leaves the fewest cells to be written, where one is worth while.
    pub(super) fn find(shown: &Buffer, next: &Buffer) -> Option<Self> {
        let width = usize::from(next.area.width);
        let (old, new) = (&shown.content, &next.content);
        if width == 0 || shown.area != next.area || (next.area.x, next.area.y) != (0, 0) {
            return None;
        }
        let differs = |line: &usize| old[line * width..][..width] != new[line * width..][..width];
        let lines = 0..usize::from(next.area.height);
        let (top, bottom) = (lines.clone().find(differs)?, lines.rev().find(differs)?);
        let before = Self { top, bottom, by: 0, up: true }.left_over(shown, next);
        let moves = (1..=FARTHEST.min((bottom - top) / 2)).flat_map(|by| [true, false].map(|up| (by, up)));
        let moves = moves.map(|(by, up)| Self { top, bottom, by, up });
        let (left, best) = moves.map(|scroll| (scroll.left_over(shown, next), scroll)).min_by_key(|(left, _)| *left)?;
        (left + WORTH < before).then_some(best)
    }

    /// Cells still to be written after it.
    fn left_over(&self, shown: &Buffer, next: &Buffer) -> usize {
        let width = usize::from(next.area.width);
        let blank = Cell::default();
        let line = |line: usize| -> usize {
            let from = if self.up { line.checked_add(self.by) } else { line.checked_sub(self.by) };
            let from = from.filter(|from| (self.top..=self.bottom).contains(from));
            let new = &next.content[line * width..][..width];
            match from {
                Some(from) => new.iter().zip(&shown.content[from * width..][..width]).filter(|(a, b)| a != b).count(),
                None => new.iter().filter(|cell| **cell != blank).count(),
            }
        };
        (self.top..=self.bottom).map(line).sum()
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
