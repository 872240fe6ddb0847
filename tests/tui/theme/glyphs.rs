//! State never by colour alone: what may stand in one place has signs of its own, drawn and plain.

use std::collections::BTreeSet;

use bakery::tui::theme::Glyph;

/// Signs that may stand in the same column, by what they say.
const COLUMNS: &[(&str, &[Glyph])] = &[
    ("verdicts", &[Glyph::Pass, Glyph::Warn, Glyph::Fail, Glyph::Unknown, Glyph::Unasked, Glyph::Running]),
    (
        "steps and bakes",
        &[
            Glyph::Waiting,
            Glyph::Running,
            Glyph::Done,
            Glyph::Pass,
            Glyph::Warn,
            Glyph::Fail,
            Glyph::Unknown,
            Glyph::Stale,
        ],
    ),
    ("changes", &[Glyph::Added, Glyph::Modified, Glyph::Deleted, Glyph::Moved]),
    ("origins", &[Glyph::Global, Glyph::Local]),
    ("recipes", &[Glyph::Pass, Glyph::Fail, Glyph::Stale, Glyph::Waiting, Glyph::Warn, Glyph::Running]),
];

#[test]
fn signs_of_one_column_differ_in_any_terminal() {
    for (what, glyphs) in COLUMNS {
        for ascii in [false, true] {
            let signs: BTreeSet<&str> = glyphs.iter().map(|glyph| glyph.text(ascii)).collect();
            assert_eq!(signs.len(), glyphs.len(), "{what}, ascii {ascii}: {signs:?}");
        }
    }
}

#[test]
fn plain_signs_are_plain_and_drawn_ones_are_one_column_wide() {
    for glyph in COLUMNS.iter().flat_map(|(_, glyphs)| *glyphs) {
        assert!(glyph.text(true).bytes().all(|b| b.is_ascii_graphic()), "{glyph:?}");
        assert_eq!(unicode_width::UnicodeWidthStr::width(glyph.text(false)), 1, "{glyph:?}");
    }
}
