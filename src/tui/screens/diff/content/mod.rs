//! What is in the selected file: lines, or bytes where it is no text; of two sides what is not the same. Made outside
//! `update`, shown as it is asked for, in bounds.

mod draw;
mod hex;
mod reader;
mod text;

pub(super) use draw::ContentView;
pub use hex::HexRow;
pub use text::{Pair, TextLine};

use std::time::Instant;

use super::{Held, Matter, Part, Which};
use crate::domain::layer::{ChangeKind, Changed, Comparison, Differences};
use crate::domain::units;
use crate::flows::compare::{Content, MAX_SHOWN};

/// A file of one of the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which image.
    pub which: Which,
    /// The path, relative to the root.
    pub path: Vec<u8>,
    /// How many layers of it are there.
    pub level: u32,
}

/// The files whose contents are wanted: what was there, what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// What was there.
    pub before: Option<Source>,
    /// What is there.
    pub after: Option<Source>,
}

/// A wish for contents.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Of what.
    pub matter: Held<Matter>,
    /// Which.
    pub sources: Sources,
}

impl Sources {
    /// The contents that tell what happened to a file: both where its bytes differ, else the one there is.
    pub fn of(matter: &Matter, part: Part, changes: &Comparison, changed: &Changed<'_>) -> Self {
        let (which_before, which_after) = matter.sides(part);
        let source =
            |which, side: &crate::domain::layer::Side, path: Vec<u8>| Source { which, path, level: side.level };
        let after = changed.after.filter(|seen| seen.is_file());
        let after = after.map(|seen| source(which_after, changes.after(), changes.after().tree.path(seen.id())));
        let differs = match changed.kind {
            ChangeKind::Added | ChangeKind::Moved => false,
            ChangeKind::Deleted => true,
            ChangeKind::Modified => changed.what.holds(Differences::CONTENT) || changed.what.holds(Differences::TYPE),
        };
        let before = changed.before.filter(|seen| seen.is_file() && differs);
        let before = before.map(|seen| source(which_before, changes.before(), changes.before().tree.path(seen.id())));
        Self { before, after }
    }

    /// Whether there is anything to read.
    pub fn is_empty(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }
}

/// How a line or some bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// On both sides, or of one side that nothing is compared with.
    Same,
    /// Only there now.
    Added,
    /// No longer there.
    Deleted,
    /// So many that are the same and are left out.
    Gap(usize),
}

/// Contents, ready to be drawn.
#[derive(Debug)]
pub enum Body {
    /// No bytes at all.
    Empty,
    /// The bytes are the same on both sides.
    Alike,
    /// Text: lines below each other, and beside each other.
    Text {
        /// Lines in order.
        lines: Vec<TextLine>,
        /// Lines of before and after beside each other, by number.
        pairs: Vec<Pair>,
    },
    /// Bytes that are no text.
    Bytes {
        /// What was there.
        before: Vec<u8>,
        /// What is there.
        after: Vec<u8>,
        /// Rows of sixteen.
        rows: Vec<HexRow>,
    },
}

/// Contents with what is to be said of them.
#[derive(Debug)]
pub struct Shown {
    /// The contents.
    pub body: Body,
    /// What is not shown.
    pub notes: Vec<String>,
}

/// Of so many bytes at the beginning it is told whether they are text.
const PROBED: usize = 8192;

impl Shown {
    /// Makes contents ready. A comparison of lines that has not ended at `deadline` ends roughly.
    pub fn of(before: Option<&Content>, after: Option<&Content>, deadline: Option<Instant>) -> Self {
        let mut notes = Vec::new();
        for (content, name) in [(before, "before"), (after, "after")] {
            if let Some(content) = content.filter(|content| content.size > content.bytes.len() as u64) {
                let whose = if before.is_some() && after.is_some() { format!("{name}: ") } else { String::new() };
                let (part, all) = (units::bytes(content.bytes.len() as u64), units::bytes(content.size));
                let most = units::bytes(MAX_SHOWN);
                notes
                    .push(format!("{whose}the first {part} of {all}; no more than {most} is shown, S saves all of it"));
            }
        }
        let (old, new) = (before.map(|content| &*content.bytes), after.map(|content| &*content.bytes));
        let body = match (old, new) {
            (None | Some([]), None | Some([])) => Body::Empty,
            (Some(old), Some(new)) if old == new => Body::Alike,
            (old, new) if [old, new].into_iter().flatten().all(is_text) => {
                let lines = text::lines(old, new, deadline);
                let pairs = text::pairs(&lines);
                Body::Text { lines, pairs }
            }
            (old, new) => {
                let rows = hex::rows(old, new);
                Body::Bytes { before: old.unwrap_or_default().into(), after: new.unwrap_or_default().into(), rows }
            }
        };
        Self { body, notes }
    }

    /// Lines there are, below each other or beside each other.
    pub fn len(&self, beside: bool) -> usize {
        match &self.body {
            Body::Empty | Body::Alike => 1,
            Body::Text { pairs, .. } if beside => pairs.len(),
            Body::Text { lines, .. } => lines.len(),
            Body::Bytes { rows, .. } => rows.len(),
        }
    }

