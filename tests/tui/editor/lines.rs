//! Whole lines: comments, levels, moving, cutting, pasting.

use super::assist::go;
use super::*;

const STEPS: &str = "steps:\n  - run: a\n\n  - run: b\n";

#[test]
fn comments_are_made_and_taken_away() {
    let mut model = editing((80, 24), STEPS, Vec::new());
    press(&mut model, &["down", "alt-a", "down", "down", "end", "alt-c"]);
    assert_eq!(content(&model), "steps:\n  # - run: a\n\n  # - run: b\n");
    press(&mut model, &["alt-c"]);
    assert_eq!(content(&model), STEPS);
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), "steps:\n  # - run: a\n\n  # - run: b\n", "each is one change");
}

#[test]
fn lines_move_in_and_out_together() {
    let mut model = editing((80, 24), STEPS, Vec::new());
    press(&mut model, &["down", "alt-a", "down", "down", "end", "tab"]);
    assert_eq!(content(&model), "steps:\n    - run: a\n\n    - run: b\n");
    press(&mut model, &["backtab", "backtab"]);
    assert_eq!(content(&model), "steps:\n- run: a\n\n- run: b\n");
}

#[test]
fn lines_are_moved_repeated_removed_cut_and_pasted() {
    let mut model = editing((80, 24), "a\nb\nc\n", Vec::new());
    press(&mut model, &["alt-down"]);
    assert_eq!(content(&model), "b\na\nc\n");
    press(&mut model, &["alt-up", "alt-d"]);
    assert_eq!(content(&model), "a\na\nb\nc\n");
    press(&mut model, &["alt-k"]);
    assert_eq!(content(&model), "a\nb\nc\n");
    let mut model = editing((80, 24), "a\nb\nc\n", Vec::new());
    let effects = press(&mut model, &["ctrl-x"]);
    assert!(effects.contains(&Effect::Copy("a\n".into())));
    press(&mut model, &["down", "ctrl-v"]);
    assert_eq!(content(&model), "b\na\nc\n");
    press(&mut model, &["alt-A", "alt-y"]);
    press(&mut model, &["ctrl-v", "ctrl-v"]);
    assert_eq!(content(&model), "b\na\nc\nb\na\nc\n", "what is pasted takes the selection's place");
}

#[test]
fn what_would_be_too_large_is_not_pasted_and_nothing_is_lost() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    update(&mut model, Msg::Paste("x".repeat(1 << 20)));
    assert_eq!(content(&model), TEXT);
    assert!(grids(&model, false).0.contains("not pasted"));
    let most = (1 << 20) - TEXT.len();
    update(&mut model, Msg::Paste("x".repeat(most)));
    assert_eq!(content(&model).len(), 1 << 20);
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), TEXT, "one undo takes it back");
}

#[test]
fn every_line_end_and_mark_stays_as_it_was() {
    for text in ["\u{feff}a: 1\r\n\tb\r\n", "a: 1\r\nb", "a\n\r\n\tb", "\n\n", ""] {
        let mut model = editing((80, 24), text, Vec::new());
        go(&mut model, 1, 0);
        type_in(&mut model, "x");
        press(&mut model, &["enter", "alt-c", "alt-d", "alt-up", "alt-z", "alt-z", "alt-z", "alt-z", "alt-z"]);
        for _ in 0..5 {
            press(&mut model, &["alt-z"]);
        }
        assert_eq!(content(&model), text);
        assert!(!model.recipes.editor.as_ref().unwrap().is_modified());
    }
}
