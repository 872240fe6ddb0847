//! The editor: keys in, text, questions and screens out.

use std::path::PathBuf;

use bakery::domain::recipe::{Problem, Severity};
use bakery::flows::edit::Saved;
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect as Outer;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg as OuterMsg;
use bakery::tui::screens::recipes::{self, editor};
use bakery::tui::screens::{Screen, Wish};
use bakery::tui::update::update;
use editor::{Effect, Msg};

use super::golden::{SIZES, check, check_ascii, grids, model};
use super::store::press;

const TEXT: &str = "recipe: 1\nname: team-a/payments-api\ntag: \"1.4.0\"\nbase: global/python:3.12\nsteps:\n  - packages: [curl, ca-certificates]\n  - run: |\n      useradd -r app    # made here\n  - copy: {from: app, to: /srv/app, ownr: app}\nconfig: {user: app}\n";

fn file() -> PathBuf {
    "recipes/pay/pay.yaml".into()
}

fn problem((line, column, end): (u32, u32, u32), severity: Severity, message: &str, help: Option<&str>) -> Problem {
    let (message, help) = (message.to_owned(), help.map(str::to_owned));
    Problem { line, column, end: Some((line, end)), severity, message, help }
}

fn wrong() -> Vec<Problem> {
    vec![
        problem((6, 22, 37), Severity::Hint, "`ca-certificates` is in the base already", None),
        problem((9, 37, 41), Severity::Error, "unknown key `ownr`", Some("did you mean `owner`?")),
    ]
}

fn reading(size: (u16, u16)) -> Model {
    let mut model = model(size);
    model.screen = Screen::Recipes;
    let (editor, wishes) = editor::Model::open(file(), file().display().to_string(), &model.around());
    assert_eq!(wishes, [Wish::Do(outer(Effect::Read(file())))]);
    model.recipes.editor = Some(editor);
    model
}

fn outer(effect: Effect) -> Outer {
    Outer::Recipes(recipes::Effect::Editor(effect))
}

fn tell(model: &mut Model, msg: Msg) -> Vec<Outer> {
    update(model, OuterMsg::Recipes(recipes::Msg::Editor(msg)))
}

fn opened(size: (u16, u16), text: &str, problems: Vec<Problem>) -> Model {
    let mut model = reading(size);
    tell(&mut model, Msg::Text { file: file(), read: Ok((text.to_owned(), problems)) });
    model
}

fn typed(model: &mut Model, text: &str) -> Vec<Outer> {
    text.chars()
        .flat_map(|c| {
            let key = match c {
                ' ' => "space".to_owned(),
                ':' => "colon".to_owned(),
                '-' => "minus".to_owned(),
                c => c.to_string(),
            };
            press(model, &[&key])
        })
        .collect()
}

fn content(model: &Model) -> String {
    model.recipes.editor.as_ref().unwrap().text().unwrap().content()
}

/// The text and version the last of these effects wants judged.
fn judged(effects: &[Outer]) -> Option<(String, u64)> {
    effects.iter().rev().find_map(|effect| match effect {
        Outer::Recipes(recipes::Effect::Editor(Effect::Judge { text, version, .. })) => Some((text.clone(), *version)),
        _ => None,
    })
}

fn save_of(expected: Option<&str>, text: &str) -> Outer {
    outer(Effect::Save { file: file(), expected: expected.map(|e| e.as_bytes().to_vec()), text: text.to_owned() })
}

fn saved(model: &mut Model, text: &str, outcome: Result<Saved, Report>) -> Vec<Outer> {
    tell(model, Msg::Saved { file: file(), text: text.to_owned(), outcome })
}

/// Gives the answer of this label, as the focused one's key would, and takes it in.
fn answer(model: &mut Model, label: &str) -> Vec<Outer> {
    let Overlay::Confirm(confirm) = &model.overlay else { panic!("no question") };
    let at = confirm.choices.iter().position(|choice| choice.label == label).unwrap();
    let steps = vec!["right"; at - confirm.focused];
    press(model, &steps);
    let effects = press(model, &["enter"]);
    match effects.as_slice() {
        [Outer::Recipes(recipes::Effect::Editor(Effect::Answer(answer)))] => {
            let answer = *answer;
            tell(model, Msg::Answer(answer))
        }
        _ => effects,
    }
}

