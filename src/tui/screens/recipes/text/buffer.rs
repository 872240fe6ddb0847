//! Lines that change by one operation, each change kept so that it can be taken back whole. Knows no keys.

/// A line and a character in it, from 0.
pub type At = (usize, usize);

/// One stretch of text that took another's place.
#[derive(Clone, Debug)]
struct Edit {
    from: At,
    removed: String,
    inserted: String,
}

/// Changes that are taken back together, and where the cursor was.
#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    before: At,
    after: At,
    /// Characters being typed: the next one belongs to it.
    is_typing: bool,
}

impl Step {
    fn bytes(&self) -> usize {
        self.edits.iter().map(|edit| edit.removed.len() + edit.inserted.len()).sum()
    }
}

/// Lines that took other lines' place: the first, how many there were, how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The first line touched.
    pub line: usize,
    /// Lines touched before.
    pub before: usize,
    /// Lines that stand there now.
    pub after: usize,
}

/// Steps kept at most, and bytes they may hold together.
const STEPS: usize = 10_000;
const BYTES: usize = 48 << 20;

/// Lines and how they came to be.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    lines: Vec<String>,
    done: Vec<Step>,
    undone: Vec<Step>,
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
    pub(super) fn new(mut lines: Vec<String>) -> Self {
        if lines.is_empty() {
            lines.push(String::new());
        }
        let bytes = lines.iter().map(String::len).sum();
        Self { lines, done: Vec::new(), undone: Vec::new(), bytes, changed: Vec::new(), count: 0 }
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Bytes of all lines, an end of one byte each.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.lines.len() - 1
    }

    /// What changed since it was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.changed)
    }

    /// The nearest place there is.
    pub(super) fn within(&self, (line, column): At) -> At {
        let line = line.min(self.lines.len() - 1);
        (line, column.min(self.lines[line].chars().count()))
    }

    /// What stands between two places.
    pub(super) fn between(&self, from: At, to: At) -> String {
        let (first, last) = (self.byte(from), self.byte(to));
        if from.0 == to.0 {
            return self.lines[from.0][first..last].to_owned();
        }
        let mut out = self.lines[from.0][first..].to_owned();
        for line in &self.lines[from.0 + 1..to.0] {
            out.push('\n');
            out.push_str(line);
        }
        out.push('\n');
        out.push_str(&self.lines[to.0][..last]);
        out
    }

    /// Puts texts in the place of others, the last place first, as one step. Gives where the last one put in ends.
    pub(super) fn replace(&mut self, parts: &[(At, At, &str)], cursor: At) -> At {
        let (mut edits, mut end) = (Vec::with_capacity(parts.len()), cursor);
        for (from, to, with) in parts {
            if from == to && with.is_empty() {
                continue;
            }
            let removed = self.splice(*from, *to, with);
            edits.push(Edit { from: *from, removed, inserted: (*with).to_owned() });
            end = after(*from, with);
        }
        if !edits.is_empty() {
            self.keep(Step { edits, before: cursor, after: end, is_typing: false });
        }
        end
    }

    /// The cursor stands elsewhere after the last step than where its text ended.
    pub(super) fn ends_at(&mut self, at: At) {
        if let Some(step) = self.done.last_mut() {
            step.after = at;
        }
    }

    /// Types a character. A word is taken back at once, not letter by letter.
    pub(super) fn type_in(&mut self, at: At, c: char) -> At {
        let end = (at.0, at.1 + 1);
        self.splice(at, at, c.encode_utf8(&mut [0; 4]));
        let goes_on = self.undone.is_empty()
            && self.done.last().is_some_and(|step| step.is_typing && step.after == at && !c.is_whitespace());
        if let Some(step) = self.done.last_mut().filter(|_| goes_on) {
            step.after = end;
            if let Some(edit) = step.edits.last_mut() {
                edit.inserted.push(c);
            }
        } else {
            let edit = Edit { from: at, removed: String::new(), inserted: c.to_string() };
            self.keep(Step { edits: vec![edit], before: at, after: end, is_typing: true });
        }
        end
    }

    /// Nothing typed from here on belongs to what was typed before.
    pub(super) fn rest(&mut self) {
        if let Some(step) = self.done.last_mut() {
            step.is_typing = false;
        }
    }

    /// Takes the last step back; gives where the cursor was.
    pub(super) fn undo(&mut self) -> Option<At> {
        let step = self.done.pop()?;
        for edit in step.edits.iter().rev() {
            self.splice(edit.from, after(edit.from, &edit.inserted), &edit.removed);
        }
        let at = step.before;
        self.undone.push(step);
        Some(at)
    }

    /// Makes it again; gives where the cursor went.
    pub(super) fn redo(&mut self) -> Option<At> {
        let mut step = self.undone.pop()?;
        for edit in &step.edits {
            self.splice(edit.from, after(edit.from, &edit.removed), &edit.inserted);
        }
        step.is_typing = false;
        let at = step.after;
        self.done.push(step);
        Some(at)
    }

    fn keep(&mut self, step: Step) {
        self.undone.clear();
        self.done.push(step);
        let mut bytes: usize = self.done.iter().rev().take(2).map(Step::bytes).sum();
        // Large ones are rare: only they are worth counting all.
        if bytes > BYTES / 64 {
            bytes = self.done.iter().map(Step::bytes).sum();
        }
        while self.done.len() > STEPS || (bytes > BYTES && self.done.len() > 1) {
            bytes -= self.done.remove(0).bytes().min(bytes);
        }
    }

    fn splice(&mut self, from: At, to: At, with: &str) -> String {
        let removed = self.between(from, to);
        let (first, last) = (self.byte(from), self.byte(to));
        let added = with.matches('\n').count();
        if from.0 == to.0 && added == 0 {
            self.lines[from.0].replace_range(first..last, with);
        } else {
            let all = format!("{}{with}{}", &self.lines[from.0][..first], &self.lines[to.0][last..]);
            self.lines.splice(from.0..=to.0, all.split('\n').map(str::to_owned));
        }
        let ends = |text: &str| text.matches('\n').count();
        self.bytes = self.bytes + (with.len() - added) - (removed.len() - ends(&removed));
        self.changed.push(Changed { line: from.0, before: to.0 - from.0 + 1, after: added + 1 });
        self.count += 1;
        removed
    }

    /// The byte of a place in its line.
    fn byte(&self, (line, column): At) -> usize {
        let text = &self.lines[line];
        text.char_indices().nth(column).map_or(text.len(), |(byte, _)| byte)
    }
}

/// Where a text ends that begins there.
fn after(from: At, text: &str) -> At {
    let ends = text.matches('\n').count();
    let last = text.rsplit('\n').next().unwrap_or("").chars().count();
    (from.0 + ends, if ends == 0 { from.1 + last } else { last })
}
