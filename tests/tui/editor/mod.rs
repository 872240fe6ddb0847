//! The editor: what is typed, what is judged, what is asked before anything is lost.

mod assist;
mod broken;
mod drafts;
mod finding;
mod lines;
mod wizard;

use bakery::domain::recipe::{Problem, Severity};
use bakery::flows::edit::Saved;
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::keymap::{Code, Key};
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::recipes::editor;
use bakery::tui::screens::{Screen, recipes};
use bakery::tui::update::update;

pub use super::golden::{SIZES, check, check_ascii, grids, model};

const FILE: &str = "/w/recipes/pay/pay.yaml";
pub const TEXT: &str = "\
# Payments: what team A serves.
recipe: 1
name: team-a/payments-api
tag: \"1.4.0\"
base: global/python:3.12
steps:
  - packages: [curl, ca-certificates]
  - copy: {from: app, to: /srv/app, ownr: app}   # the application
config: {user: app}
";

fn told(msg: editor::Msg) -> Msg {
    Msg::Recipes(recipes::Msg::Editor(msg))
}

fn wish(effect: editor::Effect) -> Effect {
    Effect::Recipes(recipes::Effect::Editor(effect))
}

fn problem() -> Problem {
    Problem {
        line: 8,
        column: 35,
        end: Some((8, 39)),
        severity: Severity::Error,
        message: "unknown key `ownr`".into(),
        help: Some("did you mean `owner`?".into()),
    }
}

/// A model whose Recipes screen opens the file; its text is still being read.
fn reading(size: (u16, u16)) -> Model {
    let mut model = model(size);
    model.screen = Screen::Recipes;
    let (editor, wishes) = editor::Model::open(FILE.into(), "recipes/pay/pay.yaml".into(), &model.around());
    assert!(!wishes.is_empty(), "the text is asked for");
    model.recipes.editor = Some(editor);
    model
}

/// The same with its text.
pub fn editing(size: (u16, u16), text: &str, problems: Vec<Problem>) -> Model {
    let mut model = reading(size);
    let read = Ok((text.to_owned(), problems));
    update(&mut model, told(editor::Msg::Text { file: FILE.into(), read }));
    model
}

/// `xa` over `a`, which was to be saved when something else stood in the file.
fn changed_on_disk(size: (u16, u16), theirs: Option<&[u8]>) -> Model {
    let mut model = editing(size, "a", Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-o"]);
    saved(&mut model, "xa", Ok(Saved::Changed(theirs.map(<[u8]>::to_vec))));
    model
}

fn save(expected: Option<&str>, text: &str) -> Effect {
    let expected = expected.map(|text| text.as_bytes().to_vec());
    wish(editor::Effect::Save { file: FILE.into(), expected, text: text.to_owned() })
}

fn saved(model: &mut Model, text: &str, outcome: Result<Saved, Report>) -> Vec<Effect> {
    update(model, told(editor::Msg::Saved { file: FILE.into(), text: text.to_owned(), outcome }))
}

pub fn focused(model: &Model) -> Option<&str> {
    match &model.overlay {
        Overlay::Confirm(confirm) => Some(confirm.choices[confirm.focused].label.as_str()),
        _ => None,
    }
}

/// Goes to the answer of this label, gives it, and takes in what comes back of it.
pub fn answer(model: &mut Model, label: &str) -> Vec<Effect> {
    for _ in 0..3 {
        if focused(model) != Some(label) {
            press(model, &["right"]);
        }
    }
    assert_eq!(focused(model), Some(label));
    match press(model, &["enter"]).as_slice() {
        [Effect::Recipes(recipes::Effect::Editor(editor::Effect::Answer(answer)))] => {
            update(model, told(editor::Msg::Answer(*answer)))
        }
        effects => effects.to_vec(),
    }
}

fn problems(model: &Model) -> Vec<Problem> {
    model.recipes.editor.as_ref().unwrap().problems.clone()
}

pub fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(key.parse().unwrap()))).collect()
}

pub fn type_in(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| update(model, Msg::Key(Key::plain(Code::Char(c))))).collect()
}

fn content(model: &Model) -> String {
    model.recipes.editor.as_ref().unwrap().text().unwrap().content()
}