fn focused(model: &Model) -> Option<&str> {
    match &model.overlay {
        Overlay::Confirm(confirm) => Some(confirm.choices[confirm.focused].label.as_str()),
        _ => None,
    }
}

#[test]
fn a_text_and_what_is_wrong_with_it() {
    for (width, height) in SIZES {
        let size = (width, height);
        check(&format!("editor/reading-{width}x{height}"), &reading(size));
        check(&format!("editor/text-{width}x{height}"), &opened(size, &TEXT.replace("ownr", "owner"), Vec::new()));
        check(&format!("editor/errors-{width}x{height}"), &opened(size, TEXT, wrong()));
        let mut model = opened(size, TEXT, wrong());
        typed(&mut model, "x");
        check(&format!("editor/modified-{width}x{height}"), &model);
        press(&mut model, &["esc"]);
        check(&format!("editor/unsaved-{width}x{height}"), &model);
        press(&mut model, &["esc", "ctrl-o"]);
        saved(&mut model, "", Ok(Saved::Changed(Some(Vec::new()))));
        check(&format!("editor/conflict-{width}x{height}"), &model);
    }
    check_ascii("editor/errors-ascii-80x24", &opened((80, 24), TEXT, wrong()));
    let mut refused = reading((80, 24));
    let report = Report::message(Kind::Usage, "recipes/pay/pay.yaml cannot be edited here: it is not UTF-8");
    tell(&mut refused, Msg::Text { file: file(), read: Err(report.help("E opens it in $EDITOR")) });
    check("editor/refused-80x24", &refused);
}

#[test]
fn long_lines_scroll_with_the_cursor_and_say_that_they_are_cut() {
    let long = format!("recipe: 1\n\n# {}\nname: 名名名名\n", "a long line of words 名 and more ".repeat(6));
    let mut model = opened((60, 16), &long, Vec::new());
    press(&mut model, &["down", "down"]);
    check("editor/long-60x16", &model);
    press(&mut model, &["end"]);
    check("editor/long-end-60x16", &model);
    // Wherever the cursor goes in it, it shows.
    for key in ["left", "right"] {
        for _ in 0..200 {
            press(&mut model, &[key]);
            let around = model.around();
            let editor = model.recipes.editor.as_ref().unwrap();
            let at = editor.cursor(around.body).unwrap();
            assert!(at.x > 0 && at.x < 59, "{at:?}");
        }
    }
}

#[test]
fn x01_x03_no_character_of_a_recipe_steers_the_screen() {
    let hostile = "name: a\u{1b}[2Jb\u{202e}c\u{200b}d\te\u{7f}\r\nx\rrest\n";
    let mut model = opened((80, 24), hostile, Vec::new());
    let (text, _) = grids(&model, false);
    assert!(text.contains("a\\x1b[2Jb\\u{202e}c\\u{200b}d"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c)), "{text:?}");
    // The cursor stands behind what the escapes take.
    press(&mut model, &["end"]);
    let editor = model.recipes.editor.as_ref().unwrap();
    let at = editor.cursor(model.around().body).unwrap();
    let row = text.lines().nth(usize::from(at.y)).unwrap();
    assert_eq!(usize::from(at.x), row.trim_end().chars().count(), "{row}");
    assert_eq!(content(&model), hostile, "and every byte is still there");
}

#[test]
fn every_change_is_judged_and_old_verdicts_are_not_believed() {
    let mut model = opened((80, 24), "a: 1\n", Vec::new());
    assert!(press(&mut model, &["right", "end", "down", "up"]).is_empty(), "moving changes nothing");
    press(&mut model, &["end"]);
    let (text, first) = judged(&typed(&mut model, "2")).unwrap();
    assert_eq!(text, "a: 12\n");
    let (text, second) = judged(&typed(&mut model, "3")).unwrap();
    assert_eq!(text, "a: 123\n");
    tell(&mut model, Msg::Judged { file: file(), version: first, problems: Ok(wrong()) });
    assert!(model.recipes.editor.as_ref().unwrap().problems.is_empty(), "of an older text");
    tell(&mut model, Msg::Judged { file: "recipes/other.yaml".into(), version: second, problems: Ok(wrong()) });
    assert!(model.recipes.editor.as_ref().unwrap().problems.is_empty(), "of another recipe");
    tell(&mut model, Msg::Judged { file: file(), version: second, problems: Ok(wrong()) });
    assert_eq!(model.recipes.editor.as_ref().unwrap().problems, wrong());
    let failure = Err(Report::message(Kind::Failed, "open the folder"));
    tell(&mut model, Msg::Judged { file: file(), version: second, problems: failure });
    assert_eq!(model.recipes.editor.as_ref().unwrap().problems, wrong(), "not judged is not free of problems");
}

