//! What is selected in a list, and which part of it shows. Knows no rows.

use crate::tui::keymap::Motion;

/// A selection and the first row shown. Moving inside the window moves no other row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub selected: usize,
    /// The first row shown.
    pub offset: usize,
}

impl Cursor {
    /// Moves by `motion` in a list of `len` rows of which `height` show.
    pub fn step(&mut self, motion: Motion, len: usize, height: usize) {
        self.go(motion.leads(self.selected, height.max(1)), len, height);
    }

    /// Selects row `to`, or the last one.
    pub fn go(&mut self, to: usize, len: usize, height: usize) {
        self.selected = to.min(len.saturating_sub(1));
        self.follow(len, height);
    }

    /// Keeps the selection within the list and in sight, after either changed.
    pub fn follow(&mut self, len: usize, height: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
        let height = height.max(1);
        if self.selected < self.offset {
            self.offset = self.selected;
        } else if self.selected >= self.offset + height {
            self.offset = self.selected + 1 - height;
        }
        self.offset = self.offset.min(len.saturating_sub(height));
    }

    /// The rows that show.
    pub fn window(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        let from = self.offset.min(len);
        from..len.min(from + height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_in_the_list_and_in_sight() {
        let mut cursor = Cursor::default();
        for _ in 0..7 {
            cursor.step(Motion::Down, 20, 5);
        }
        assert_eq!((cursor.selected, cursor.offset), (7, 3));
        cursor.step(Motion::Up, 20, 5);
        assert_eq!((cursor.selected, cursor.offset), (6, 3), "moving inside the window moves no other row");
        cursor.step(Motion::Bottom, 20, 5);
        assert_eq!((cursor.selected, cursor.window(20, 5)), (19, 15..20));
        cursor.follow(3, 5);
        assert_eq!((cursor.selected, cursor.offset), (2, 0));
        cursor.follow(0, 5);
        assert_eq!((cursor.selected, cursor.window(0, 5)), (0, 0..0));
        cursor.step(Motion::HalfDown, 100, 0);
        assert_eq!(cursor.selected, 1);
    }
}