fn judge(effects: &[Effect]) -> Option<editor::Asked> {
    effects.iter().find_map(|effect| match effect {
        Effect::Recipes(recipes::Effect::Editor(editor::Effect::Judge(asked))) => Some(asked.clone()),
        _ => None,
    })
}

fn forget() -> Effect {
    wish(editor::Effect::DropDraft(FILE.into()))
}

#[test]
fn golden_screens() {
    for size in SIZES {
        let (width, height) = size;
        let mut model = editing(size, TEXT, vec![problem()]);
        check(&format!("editor/problem-{width}x{height}"), &model);
        type_in(&mut model, "x");
        check(&format!("editor/modified-{width}x{height}"), &model);
        press(&mut model, &["esc"]);
        check(&format!("editor/unsaved-{width}x{height}"), &model);
        let long = format!("recipe: 1\nname: {}\n", "long-".repeat(60));
        let mut model = editing(size, &long, Vec::new());
        press(&mut model, &["down", "end"]);
        check(&format!("editor/long-line-{width}x{height}"), &model);
        check(&format!("editor/reading-{width}x{height}"), &reading(size));
        check(&format!("editor/clean-{width}x{height}"), &editing(size, &TEXT.replace("ownr", "owner"), Vec::new()));
        let model = changed_on_disk(size, Some(b"theirs"));
        check(&format!("editor/conflict-{width}x{height}"), &model);
    }
    check_ascii("editor/ascii-80x24", &editing((80, 24), TEXT, vec![problem()]));
    let mut refused = reading((80, 24));
    let report = Report::message(Kind::Usage, "recipes/pay/pay.yaml cannot be edited here: it is not UTF-8");
    update(
        &mut refused,
        told(editor::Msg::Text { file: FILE.into(), read: Err(report.help("E opens it in $EDITOR")) }),
    );
    check("editor/refused-80x24", &refused);
}

#[test]
fn every_change_is_judged_and_old_judgements_are_not_believed() {
    let mut model = editing((80, 24), TEXT, vec![problem()]);
    let first = judge(&type_in(&mut model, "#")).expect("judged at once");
    assert_eq!(first.text, content(&model));
    assert_eq!(judge(&type_in(&mut model, "# ")), None, "one at a time");
    let judged = |version| told(editor::Msg::Judged { file: FILE.into(), version, problems: Ok(Vec::new()) });
    let effects = update(&mut model, judged(first.version));
    assert_eq!(problems(&model), [problem()], "said of an older text");
    let newest = judge(&effects).expect("the newest text is judged next");
    assert_eq!(newest.text, content(&model));
    update(&mut model, judged(first.version));
    assert_eq!(problems(&model), [problem()]);
    update(&mut model, judged(newest.version));
    assert_eq!(problems(&model), []);
    let version = judge(&type_in(&mut model, "#")).unwrap().version;
    let cannot = Err(Report::message(Kind::Failed, "open the folder"));
    update(&mut model, told(editor::Msg::Judged { file: FILE.into(), version, problems: cannot }));
    assert!(!model.toasts.is_empty(), "not judged is not free of problems");
}

#[test]
fn keys_edit_and_none_destroys() {
    let mut model = editing((80, 24), "steps:\n  - run: a\n", Vec::new());
    press(&mut model, &["down", "end", "enter"]);
    type_in(&mut model, "b");
    assert_eq!(content(&model), "steps:\n  - run: a\n  b\n", "a new line begins as far in");
    press(&mut model, &["home", "tab"]);
    assert_eq!(content(&model), "steps:\n  - run: a\n    b\n", "Tab does not leave the screen");
    press(&mut model, &["alt-z"]);
    let before = content(&model);
    press(&mut model, &["ctrl-u", "ctrl-d", "ctrl-k", "ctrl-w"]);
    assert_eq!(content(&model), before);
    press(&mut model, &["alt-z", "ctrl-_"]);
    assert_eq!(content(&model), "steps:\n  - run: a\n");
    assert!(!model.recipes.editor.as_ref().unwrap().is_modified());
    press(&mut model, &["ctrl-y"]);
    assert!(model.recipes.editor.as_ref().unwrap().is_modified());
}

