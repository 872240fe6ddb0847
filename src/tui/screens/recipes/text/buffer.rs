//! Lines, cursor, selection and history as `tui_textarea` keeps them, in steps that are taken back whole. Knows no keys.

use tui_textarea::{CursorMove, TextArea};

use super::steps::{Changed, Edit, MOST, Step, Steps};

/// A line and a character in it, from 0.
pub type At = (usize, usize);

/// Bytes the crate may keep of what was changed: its history counts changes only.
const BYTES: usize = 128 << 20;

/// Lines and how they came to be.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    area: TextArea<'static>,
    steps: Steps,
    /// Where the cursor is while that is further than the crate's jumps go.
    far: Option<At>,
    /// Bytes of all lines without their ends.
    bytes: usize,
    changed: Vec<Changed>,
    /// Counts changes.
    pub(super) count: u64,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new(vec![String::new()])
    }
}

impl Buffer {
    /// At least one line.
    pub(super) fn new(lines: Vec<String>) -> Self {
        let bytes = lines.iter().map(String::len).sum();
        let mut area = TextArea::new(lines);
        area.set_max_histories(MOST);
        Self { area, steps: Steps::default(), far: None, bytes, changed: Vec::new(), count: 0 }
    }

    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Bytes of all lines, an end of one byte each.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.lines().len() - 1
    }

    pub(super) fn cursor(&self) -> At {
        let at = self.area.cursor();
        self.far.unwrap_or((at.0, at.1))
    }

    /// Where the selection began, while there is one.
    pub(super) fn anchor(&self) -> Option<At> {
        let (from, to) = self.area.selection_range()?;
        Some(if self.area.cursor() == from { to } else { from })
    }

    /// Moves the cursor to a place, the nearest there is. While there is a selection it goes along.
    pub(super) fn go(&mut self, at: At) {
        let at = self.within(at);
        self.far = None;
        match (u16::try_from(at.0), u16::try_from(at.1)) {
            (Ok(line), Ok(column)) => self.area.move_cursor(CursorMove::Jump(line, column)),
            _ => self.far = Some(at).filter(|at| self.area.cursor() != *at),
        }
    }

    /// The crate's own cursor goes to a place its jumps do not reach. What it takes back leaves the cursor at its end,
    /// however far that is; single moves would pass over characters without a width.
    fn arrive(&mut self) {
        let Some(at) = self.far.take() else { return };
        let most = usize::from(u16::MAX);
        let near = if at.0 > most { (most, 0) } else { (at.0, most) };
        self.go(near);
        self.area.delete_str(self.between(near, at).chars().count());
        self.area.undo();
        self.steps.count_none();
    }

    /// Selects from a place up to the cursor's new one; nothing without such a place.
    pub(super) fn select(&mut self, from: Option<At>, to: At) {
        self.area.cancel_selection();
        if let Some(from) = from {
            self.go(from);
            self.arrive();
            self.area.start_selection();
        }
        self.go(to);
    }

    /// What changed since it was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.changed)
    }

    /// The nearest place there is.
    pub(super) fn within(&self, (line, column): At) -> At {
        let line = line.min(self.lines().len() - 1);
        (line, column.min(self.lines()[line].chars().count()))
    }

    /// What stands between two places.
    pub(super) fn between(&self, from: At, to: At) -> String {
        let (first, last) = (self.byte(from), self.byte(to));
        let lines = self.lines();
        if from.0 == to.0 {
            return lines[from.0][first..last].to_owned();
        }
        let mut out = lines[from.0][first..].to_owned();
        for line in &lines[from.0 + 1..to.0] {
            out.push('\n');
            out.push_str(line);
        }
        out.push('\n');
        out.push_str(&lines[to.0][..last]);
        out
    }

    /// Puts text in the place of another as one step, the cursor behind it. Nothing is selected after it.
    pub(super) fn replace(&mut self, from: At, to: At, with: &str) {
        let before = self.cursor();
        self.area.cancel_selection();
        let removed = self.between(from, to);
        if removed.is_empty() && with.is_empty() {
            return;
        }
        let ends = |text: &str| text.matches('\n').count();
        let mut edit = Edit {
            changes: 0,
            changed: Changed { line: from.0, before: ends(&removed) + 1, after: ends(with) + 1 },
            bytes: (removed.len() - ends(&removed), with.len() - ends(with)),
        };
        self.make_room(&edit);
        self.go(from);
        self.arrive();
        if !removed.is_empty() {
            self.area.delete_str(removed.chars().count());
            self.steps.count();
            edit.changes += 1;
        }
        if !with.is_empty() {
            self.area.insert_str(for_crate(with));
            self.steps.count();
            edit.changes += 1;
        }
        self.note(&edit);
        self.steps.keep(Step { edits: vec![edit], before, after: self.cursor(), is_typing: false });
    }

    /// The cursor stands elsewhere after the last step than where its text ended.
    pub(super) fn ends_here(&mut self) {
        let at = self.cursor();
        if let Some(step) = self.steps.last() {
            step.after = at;
        }
    }

    /// Types a character. A word is taken back at once, not letter by letter.
    pub(super) fn type_in(&mut self, c: char) {
        let before = self.cursor();
        if matches!(c, '\n' | '\r') {
            return self.replace(before, before, "\n");
        }
        self.area.cancel_selection();
        self.arrive();
        self.area.insert_char(c);
        self.steps.count();
        let changed = Changed { line: before.0, before: 1, after: 1 };
        let edit = Edit { changes: 1, changed, bytes: (0, c.len_utf8()) };
        self.note(&edit);
        let after = self.cursor();
        if c.is_whitespace() || !self.steps.keep_letter(edit, before, after) {
            self.steps.keep(Step { edits: vec![edit], before, after, is_typing: true });
        }
    }

    /// Nothing typed from here on belongs to what was typed before.
    pub(super) fn rest(&mut self) {
        if let Some(step) = self.steps.last() {
            step.is_typing = false;
        }
    }

    /// Takes the last step back, the cursor where it was. Whether there was one.
    pub(super) fn undo(&mut self) -> bool {
        let Some(step) = self.steps.undo() else { return false };
        for edit in step.edits.iter().rev() {
            for _ in 0..edit.changes {
                self.area.undo();
            }
            self.note(&edit.inverse());
        }
        self.go(step.before);
        true
    }

    /// Makes it again, the cursor where it went. Whether there was one.
    pub(super) fn redo(&mut self) -> bool {
        let Some(step) = self.steps.redo() else { return false };
        for edit in &step.edits {
            for _ in 0..edit.changes {
                self.area.redo();
            }
            self.note(edit);
        }
        self.go(step.after);
        true
    }

    fn note(&mut self, edit: &Edit) {
        self.bytes = self.bytes + edit.bytes.1 - edit.bytes.0;
        self.changed.push(edit.changed);
        self.count += 1;
    }

    /// Before too much is remembered, what was done before is forgotten: the crate forgets all or nothing.
    fn make_room(&mut self, edit: &Edit) {
        // Large ones are rare: only they are worth counting all.
        if edit.weight() > BYTES / 64 && self.steps.weight() + edit.weight() > BYTES {
            self.area.set_max_histories(MOST);
            self.steps = Steps::default();
        }
    }

    /// The byte of a place in its line.
    fn byte(&self, (line, column): At) -> usize {
        let text = &self.lines()[line];
        text.char_indices().nth(column).map_or(text.len(), |(byte, _)| byte)
    }
}

/// Text for the crate to put in as it is: it takes a carriage return off each line's end.
fn for_crate(text: &str) -> String {
    let line = |line: &str| if line.ends_with('\r') { format!("{line}\r") } else { line.to_owned() };
    if text.contains('\r') { text.split('\n').map(line).collect::<Vec<_>>().join("\n") } else { text.to_owned() }
}
