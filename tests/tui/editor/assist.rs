//! Help at the cursor: what may stand there, what stands there means, what a bake would do.

use std::sync::Arc;

use bakery::domain::recipe::assist::{Completion, Completions, Hover, Source};
use bakery::domain::trust::CheckVerdict;
use bakery::flows::assist::{Foreseen, Foresight};

use super::*;
use crate::tui::recipes::prospect;

const OWNER: &str = "\
recipe: 1
name: team-a/payments-api
tag: \"1.4.0\"
base: global/python:3.12
steps:
  - run: |
      useradd -r app
  - copy: {from: app, to: /srv/app, owner: }
config: {user: app, env: {DEBUG: false}}
";

fn item(label: &str, note: &str, source: Source) -> Completion {
    Completion { label: label.into(), insert: label.into(), note: note.into(), source }
}

fn owners(at: (usize, usize), typed: usize) -> Completions {
    let items = vec![
        item("app", "uid 999, made by step 1", Source::Recipe),
        item("www-data", "uid 33", Source::Base),
        item("nobody", "uid 65534", Source::Base),
    ];
    Completions { line: at.0, from: at.1 - typed, to: at.1, what: "owner".into(), items }
}

/// What was asked of the text last.
fn asked(effects: &[Effect], wanted: fn(&editor::Effect) -> Option<&editor::Asked>) -> Option<editor::Asked> {
    let inner = effects.iter().rev().find_map(|effect| match effect {
        Effect::Recipes(recipes::Effect::Editor(effect)) => wanted(effect),
        _ => None,
    });
    inner.cloned()
}

fn to_complete(effects: &[Effect]) -> Option<editor::Asked> {
    asked(effects, |effect| if let editor::Effect::Complete(asked) = effect { Some(asked) } else { None })
}

fn to_explain(effects: &[Effect]) -> Option<editor::Asked> {
    asked(effects, |effect| if let editor::Effect::Explain(asked) = effect { Some(asked) } else { None })
}

fn to_foresee(effects: &[Effect]) -> Option<editor::Asked> {
    asked(effects, |effect| if let editor::Effect::Foresee(asked) = effect { Some(asked) } else { None })
}

fn completed(model: &mut Model, asked: &editor::Asked, completions: Completions) -> Vec<Effect> {
    let (version, at) = (asked.version, asked.at);
    update(model, told(editor::Msg::Completed { file: FILE.into(), version, at, completions }))
}

/// The cursor where an owner is to be named; Tab was pressed and answered.
fn owner(size: (u16, u16)) -> Model {
    let mut model = editing(size, OWNER, Vec::new());
    go(&mut model, 7, 43);
    let asked = to_complete(&press(&mut model, &["tab"])).expect("Tab asks what may stand there");
    assert_eq!((asked.text.as_str(), asked.at), (OWNER, (7, 43)));
    completed(&mut model, &asked, owners(asked.at, 0));
    model
}

pub fn go(model: &mut Model, line: usize, column: usize) {
    for _ in 0..line {
        press(model, &["down"]);
    }
    press(model, &["home"]);
    for _ in 0..column {
        press(model, &["right"]);
    }
}

fn foresight() -> Foresight {
    let check = |id: &str, verdict, why: &str, line| Foreseen { id: id.into(), verdict, why: why.into(), line };
    Foresight {
        prospect: prospect(),
        pulls: 0,
        took: Some(4_000),
        checks: vec![
            check("image.user", CheckVerdict::Pass, "app", Some(9)),
            check("lineage.contract", CheckVerdict::Fail, "/etc/ssl/openssl.cnf is protected by the base", Some(7)),
            check("image.packages", CheckVerdict::Unknown, "known once it is baked", None),
        ],
    }
}

fn foreseen(model: &mut Model, version: u64) {
    let foresight = Ok(Arc::new(foresight()));
    update(model, told(editor::Msg::Foreseen { file: FILE.into(), version, foresight }));
}

