//! Bytes in rows of sixteen: offset, in four groups, and as characters where they are printable.

use super::Tag;

/// Bytes of a row.
pub(super) const ROW: usize = 16;
/// Rows around a difference that are the same and shown.
const AROUND: usize = 2;

/// Some bytes of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexRow {
    /// How they stand.
    pub tag: Tag,
    /// Where they begin.
    pub at: usize,
}

/// The rows of one side, or those of two that are not the same, with a few around.
pub(super) fn rows(old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<HexRow> {
    let (Some(a), Some(b)) = (old, new) else {
        let length = old.or(new).unwrap_or_default().len();
        return (0..length).step_by(ROW).map(|at| HexRow { tag: Tag::Same, at }).collect();
    };
    let part = |bytes: &[u8], at: usize| -> Option<Vec<u8>> {
        bytes.get(at..bytes.len().min(at + ROW)).filter(|part| !part.is_empty()).map(<[u8]>::to_vec)
    };
    let starts: Vec<usize> = (0..a.len().max(b.len())).step_by(ROW).collect();
    let differs: Vec<bool> = starts.iter().map(|at| part(a, *at) != part(b, *at)).collect();
    let near = |number: usize| {
        let from = number.saturating_sub(AROUND);
        differs[from..differs.len().min(number + AROUND + 1)].contains(&true)
    };
    let mut rows: Vec<HexRow> = Vec::new();
    for (number, at) in starts.iter().copied().enumerate() {
        if differs[number] {
            let sides = [(Tag::Deleted, a), (Tag::Added, b)].into_iter().filter(|(_, bytes)| at < bytes.len());
            rows.extend(sides.map(|(tag, _)| HexRow { tag, at }));
        } else if near(number) {
            rows.push(HexRow { tag: Tag::Same, at });
        } else if let Some(HexRow { tag: Tag::Gap(gap), .. }) = rows.last_mut() {
            *gap += 1;
        } else {
            rows.push(HexRow { tag: Tag::Gap(1), at });
        }
    }
    rows
}

/// `000010  7f454c46 02010100 00000000 00000000  .ELF............`
pub(super) fn shown(bytes: &[u8], at: usize) -> String {
    let row = bytes.get(at..bytes.len().min(at + ROW)).unwrap_or_default();
    let mut text = format!("{at:06x} ");
    for number in 0..ROW {
        if number % 4 == 0 {
            text.push(' ');
        }
        match row.get(number) {
            Some(byte) => text.push_str(&format!("{byte:02x}")),
            None => text.push_str("  "),
        }
    }
    text.push_str("  ");
    text.extend(row.iter().map(|byte| if matches!(byte, 0x20..0x7f) { char::from(*byte) } else { '.' }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_an_offset_sixteen_bytes_and_their_characters() {
        let bytes: Vec<u8> = (b'a'..=b'z').chain([0, 0x1b, 0xff]).collect();
        assert_eq!(shown(&bytes, 0), "000000  61626364 65666768 696a6b6c 6d6e6f70  abcdefghijklmnop");
        assert_eq!(shown(&bytes, 16), "000010  71727374 75767778 797a001b ff        qrstuvwxyz...");
    }

    #[test]
    fn only_what_differs_and_a_little_around_is_shown() {
        let (a, mut b) = (vec![0_u8; 16 * 40], vec![0_u8; 16 * 40]);
        b[16 * 20] = 1;
        b.truncate(16 * 39 + 4);
        let tags: Vec<Tag> = rows(Some(&a), Some(&b)).iter().map(|row| row.tag).collect();
        use Tag::{Added, Deleted, Gap, Same};
        assert_eq!(tags, [Gap(18), Same, Same, Deleted, Added, Same, Same, Gap(14), Same, Same, Deleted, Added]);
    }
}