#[test]
fn v06_a_megabyte_is_pasted_whole_and_the_next_key_counts() {
    let mut model = editing((80, 24), "", Vec::new());
    let pasted = "- copy: {from: a, to: /b}\n".repeat(40_000);
    update(&mut model, Msg::Paste(pasted.clone()));
    type_in(&mut model, "z");
    assert_eq!(content(&model), format!("{pasted}z"));
}

#[test]
fn saving_writes_over_what_was_read_and_says_so() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "# ");
    let text = content(&model);
    assert_eq!(press(&mut model, &["ctrl-o"]), [save(Some(TEXT), &text)]);
    saved(&mut model, &text, Ok(Saved::Written));
    assert!(!model.recipes.editor.as_ref().unwrap().is_modified());
    assert!(grids(&model, false).0.contains("saved recipes/pay/pay.yaml"));
    press(&mut model, &["esc", "esc"]);
    assert!(model.recipes.editor.is_none(), "nothing unsaved: it closes");
}

#[test]
fn unsaved_changes_are_asked_about_also_when_leaving() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-c"]);
    assert!(press(&mut model, &["ctrl-c"]).is_empty(), "leaving waits for the answer");
    let Overlay::Confirm(confirm) = &model.overlay else { panic!("no question") };
    assert_eq!(confirm.choices[confirm.focused].label, "save", "the safe answer is focused");
    let effects = press(&mut model, &["right", "right", "enter"]);
    assert_eq!(effects, [forget(), Effect::Leave], "who discards them leaves");
}

#[test]
fn a_file_that_changed_on_disk_is_not_written_over() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-o"]);
    let text = content(&model);
    saved(&mut model, &text, Ok(Saved::Changed(Some(b"theirs \xff".to_vec()))));
    assert_eq!(focused(&model), Some("keep editing"));
    press(&mut model, &["enter"]);
    assert_eq!(content(&model), text, "what was typed is still there");
    assert!(model.recipes.editor.as_ref().unwrap().is_modified());
}

#[test]
fn saving_and_baking_waits_for_a_text_without_errors() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    let effects = press(&mut model, &["alt-b"]);
    assert!(effects.contains(&Effect::Recipes(recipes::Effect::Bake(FILE.into()))), "{effects:?}");
    let mut broken = editing((80, 24), TEXT, vec![problem()]);
    assert!(press(&mut broken, &["alt-b"]).is_empty());
    assert!(grids(&broken, false).0.contains("not baked"));
}

#[test]
fn x01_x04_a_recipe_steers_no_terminal() {
    let model = editing((80, 24), "a: \u{1b}[2J\u{202e}b\u{9b}31m\u{200b}\n", Vec::new());
    let (text, _) = grids(&model, false);
    assert!(!text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c)), "{text:?}");
    assert!(text.contains("a: ?[2J?b?31m?"), "{text}");
}

#[test]
fn the_cursor_stays_in_sight_in_long_lines_and_on_small_terminals() {
    let long = format!("# {}\n{}", "wide 名 and more ".repeat(20), "line\n".repeat(60));
    let mut model = editing((140, 40), &long, Vec::new());
    let at = |model: &Model| model.recipes.editor.as_ref().unwrap().cursor(model.around().body);
    press(&mut model, &["end"]);
    for key in ["left", "right"] {
        for _ in 0..300 {
            let place = at(&model).unwrap();
            assert!(place.x < 139, "not on the mark of a line that goes on: {place:?}");
            press(&mut model, &[key]);
        }
    }
    press(&mut model, &["pagedown"]);
    update(&mut model, Msg::Resized(ratatui::layout::Size { width: 60, height: 16 }));
    assert!(at(&model).is_some());
}

#[test]
fn the_cursors_line_stays_where_it_is_while_problems_come_and_go() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    press(&mut model, &["down", "down", "down", "down", "down", "down", "down", "down"]);
    let place = |model: &Model| model.recipes.editor.as_ref().unwrap().cursor(model.around().body);
    let before = place(&model);
    let judged = |model: &mut Model, problems| {
        let version = judge(&type_in(model, "x")).unwrap().version;
        press(model, &["backspace"]);
        let again = update(model, told(editor::Msg::Judged { file: FILE.into(), version, problems: Ok(Vec::new()) }));
        let version = judge(&again).unwrap().version;
        update(model, told(editor::Msg::Judged { file: FILE.into(), version, problems: Ok(problems) }));
    };
    judged(&mut model, vec![problem()]);
    assert!(grids(&model, false).0.contains("~~~~ unknown key `ownr`"));
    assert_eq!(place(&model), before);
    judged(&mut model, Vec::new());
    assert_eq!(place(&model), before);
}