#[test]
fn golden_screens() {
    for size @ (width, height) in SIZES {
        check(&format!("editor/completion-{width}x{height}"), &owner(size));
        let mut model = owner(size);
        press(&mut model, &["down", "down"]);
        check(&format!("editor/completion-last-{width}x{height}"), &model);

        let mut model = editing(size, OWNER, Vec::new());
        go(&mut model, 3, 8);
        let asked = to_explain(&press(&mut model, &["alt-h"])).unwrap();
        let hover = Hover {
            title: "global/python:3.12".into(),
            lines: vec![
                "signed by global, 3 d old, 4 layers, 94.1 MB".into(),
                "user root, contract: 4 protected globs".into(),
            ],
        };
        let (version, at) = (asked.version, asked.at);
        update(&mut model, told(editor::Msg::Explained { file: FILE.into(), version, at, hover: Some(hover) }));
        check(&format!("editor/meaning-{width}x{height}"), &model);
        press(&mut model, &["esc"]);
        check(&format!("editor/meaning-quiet-{width}x{height}"), &model);

        let mut model = reading(size);
        let read = Ok((OWNER.replace("owner: ", "owner: app"), Vec::new()));
        let mut effects = update(&mut model, told(editor::Msg::Text { file: FILE.into(), read }));
        if width < 100 {
            assert_eq!(to_foresee(&effects), None, "what does not show is not asked for");
            effects = press(&mut model, &["alt-p"]);
        }
        let asked = to_foresee(&effects).unwrap();
        check(&format!("editor/plan-awaited-{width}x{height}"), &model);
        foreseen(&mut model, asked.version);
        check(&format!("editor/plan-{width}x{height}"), &model);
        type_in(&mut model, "#");
        check(&format!("editor/plan-old-{width}x{height}"), &model);
    }
    check_ascii("editor/completion-ascii-80x24", &owner((80, 24)));
}

#[test]
fn what_is_chosen_goes_in_as_one_change() {
    let mut model = owner((80, 24));
    press(&mut model, &["down", "enter"]);
    assert_eq!(content(&model), OWNER.replace("owner: ", "owner: www-data"));
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), OWNER);

    let mut model = owner((80, 24));
    press(&mut model, &["tab"]);
    assert_eq!(content(&model), OWNER.replace("owner: ", "owner: app"));

    let mut model = owner((80, 24));
    press(&mut model, &["esc"]);
    assert!(!grids(&model, false).0.contains("www-data"));
    assert!(model.recipes.editor.is_some(), "Esc closes the list only");
    assert_eq!(content(&model), OWNER);
}

#[test]
fn typing_on_narrows_and_what_is_taken_replaces_what_was_typed() {
    let mut model = owner((80, 24));
    type_in(&mut model, "no");
    let (text, _) = grids(&model, false);
    assert!(text.contains("nobody") && !text.contains("www-data"), "{text}");
    press(&mut model, &["backspace"]);
    press(&mut model, &["tab"]);
    assert_eq!(content(&model), OWNER.replace("owner: ", "owner: nobody"), "over what was typed since");
    type_in(&mut model, "}");
    assert!(!grids(&model, false).0.contains("www-data"));
}

#[test]
fn a_list_that_came_by_itself_does_not_take_enter() {
    let mut model = editing((80, 24), OWNER, Vec::new());
    go(&mut model, 7, 43);
    let asked = to_complete(&type_in(&mut model, "a")).expect("a letter asks");
    completed(&mut model, &asked, owners(asked.at, 1));
    assert!(grids(&model, false).0.contains("uid 999"));
    press(&mut model, &["enter"]);
    assert!(content(&model).contains("owner: a\n"), "a new line, as without help");

    let mut model = editing((80, 24), OWNER, Vec::new());
    go(&mut model, 7, 43);
    let asked = to_complete(&type_in(&mut model, "a")).unwrap();
    completed(&mut model, &asked, owners(asked.at, 1));
    press(&mut model, &["down", "enter"]);
    assert_eq!(content(&model), OWNER.replace("owner: ", "owner: app"), "the first key chooses the first one");
}

#[test]
fn what_was_said_of_an_older_text_or_another_place_does_not_come_up() {
    let mut model = editing((80, 24), OWNER, Vec::new());
    go(&mut model, 7, 43);
    let asked = to_complete(&type_in(&mut model, "a")).unwrap();
    let newer = to_complete(&type_in(&mut model, "p")).unwrap();
    assert!(newer.version > asked.version);
    completed(&mut model, &asked, owners(asked.at, 1));
    assert!(!grids(&model, false).0.contains("uid 999"), "of an older text");
    press(&mut model, &["left"]);
    completed(&mut model, &newer, owners(newer.at, 2));
    assert!(!grids(&model, false).0.contains("uid 999"), "of another place");
    let nothing = Completions { line: 7, from: 43, to: 43, ..Completions::default() };
    completed(&mut model, &newer, nothing);
    assert_eq!(content(&model), OWNER.replace("owner: ", "owner: ap"));
}