#[test]
fn text_rows_stay_where_they_are_while_problems_come_and_go() {
    let rows = |model: &Model| -> Vec<String> {
        grids(model, false).0.lines().skip(2).take(16).map(|row| row.chars().skip(3).collect()).collect()
    };
    let (clean, broken) = (opened((80, 24), TEXT, Vec::new()), opened((80, 24), TEXT, wrong()));
    assert_eq!(rows(&clean), rows(&broken));
}

#[test]
fn keys_edit_and_ctrl_u_never_destroys() {
    let mut model = opened((80, 24), "steps:\n  - run: x\n", Vec::new());
    press(&mut model, &["down", "end", "enter"]);
    typed(&mut model, "- q1:");
    press(&mut model, &["tab", "ctrl-u", "ctrl-d"]);
    assert_eq!(content(&model), "steps:\n  - run: x\n  - q1:  \n");
    assert_eq!(model.screen, Screen::Recipes, "Tab is text here");
    press(&mut model, &["alt-z", "ctrl-_"]);
    assert_eq!(content(&model), "steps:\n  - run: x\n  - q1\n");
    press(&mut model, &["alt-Z", "ctrl-y"]);
    assert_eq!(content(&model), "steps:\n  - run: x\n  - q1:  \n");
    let back = ["alt-z"; 8];
    press(&mut model, &back);
    assert_eq!(content(&model), "steps:\n  - run: x\n");
    assert!(!model.recipes.editor.as_ref().unwrap().is_modified());
}

#[test]
fn a_megabyte_is_pasted_at_once_and_undone_at_once() {
    let mut model = opened((80, 24), "", Vec::new());
    let pasted = "  - run: \"echo 名\"\r".repeat(50_000);
    let effects = update(&mut model, OuterMsg::Paste(pasted.clone()));
    let expected = pasted.replace('\r', "\n");
    assert_eq!(judged(&effects).unwrap().0, expected);
    assert_eq!(content(&model), expected);
    grids(&model, false);
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), "");
}

#[test]
fn a_text_without_changes_is_left_without_a_question() {
    let mut model = opened((80, 24), TEXT, Vec::new());
    press(&mut model, &["esc"]);
    assert_eq!(model.overlay, Overlay::None);
    assert!(model.recipes.editor.is_none());
    let mut reading = reading((80, 24));
    press(&mut reading, &["esc"]);
    assert!(reading.recipes.editor.is_none(), "what is still being read can be left");
}

#[test]
fn leaving_with_changes_asks_and_the_safe_answer_is_focused() {
    let mut model = opened((80, 24), "a", Vec::new());
    typed(&mut model, "x");
    press(&mut model, &["esc"]);
    assert_eq!(focused(&model), Some("save"));
    press(&mut model, &["esc"]);
    assert_eq!(content(&model), "xa", "to say no is to go on");
    press(&mut model, &["esc"]);
    assert_eq!(answer(&mut model, "save"), [save_of(Some("a"), "xa")]);
    assert!(model.recipes.editor.is_some(), "until it is written");
    saved(&mut model, "xa", Ok(Saved::Written));
    assert!(model.recipes.editor.is_none());

    let mut model = opened((80, 24), "a", Vec::new());
    typed(&mut model, "x");
    press(&mut model, &["esc"]);
    answer(&mut model, "discard");
    assert!(model.recipes.editor.is_none());
}