#[test]
fn what_a_terminal_pastes_is_one_change() {
    let mut model = editing((80, 24), "", Vec::new());
    update(&mut model, Msg::Paste("a: 1\r\tb: \u{1b}2\r\n".into()));
    assert_eq!(content(&model), "a: 1\n\tb: 2\n");
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), "");
}

#[test]
fn what_is_not_changed_or_not_there_yet_is_left_without_a_question() {
    for mut model in [reading((80, 24)), editing((80, 24), TEXT, Vec::new())] {
        press(&mut model, &["esc"]);
        assert_eq!(model.overlay, Overlay::None);
        assert!(model.recipes.editor.is_none());
    }
}

#[test]
fn done_with_changes_saves_goes_on_or_discards() {
    let done = |label: &str| {
        let mut model = editing((80, 24), "a", Vec::new());
        type_in(&mut model, "x");
        press(&mut model, &["esc"]);
        assert_eq!(focused(&model), Some("save"), "the safe answer is focused");
        let effects = answer(&mut model, label);
        (model, effects)
    };
    let (mut model, effects) = done("save");
    assert_eq!(effects, [save(Some("a"), "xa")]);
    assert!(model.recipes.editor.is_some(), "until it is written");
    saved(&mut model, "xa", Ok(Saved::Written));
    assert!(model.recipes.editor.is_none());
    assert_eq!(content(&done("keep editing").0), "xa");
    assert!(done("discard").0.recipes.editor.is_none());
}

#[test]
fn leaving_bakery_waits_until_the_text_is_written() {
    let mut model = editing((80, 24), "a", Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-c", "ctrl-c"]);
    assert_eq!(answer(&mut model, "save"), [save(Some("a"), "xa")]);
    assert_eq!(saved(&mut model, "xa", Ok(Saved::Written)), [forget(), Effect::Leave]);
}

#[test]
fn one_save_at_a_time_and_what_is_typed_meanwhile_is_kept() {
    let mut model = editing((80, 24), "a", Vec::new());
    type_in(&mut model, "x");
    assert_eq!(press(&mut model, &["ctrl-o"]), [save(Some("a"), "xa")]);
    assert_eq!(press(&mut model, &["ctrl-o"]), [], "a second one would take the first for somebody else's");
    press(&mut model, &["alt-b"]);
    type_in(&mut model, "y");
    assert_eq!(saved(&mut model, "xa", Ok(Saved::Written)), [], "what is on show is not what would be baked");
    assert!(model.recipes.editor.as_ref().unwrap().is_modified());
    assert_eq!(press(&mut model, &["ctrl-o"]), [save(Some("xa"), "xya")]);
    saved(&mut model, "xya", Err(Report::message(Kind::Failed, "write recipes/pay/pay.yaml")));
    assert!(grids(&model, false).0.contains("write recipes/pay/pay.yaml"));
    assert!(model.recipes.editor.as_ref().unwrap().is_modified(), "what was not written is not saved");
}

#[test]
fn others_changes_are_overwritten_or_loaded_only_where_the_user_says_so() {
    let mut model = changed_on_disk((80, 24), Some(b"b"));
    assert_eq!(answer(&mut model, "overwrite"), [save(Some("b"), "xa")], "over what was seen, nothing newer");

    let mut model = changed_on_disk((80, 24), Some(b"b"));
    assert_eq!(answer(&mut model, "load theirs"), [wish(editor::Effect::Read(FILE.into()))]);
    let read = |read| told(editor::Msg::Text { file: FILE.into(), read });
    update(&mut model, read(Err(Report::message(Kind::Usage, "open recipes/pay/pay.yaml"))));
    assert_eq!(content(&model), "xa", "nothing is given up for what cannot be read");
    update(&mut model, read(Ok(("b".into(), Vec::new()))));
    assert_eq!(content(&model), "b");

    let mut gone = changed_on_disk((80, 24), None);
    assert_eq!(answer(&mut gone, "write it anew"), [save(None, "xa")]);
}
