//! Finding words, going to lines and problems.

use super::*;

fn at(model: &Model) -> (usize, usize) {
    model.recipes.editor.as_ref().unwrap().text().unwrap().cursor()
}

#[test]
fn golden_screens() {
    for size @ (width, height) in SIZES {
        let mut model = editing(size, TEXT, Vec::new());
        press(&mut model, &["ctrl-f"]);
        type_in(&mut model, "app");
        check(&format!("editor/finding-{width}x{height}"), &model);
        press(&mut model, &["down", "down", "down", "down", "down"]);
        check(&format!("editor/finding-round-{width}x{height}"), &model);
        let mut model = editing(size, TEXT, Vec::new());
        press(&mut model, &["down", "alt-a", "down", "down", "end"]);
        check(&format!("editor/selection-{width}x{height}"), &model);
    }
}

#[test]
fn a_word_is_found_while_it_is_typed_and_esc_goes_back() {
    let mut model = editing((80, 24), "a\nrun\nb run\n", Vec::new());
    press(&mut model, &["ctrl-f"]);
    type_in(&mut model, "ru");
    assert_eq!(at(&model), (1, 0));
    type_in(&mut model, "x");
    assert_eq!(at(&model), (0, 0), "nowhere: where it began");
    assert!(grids(&model, false).0.contains("nowhere in this recipe"));
    press(&mut model, &["backspace", "down"]);
    assert_eq!(at(&model), (2, 2));
    press(&mut model, &["esc"]);
    assert_eq!(
        (at(&model), content(&model).as_str()),
        ((0, 0), "a\nrun\nb run\n"),
        "nothing of it was typed into the text"
    );

    press(&mut model, &["ctrl-f"]);
    type_in(&mut model, "run");
    press(&mut model, &["enter", "f3"]);
    assert_eq!(at(&model), (2, 2));
    press(&mut model, &["f3"]);
    assert_eq!(at(&model), (1, 0));
    assert!(grids(&model, false).0.contains("from the top again"), "and says that it went round");
    press(&mut model, &["f2"]);
    assert_eq!(at(&model), (2, 2));
    press(&mut model, &["esc", "esc"]);
    assert!(model.recipes.editor.is_none(), "the first Esc takes the marks away");
}

#[test]
fn goes_to_a_line_and_back() {
    let mut model = editing((80, 24), &"line\n".repeat(3_000), Vec::new());
    press(&mut model, &["alt-g"]);
    type_in(&mut model, "2x50");
    assert_eq!(at(&model), (249, 0));
    press(&mut model, &["enter"]);
    assert_eq!(at(&model), (249, 0));
    press(&mut model, &["alt-g"]);
    type_in(&mut model, "9999999");
    assert_eq!(at(&model), (3_000, 0), "the last one");
    press(&mut model, &["esc"]);
    assert_eq!(at(&model), (249, 0));
}

#[test]
fn a_click_puts_the_cursor_there() {
    use bakery::tui::msg::Mouse;
    use ratatui::layout::Position;
    let mut model = editing((80, 24), TEXT, vec![Problem { line: 2, column: 1, end: None, ..problem() }]);
    let mut click = |x, y| {
        update(&mut model, Msg::Mouse(Mouse::Click(Position { x, y })));
        at(&model)
    };
    // Below line 2 stands what is wrong with it.
    assert_eq!((click(7, 2), click(9, 5), click(70, 3)), ((0, 0), (2, 2), (1, 9)));
    assert_eq!(click(3, 22), (1, 9), "nothing to click at");
}

#[test]
fn problems_are_gone_to_one_after_another() {
    let wrong = |line, column| Problem { line, column, end: None, ..problem() };
    let mut model = editing((80, 24), TEXT, vec![wrong(3, 1), wrong(8, 35), wrong(8, 5)]);
    assert_eq!(at(&model), (2, 0), "the first when it is opened");
    let mut places = Vec::new();
    for key in ["f8", "f8", "f8", "f7", "f7"] {
        press(&mut model, &[key]);
        places.push(at(&model));
    }
    assert_eq!(places, [(7, 4), (7, 34), (2, 0), (7, 34), (7, 4)]);
    let mut clean = editing((80, 24), TEXT, Vec::new());
    press(&mut clean, &["f8"]);
    assert!(grids(&clean, false).0.contains("no problems"));
}
