//! The editor: what is typed, what is judged, what is asked before anything is lost.

use std::path::PathBuf;

use bakery::domain::recipe::{Problem, Severity};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::keymap::{Code, Key};
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::recipes::editor::{self, Answer};
use bakery::tui::screens::{Screen, recipes};
use bakery::tui::update::update;

use super::golden::{SIZES, check, check_ascii, grids, model};

const FILE: &str = "/w/recipes/pay/pay.yaml";
const TEXT: &str = "\
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

/// A model whose Recipes screen edits the file; its text has been read.
fn editing(size: (u16, u16), text: &str, problems: Vec<Problem>) -> Model {
    let mut model = model(size);
    model.screen = Screen::Recipes;
    let (editor, wishes) = editor::Model::open(FILE.into(), "recipes/pay/pay.yaml".into(), &model.around());
    assert!(!wishes.is_empty(), "the text is asked for");
    model.recipes.editor = Some(editor);
    let read = Ok((text.to_owned(), problems));
    update(&mut model, told(editor::Msg::Text { file: FILE.into(), read }));
    model
}

fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(key.parse().unwrap()))).collect()
}

fn type_in(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| update(model, Msg::Key(Key::plain(Code::Char(c))))).collect()
}

fn content(model: &Model) -> String {
    model.recipes.editor.as_ref().unwrap().text().unwrap().content()
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
    }
    check_ascii("editor/ascii-80x24", &editing((80, 24), TEXT, vec![problem()]));
    let mut refused = editing((80, 24), "", Vec::new());
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
    let effects = type_in(&mut model, "#");
    let [Effect::Recipes(recipes::Effect::Editor(editor::Effect::Judge { text, version, .. }))] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*text, content(&model));
    let judged = |version| told(editor::Msg::Judged { file: FILE.into(), version, problems: Vec::new() });
    update(&mut model, judged(version - 1));
    assert_eq!(model.recipes.editor.as_ref().unwrap().counts(), (1, 0), "said of an older text");
    update(&mut model, judged(*version));
    assert_eq!(model.recipes.editor.as_ref().unwrap().counts(), (0, 0));
}

#[test]
fn keys_edit_and_none_destroys() {
    let mut model = editing((80, 24), "steps:\n  - run: a\n", Vec::new());
    press(&mut model, &["down", "end", "enter"]);
    type_in(&mut model, "b");
    assert_eq!(content(&model), "steps:\n  - run: a\n  b\n", "a new line begins as far in");
    let before = content(&model);
    press(&mut model, &["ctrl-u", "ctrl-d", "ctrl-k", "ctrl-w"]);
    assert_eq!(content(&model), before);
    press(&mut model, &["alt-z", "alt-z", "alt-z"]);
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
    let save = editor::Effect::Save { file: PathBuf::from(FILE), before: TEXT.into(), text: text.clone() };
    assert_eq!(press(&mut model, &["ctrl-o"]), [wish(save)]);
    update(&mut model, told(editor::Msg::Saved { file: FILE.into(), text, failure: None }));
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
    assert_eq!(effects, [wish(editor::Effect::Answer(Answer::Discard))]);
    update(&mut model, told(editor::Msg::Answer(Answer::Discard)));
    assert!(model.recipes.editor.is_none());
}

#[test]
fn a_file_that_changed_on_disk_is_not_written_over() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-o"]);
    let report = Report::message(Kind::Usage, "recipes/pay/pay.yaml has changed on disk since it was read");
    let text = content(&model);
    update(&mut model, told(editor::Msg::Saved { file: FILE.into(), text: text.clone(), failure: Some(report) }));
    check("editor/conflict-80x24", &model);
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
