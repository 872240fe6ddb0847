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
    fn every_step_is_taken_back_and_made_again(text in TEXT, keys in prop::collection::vec((0u8..18, 0usize..40, 0usize..8), 0..40)) {
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
                15 => { edited.undo(); }
                16 => { edited.redo(); }
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
    fn what_is_selected_is_replaced_and_nothing_else(
        text in "([a-z \t\r名]{0,6}\n?){0,8}", from in (0usize..8, 0usize..8), to in (0usize..8, 0usize..8), put in "[a名\n]{0,4}",
    ) {
        let mut edited = Text::new(&text);
        edited.select(from, to);
        let (at, until) = edited.selection().unwrap_or((edited.cursor(), edited.cursor()));
        let (before, after) = (edited.buffer.between((0, 0), at), edited.buffer.between(until, edited.buffer.within((99, 99))));
        edited.paste(&put);
        let shown = edited.lines().join("\n");
        prop_assert_eq!(&shown, &format!("{before}{put}{after}"));
        prop_assert_eq!(edited.buffer.between((0, 0), edited.cursor()), before + &put);
        prop_assert!(!edited.is_selecting());
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

#[test]
fn x01_places_further_than_jumps_go_are_edited_selected_and_taken_back() {
    let long = format!("{}\n{}名end", "\n".repeat(70_000), "x".repeat(70_000));
    let mut text = Text::new(&long);
    let (line, column) = (70_001, 70_001);
    text.go(line, column);
    assert_eq!(text.cursor(), (line, column));
    "ab".chars().for_each(|c| text.insert(c));
    assert_eq!((text.cursor(), text.line().len()), ((line, column + 2), 70_000 + 3 + 3 + 2));
    assert!(text.line().ends_with("名abend"));
    text.select((line, column + 1), (line, 2));
    assert_eq!(text.selection(), Some(((line, 2), (line, column + 1))));
    text.select((line, column - 1), (line, column + 1));
    assert_eq!(text.selected().as_deref(), Some("名a"));
    text.insert('!');
    assert!(text.line().ends_with("x!bend"));
    text.go(69_999, 0);
    text.paste("y\n");
    assert_eq!((text.cursor(), text.lines()[69_999].as_str()), ((70_000, 0), "y"));
    let after = text.content();
    (0..4).for_each(|_| assert!(text.undo()));
    assert_eq!((text.content() == long, text.undo()), (true, false));
    (0..4).for_each(|_| assert!(text.redo()));
    assert_eq!((text.content() == after, text.redo()), (true, false));
}

#[test]
fn moving_far_and_back_forgets_nothing_that_was_undone() {
    let mut text = Text::new(&format!("a\n{}", "x".repeat(70_000)));
    text.insert('b');
    assert!(text.undo());
    text.go(1, 69_000);
    text.step(Motion::Left, 5);
    assert_eq!(text.cursor(), (1, 68_999));
    assert!(text.redo());
    assert!(text.content().starts_with("ba\n"));
}

#[test]
fn of_very_many_steps_the_oldest_cannot_be_taken_back_the_others_whole() {
    let mut text = Text::new("");
    let mut states = vec![text.content()];
    for round in 0..steps::MOST / 4 + 300 {
        text.paste(if round % 2 == 0 { "name: pay" } else { "tag: 1" });
        states.push(text.content());
        // A removal and an insertion.
        text.mark_all();
        text.paste("x");
        states.push(text.content());
        text.mark_all();
        text.cut();
        states.push(text.content());
    }
    let last = states.len() - 1;
    let mut undone = 0;
    while text.undo() {
        undone += 1;
        assert_eq!(text.content(), states[last - undone]);
    }
    assert!((steps::MOST * 3 / 4 - 2..last).contains(&undone), "{undone} of {last}");
    // What is done now takes the place of what was undone, also in a history that is full.
    for _ in 0..3 {
        assert!(text.redo());
    }
    text.paste("y");
    let now = text.content();
    let mut back = 0;
    while text.undo() {
        back += 1;
    }
    for _ in 0..back {
        assert!(text.redo());
    }
    assert_eq!((text.content(), text.redo()), (now, false));
}

#[test]
fn a_comment_of_nothing_comes_back_too() {
    let mut text = Text::new("\n#\n#\n");
    text.select((0, 0), (1, 9));
    assert!(text.toggle_comment());
    assert_eq!(text.content(), "\n\n#\n");
    assert!(text.toggle_comment());
    assert_eq!(text.content(), "\n#\n#\n");
}