    /// Whether there is something to set beside each other.
    pub fn has_sides(&self) -> bool {
        let sides = |tag: Tag| matches!(tag, Tag::Added | Tag::Deleted);
        match &self.body {
            Body::Text { lines, .. } => {
                lines.iter().any(|line| line.tag == Tag::Same) && lines.iter().any(|line| sides(line.tag))
                    || [Tag::Added, Tag::Deleted].iter().all(|tag| lines.iter().any(|line| line.tag == *tag))
            }
            _ => false,
        }
    }

    /// The first line of the next change after line `from`, or of the one before it.
    pub fn next_change(&self, from: usize, forward: bool, beside: bool) -> Option<usize> {
        let changes: Vec<bool> = match &self.body {
            Body::Empty | Body::Alike => Vec::new(),
            Body::Text { pairs, lines } if beside => {
                let differs = |at: &Option<u32>| at.is_some_and(|at| lines[at as usize].tag != Tag::Same);
                pairs.iter().map(|pair| pair.gap == 0 && (differs(&pair.old) || differs(&pair.new))).collect()
            }
            Body::Text { lines, .. } => lines.iter().map(|line| is_change(line.tag)).collect(),
            Body::Bytes { rows, .. } => rows.iter().map(|row| is_change(row.tag)).collect(),
        };
        let begins = |at: &usize| changes[*at] && (*at == 0 || !changes[*at - 1]);
        match forward {
            true => (from.saturating_add(1)..changes.len()).find(begins),
            false => (0..from.min(changes.len())).rev().find(begins),
        }
    }
}

fn is_change(tag: Tag) -> bool {
    matches!(tag, Tag::Added | Tag::Deleted)
}

/// Whether bytes read as text: no zero byte, and hardly any that are no characters.
fn is_text(bytes: &[u8]) -> bool {
    let probe = &bytes[..bytes.len().min(PROBED)];
    if probe.contains(&0) {
        return false;
    }
    let strange: usize = probe
        .utf8_chunks()
        .map(|chunk| {
            let steers = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c' | '\x1b' | '\x08');
            chunk.invalid().len() + chunk.valid().chars().filter(steers).count()
        })
        .sum();
    strange * 10 <= probe.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Content {
        Content { bytes: bytes.into(), size: bytes.len() as u64 }
    }

    fn tags(shown: &Shown) -> String {
        let letter = |tag: Tag| match tag {
            Tag::Same => '=',
            Tag::Added => '+',
            Tag::Deleted => '-',
            Tag::Gap(_) => '…',
        };
        match &shown.body {
            Body::Empty => "empty".into(),
            Body::Alike => "alike".into(),
            Body::Text { lines, .. } => lines.iter().map(|line| letter(line.tag)).collect(),
            Body::Bytes { rows, .. } => rows.iter().map(|row| letter(row.tag)).chain(['h']).collect(),
        }
    }

    #[test]
    fn text_and_bytes_are_told_apart() {
        let shown = |before: Option<&[u8]>, after: Option<&[u8]>| {
            let (before, after) = (before.map(content), after.map(content));
            tags(&Shown::of(before.as_ref(), after.as_ref(), None))
        };
        assert_eq!(shown(None, Some(b"a\nb\n")), "==");
        assert_eq!(shown(Some(b"a\nb"), None), "==");
        assert_eq!(shown(Some(b"a\nb\nc\n"), Some(b"a\nx\nc\n")), "=-+=");
        assert_eq!(shown(Some(b""), Some(b"")), "empty");
        assert_eq!(shown(None, None), "empty");
        assert_eq!(shown(Some(b"x"), Some(b"x")), "alike");
        assert_eq!(shown(None, Some(b"\x7fELF\x02\x01\x01\0 and what follows")), "==h");
        assert_eq!(shown(Some(&[0; 64]), Some(&[0, 1, 0, 0])), "-+---h");
        assert_eq!(shown(None, Some(b"caf\xe9 is latin, and it is read as it is written\n")), "=");
        assert_eq!(shown(None, Some(&[0xff; 10])), "=h");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let cut = Content { bytes: vec![b'x'; 10], size: 5_000_000 };
        let shown = Shown::of(None, Some(&cut), None);
        assert!(shown.notes[0].starts_with("the first 10 B of 5.0 MB"), "{:?}", shown.notes);
        let shown = Shown::of(Some(&content(b"y")), Some(&cut), None);
        assert!(shown.notes[0].starts_with("after: the first"), "{:?}", shown.notes);
    }

    #[test]
    fn changes_follow_each_other() {
        let before: String = (0..100).map(|n| format!("{n}\n")).collect();
        let after = before.replace("\n20\n", "\nx\n").replace("\n70\n", "\n");
        let shown = Shown::of(Some(&content(before.as_bytes())), Some(&content(after.as_bytes())), None);
        assert_eq!(tags(&shown), "…===-+===…===-===…");
        let next = |from| shown.next_change(from, true, false);
        assert_eq!((next(0), next(4), next(13)), (Some(4), Some(13), None));
        assert_eq!((shown.next_change(13, false, false), shown.next_change(4, false, false)), (Some(4), None));
        assert_eq!((shown.next_change(0, true, true), shown.len(true)), (Some(4), 17));
        assert!(shown.has_sides());
    }
}