#[test]
fn bakery_is_not_left_with_changes_unasked() {
    let mut model = opened((80, 24), "a", Vec::new());
    typed(&mut model, "x");
    assert_eq!(press(&mut model, &["ctrl-c", "ctrl-c"]), []);
    assert_eq!(focused(&model), Some("save"));
    assert_eq!(answer(&mut model, "save"), [save_of(Some("a"), "xa")]);
    assert_eq!(saved(&mut model, "xa", Ok(Saved::Written)), [Outer::Leave]);
}

#[test]
fn one_save_at_a_time_and_what_is_typed_meanwhile_is_kept() {
    let mut model = opened((80, 24), "a", Vec::new());
    typed(&mut model, "x");
    assert_eq!(press(&mut model, &["ctrl-o"]), [save_of(Some("a"), "xa")]);
    assert_eq!(press(&mut model, &["ctrl-o"]), [], "the first one is still being written");
    typed(&mut model, "y");
    saved(&mut model, "xa", Ok(Saved::Written));
    assert!(model.recipes.editor.as_ref().unwrap().is_modified());
    assert_eq!(press(&mut model, &["ctrl-o"]), [save_of(Some("xa"), "xya")]);
    let denied = Report::message(Kind::Failed, "write recipes/pay/pay.yaml");
    saved(&mut model, "xya", Err(denied));
    assert!(!model.toasts.is_empty());
    assert!(model.recipes.editor.as_ref().unwrap().is_modified(), "what was not written is not saved");
}

#[test]
fn a_file_changed_on_disk_is_overwritten_or_loaded_only_by_a_yes() {
    let conflict = |theirs: Option<&[u8]>| {
        let mut model = opened((80, 24), "a", Vec::new());
        typed(&mut model, "x");
        press(&mut model, &["ctrl-o"]);
        saved(&mut model, "xa", Ok(Saved::Changed(theirs.map(<[u8]>::to_vec))));
        assert_eq!(focused(&model), Some("keep editing"));
        model
    };
    let mut model = conflict(Some(b"b"));
    assert_eq!(answer(&mut model, "keep editing"), []);
    assert_eq!(content(&model), "xa");

    let mut model = conflict(Some(b"b"));
    assert_eq!(answer(&mut model, "overwrite"), [save_of(Some("b"), "xa")]);

    let mut model = conflict(Some(b"b"));
    assert_eq!(answer(&mut model, "load theirs"), [outer(Effect::Read(file()))]);
    let gone = Report::message(Kind::Usage, "open recipes/pay/pay.yaml");
    tell(&mut model, Msg::Text { file: file(), read: Err(gone) });
    assert_eq!(content(&model), "xa", "nothing is given up for what cannot be read");
    tell(&mut model, Msg::Text { file: file(), read: Ok(("b".into(), Vec::new())) });
    assert_eq!(content(&model), "b");

    let mut model = conflict(None);
    assert_eq!(answer(&mut model, "write it anew"), [save_of(None, "xa")]);
}

#[test]
fn what_is_saved_is_baked_unless_it_has_errors() {
    let bake = Outer::Recipes(recipes::Effect::Bake(file()));
    let mut model = opened((80, 24), "a", Vec::new());
    typed(&mut model, "x");
    assert_eq!(press(&mut model, &["alt-b"]), [save_of(Some("a"), "xa")], "baked once it is written");
    assert!(saved(&mut model, "xa", Ok(Saved::Written)).contains(&bake));

    let mut model = opened((80, 24), TEXT, wrong());
    assert!(!press(&mut model, &["f9"]).contains(&bake));
    let (text, _) = grids(&model, false);
    assert!(text.contains("1 error: line 9"), "{text}");
    assert!(model.recipes.editor.is_some());
}

#[test]
fn the_cursor_stays_in_sight_when_the_terminal_shrinks() {
    let mut model = opened((140, 40), &"line\n".repeat(100), Vec::new());
    press(&mut model, &["pagedown"]);
    update(&mut model, OuterMsg::Resized(ratatui::layout::Size { width: 60, height: 16 }));
    let editor = model.recipes.editor.as_ref().unwrap();
    assert!(editor.cursor(model.around().body).is_some());
    let (row, _) = editor.text().unwrap().cursor();
    assert!(grids(&model, false).0.contains(&format!(" {} ", row + 1)));
}
