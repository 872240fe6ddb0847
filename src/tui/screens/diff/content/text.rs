//! Lines of text, and of two texts which of them are the same. What is the same is left out but for a few lines around.

use std::time::Instant;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::Tag;
use crate::domain::text::escape_bytes;

/// Lines around a change that are the same and shown.
const AROUND: usize = 3;
/// Bytes of one line; the rest of it is left out.
const MAX_LINE: usize = 4096;
/// Columns from one stop of a tab to the next.
const TAB: usize = 8;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLine {
    /// How it stands.
    pub tag: Tag,
    /// Its number before, from 1; 0 where it is not there.
    pub old: u32,
    /// Its number after.
    pub new: u32,
    /// As it is shown.
    pub text: String,
}

/// Two lines beside each other, by their place among all lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// At the left.
    pub old: Option<u32>,
    /// At the right.
    pub new: Option<u32>,
    /// Instead, so many that are the same and are left out.
    pub gap: usize,
}

/// The lines of one text, or of two.
pub(super) fn lines(old: Option<&[u8]>, new: Option<&[u8]>, deadline: Option<Instant>) -> Vec<TextLine> {
    match (old, new) {
        (Some(old), Some(new)) => compared(&split(old), &split(new), deadline),
        (only_old, only_new) => {
            let all = split(only_old.or(only_new).unwrap_or_default());
            let line = |(number, text): (usize, &&[u8])| {
                let at = place(number);
                let (old, new) = if only_old.is_some() { (at, 0) } else { (0, at) };
                TextLine { tag: Tag::Same, old, new, text: shown(text) }
            };
            all.iter().enumerate().map(line).collect()
        }
    }
}

/// Line numbers begin with 1.
fn place(number: usize) -> u32 {
    u32::try_from(number + 1).unwrap_or(u32::MAX)
}

/// Lines with their ends: a last line that has none differs from one that has.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn compared(old: &[&[u8]], new: &[&[u8]], deadline: Option<Instant>) -> Vec<TextLine> {
    let mut lines = Vec::new();
    let ops = capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline);
    let last = ops.len().saturating_sub(1);
    for (number, op) in ops.iter().enumerate() {
        if let DiffOp::Equal { old_index, new_index, len } = *op {
            // Nothing stands around the beginning and the end.
            let (head, tail) = (if number == 0 { 0 } else { AROUND }, if number == last { 0 } else { AROUND });
            let same = |at: usize| line(Tag::Same, Some((old_index + at, old)), Some((new_index + at, new)));
            if len <= head + tail + 1 {
                lines.extend((0..len).map(same));
                continue;
            }
            lines.extend((0..head).map(same));
            let gap = len - head - tail;
            lines.push(TextLine { tag: Tag::Gap(gap), old: 0, new: 0, text: String::new() });
            lines.extend((len - tail..len).map(same));
            continue;
        }
        lines.extend(op.old_range().map(|at| line(Tag::Deleted, Some((at, old)), None)));
        lines.extend(op.new_range().map(|at| line(Tag::Added, None, Some((at, new)))));
    }
    lines
}

type Side<'a> = Option<(usize, &'a [&'a [u8]])>;

fn line(tag: Tag, old: Side<'_>, new: Side<'_>) -> TextLine {
    let text = new.or(old).and_then(|(at, lines)| lines.get(at)).copied().unwrap_or_default();
    let number = |side: Side<'_>| side.map_or(0, |(at, _)| place(at));
    let mut shown = shown(text);
    if !text.ends_with(b"\n") && tag != Tag::Same {
        shown.push_str("  (no end of line)");
    }
    TextLine { tag, old: number(old), new: number(new), text: shown }
}

/// A line as it is read: tabs as blanks, everything else that steers a terminal escaped.
fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let kept = &line[..line.len().min(MAX_LINE)];
    let mut text = String::new();
    for (number, part) in kept.split(|byte| *byte == b'\t').enumerate() {
        if number > 0 {
            let column = crate::tui::format::width(&text);
            text.push_str(&" ".repeat(TAB - column % TAB));
        }
        text.push_str(&escape_bytes(part));
    }
    let left_out = line.len() - kept.len();
    if left_out > 0 {
        text.push_str(&format!("… {left_out} bytes more"));
    }
    text
}

/// The same lines, those before at the left of those after.
pub(super) fn pairs(lines: &[TextLine]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let at = |number: usize| u32::try_from(number).ok();
    // Where the right sides of what was replaced are still to come.
    let mut open = 0;
    for (number, line) in lines.iter().enumerate() {
        match line.tag {
            Tag::Deleted => pairs.push(Pair { old: at(number), ..Pair::default() }),
            Tag::Added => match pairs.get_mut(open) {
                Some(pair) => {
                    pair.new = at(number);
                    open += 1;
                }
                None => {
                    pairs.push(Pair { new: at(number), ..Pair::default() });
                    open = pairs.len();
                }
            },
            Tag::Same => {
                pairs.push(Pair { old: at(number), new: at(number), gap: 0 });
                open = pairs.len();
            }
            Tag::Gap(gap) => {
                pairs.push(Pair { gap, ..Pair::default() });
                open = pairs.len();
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_replaced_stands_beside_what_replaced_it() {
        let lines = lines(Some(b"a\nb\nc\nd\n"), Some(b"a\nX\nY\nZ\nd\nE"), None);
        let text = |at: Option<u32>| at.map_or("", |at| lines[at as usize].text.as_str());
        let beside: Vec<String> =
            pairs(&lines).iter().map(|pair| format!("{}|{}", text(pair.old), text(pair.new))).collect();
        assert_eq!(beside, ["a|a", "b|X", "c|Y", "|Z", "d|d", "|E  (no end of line)"]);
        assert_eq!(lines.iter().map(|line| (line.old, line.new)).collect::<Vec<_>>()[..3], [(1, 1), (2, 0), (3, 0)]);
    }

    #[test]
    fn x01_lines_steer_nothing_and_stay_bounded() {
        let long = vec![b'x'; 10_000];
        let all = lines(None, Some(&[&b"\ta\tb\x1b[2J\r\n"[..], &long].concat()), None);
        assert_eq!(all[0].text, "        a       b\\x1b[2J\\r");
        assert!(all[1].text.len() < 5000 && all[1].text.ends_with("5904 bytes more"));
    }
}
