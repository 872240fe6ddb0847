//! A text under edits: bytes, steps, lines.

use proptest::prelude::*;

use super::*;
use crate::tui::keymap::Motion;

const TEXT: &str = "(\u{feff})?([a-z#: \t名-]{0,6}(\n|\r\n|\r)?){0,8}";

proptest! {
    #[test]
    fn a_text_goes_back_as_it_came(text in TEXT) {
        let taken = Text::new(&text);
        prop_assert_eq!(taken.bytes(), text.len());
        prop_assert_eq!(taken.content(), text);
    }

    #[test]
    fn every_step_is_taken_back_and_made_again(text in TEXT, keys in prop::collection::vec((0u8..16, 0usize..40, 0usize..8), 0..40)) {
        let mut edited = Text::new(&text);
        for (key, line, column) in keys {
            edited.go(line, column);
            if key % 3 == 0 {
                edited.mark();
                edited.go(column, line);
            }
            match key {
                0..=3 => edited.insert('名'),
                4 => edited.break_line(),
                5 => edited.paste("x\r\ny\n"),
                6 => { edited.backspace(); }
                7 => { edited.delete(); }
                8 => { edited.toggle_comment(); }
                9 => { edited.indent(); }
                10 => { edited.outdent(); }
                11 => { edited.move_lines(true); }
                12 => { edited.move_lines(false); }
                13 => { edited.duplicate_lines(); }
                14 => { edited.delete_lines(); }
                _ => edited.put_over(line, (column, column + 2), "owner: "),
            }
            prop_assert_eq!(edited.bytes(), edited.content().len());
            prop_assert_eq!(edited.cursor(), edited.buffer.within(edited.cursor()));
            edited.drop_mark();
        }
        let after = edited.content();
        let mut steps = 0;
        while edited.undo() { steps += 1; }
        prop_assert_eq!(edited.content(), text);
        for _ in 0..steps { prop_assert!(edited.redo()); }
        prop_assert_eq!(edited.content(), after);
    }

    #[test]
    fn a_comment_made_and_taken_away_leaves_the_same_bytes(text in "([a-z#: \t名-]{0,8}\n){0,6}", from in 0usize..6, to in 0usize..6) {
        let mut edited = Text::new(&text);
        edited.select((from, 0), (to, 9));
        let changed = edited.toggle_comment();
        prop_assert_eq!(changed, edited.content() != text);
        edited.toggle_comment();
        prop_assert_eq!(edited.content(), text);
    }

    #[test]
    fn a_level_in_and_out_leaves_the_same_bytes(text in "([a-z#: 名-]{0,8}\n){0,6}", from in 0usize..6, to in 0usize..6) {
        let mut edited = Text::new(&text);
        edited.select((from, 0), (to, 9));
        edited.indent();
        edited.outdent();
        prop_assert_eq!(edited.content(), text);
    }
}

#[test]
fn edits_leave_every_other_byte_alone() {
    let mut text = Text::new("\u{feff}a: 1\r\n  b: 2\r\n");
    text.go(1, 6);
    text.insert('3');
    text.break_line();
    text.insert('c');
    assert_eq!(text.content(), "\u{feff}a: 1\r\n  b: 23\r\n  c\r\n");
    (0..3).for_each(|_| assert!(text.undo()));
    assert_eq!(text.content(), "\u{feff}a: 1\r\n  b: 2\r\n");
}

#[test]
fn a_word_is_taken_back_at_once() {
    let mut text = Text::new("");
    "name: pay api".chars().for_each(|c| text.insert(c));
    let mut shown = Vec::new();
    while text.undo() {
        shown.push(text.content());
    }
    assert_eq!(shown, ["name: pay", "name:", ""]);
}

#[test]
fn v06_pasted_text_keeps_its_lines_and_steers_nothing() {
    let mut text = Text::new("");
    text.paste("a\r\nb\x1b[2J\tc\rd");
    assert_eq!(text.content(), "a\nb[2J\tc\nd");
    assert!(text.undo());
    assert_eq!(text.content(), "");
}

#[test]
fn new_lines_begin_where_they_belong() {
    let below = |before: &str| {
        let mut text = Text::new(before);
        text.go_to_end(true);
        text.break_line();
        text.content()[before.len() + 1..].len()
    };
    let cases = [
        ("steps:", 2),
        ("  - copy:", 6),
        ("  - run: |", 6),
        ("  -", 4),
        ("  - packages: [curl]", 2),
        ("config: {user: app}", 0),
        ("      useradd app", 6),
        ("  # steps:", 2),
        ("  - |", 4),
        ("", 0),
    ];
    for (before, indent) in cases {
        assert_eq!(below(before), indent, "{before}");
    }
}

#[test]
fn backspace_takes_a_level_of_what_a_line_begins_with() {
    let mut text = Text::new("     a  ");
    text.go(0, 5);
    assert!(text.backspace() && text.backspace());
    assert_eq!(text.content(), "  a  ");
    text.go_to_end(true);
    text.backspace();
    assert_eq!(text.content(), "  a ", "only there");
}

#[test]
fn columns_are_kept_over_shorter_lines() {
    let mut text = Text::new("long line\nx\nlong line");
    text.go(0, 7);
    text.step(Motion::Down, 5);
    text.step(Motion::Down, 5);
    assert_eq!(text.cursor(), (2, 7));
}

#[test]
fn words_are_found_round_the_end() {
    let text = Text::new("run: A\n名 run\n  RUN");
    assert_eq!(text.find("run", (0, 0), true), Some(((0, 0), false)));
    assert_eq!(text.find("run", (0, 1), true), Some(((1, 2), false)));
    assert_eq!(text.find("run", (2, 3), true), Some(((0, 0), true)));
    assert_eq!(text.find("run", (0, 0), false), Some(((2, 2), true)));
    assert_eq!(text.find("RUN", (0, 0), true), Some(((2, 2), false)));
    assert_eq!((text.find("nothing", (0, 0), true), text.find("", (0, 0), true)), (None, None));
    assert_eq!(text.count("run", (1, 2)), (3, Some(2)));
}

#[test]
fn lines_move_repeat_and_go() {
    let mut text = Text::new("a\nb\nc");
    text.go(0, 1);
    assert!(text.move_lines(true) && text.duplicate_lines());
    assert_eq!((text.content().as_str(), text.cursor()), ("b\na\na\nc", (2, 1)));
    assert!(text.delete_lines() && text.move_lines(false));
    assert_eq!(text.content(), "b\nc\na");
    assert!(!Text::new("").delete_lines() && !Text::new("a").move_lines(true));
}