#[test]
fn tab_moves_in_where_nothing_is_found_and_takes_the_only_one() {
    let mut model = editing((80, 24), "a: b", Vec::new());
    press(&mut model, &["end"]);
    let asked = to_complete(&press(&mut model, &["tab"])).unwrap();
    completed(&mut model, &asked, Completions { line: 0, from: 4, to: 4, ..Completions::default() });
    assert_eq!(content(&model), "a: b  ");

    let mut model = editing((80, 24), "us", Vec::new());
    press(&mut model, &["end"]);
    let asked = to_complete(&press(&mut model, &["tab"])).unwrap();
    let only = Completion { insert: "user: ".into(), ..item("user", "the account", Source::Language) };
    let completions = Completions { line: 0, from: 0, to: 2, what: "a key".into(), items: vec![only] };
    let effects = completed(&mut model, &asked, completions);
    assert_eq!(content(&model), "user: ");
    assert_eq!(to_complete(&effects).unwrap().at, (0, 6), "after a key, its value");
}

#[test]
fn the_list_never_covers_the_cursors_line() {
    for size in [(60, 16), (80, 24)] {
        for line in 0..40 {
            let text = format!("{}  owner: \n{}", "# line\n".repeat(line), "# line\n".repeat(40));
            let mut model = editing(size, &text, Vec::new());
            go(&mut model, line, 9);
            let asked = to_complete(&press(&mut model, &["tab"])).unwrap();
            completed(&mut model, &asked, owners(asked.at, 0));
            let (text, _) = grids(&model, false);
            let cursor = model.recipes.editor.as_ref().unwrap().cursor(model.around().body).unwrap();
            let row = text.lines().nth(cursor.y.into()).unwrap();
            assert!(row.ends_with("owner:"), "{text}");
            assert!(text.contains("nobody"), "{text}");
        }
    }
}

#[test]
fn x01_x04_what_a_base_offers_steers_no_terminal() {
    let hostile = "a\u{1b}[2J\u{202e}b\u{9b}31m";
    let mut model = owner((80, 24));
    press(&mut model, &["esc"]);
    let asked = to_complete(&press(&mut model, &["tab"])).unwrap();
    let mut completions = owners(asked.at, 0);
    completions.what = hostile.into();
    completions.items[0] = item(hostile, hostile, Source::Base);
    completed(&mut model, &asked, completions);
    let clean = |model: &Model| {
        let (text, _) = grids(model, false);
        assert!(!text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c)), "{text:?}");
    };
    clean(&model);
    press(&mut model, &["enter"]);
    assert!(!content(&model).chars().any(|c| c != '\n' && c.is_control()), "and none of it goes into the recipe");
    let asked = to_explain(&press(&mut model, &["alt-h"])).unwrap();
    let hover = Some(Hover { title: hostile.into(), lines: vec![hostile.into()] });
    let (version, at) = (asked.version, asked.at);
    update(&mut model, told(editor::Msg::Explained { file: FILE.into(), version, at, hover }));
    clean(&model);
    press(&mut model, &["alt-p"]);
    let version = to_foresee(&press(&mut model, &["alt-p", "alt-p"])).map_or(0, |asked| asked.version);
    let mut known = foresight();
    known.checks[0].why = hostile.into();
    known.prospect.plan.platforms[0].steps[0].summary = hostile.into();
    let foresight = Ok(Arc::new(known));
    update(&mut model, told(editor::Msg::Foreseen { file: FILE.into(), version, foresight }));
    clean(&model);
}

#[test]
fn the_plan_is_asked_for_when_a_text_without_errors_was_judged() {
    let mut model = editing((140, 40), OWNER, Vec::new());
    let judged = |model: &mut Model, version, problems| {
        update(model, told(editor::Msg::Judged { file: FILE.into(), version, problems: Ok(problems) }))
    };
    let version = judge(&type_in(&mut model, "#")).unwrap().version;
    assert_eq!(to_foresee(&judged(&mut model, version, vec![problem()])), None);
    assert!(grids(&model, false).0.contains("known once the text has no errors"));
    let version = judge(&type_in(&mut model, "#")).unwrap().version;
    let asked = to_foresee(&judged(&mut model, version, Vec::new())).unwrap();
    foreseen(&mut model, asked.version - 1);
    assert!(!grids(&model, false).0.contains("image.user"), "of an older text");
    foreseen(&mut model, asked.version);
    let (text, _) = grids(&model, false);
    assert!(text.contains("4.0 s last time") || text.contains("4 s last time"), "{text}");
    let version = judge(&type_in(&mut model, "#")).unwrap().version;
    judged(&mut model, version, vec![problem()]);
    let (text, _) = grids(&model, false);
    assert!(text.contains("image.user") && text.contains("as it was before the errors"), "{text}");
}
