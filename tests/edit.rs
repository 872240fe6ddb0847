//! Editing recipes in place: judged as `check` judges, saved whole, never over what somebody else wrote.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use bakery::flows::Context;
use bakery::flows::edit::Saved;
use proptest::prelude::*;

use crate::support::bakery::Bakery;

const RECIPE: &str =
    "recipe: 1 # ours\nname: team-a/x\ntag: \"1\"   # quoted\nbase: global/os:12 # inherited\nconfig: {user: app}\n";

fn workspace() -> (Bakery, PathBuf, Context) {
    let bakery = Bakery::new();
    let file = bakery.write("recipes/x.yaml", RECIPE);
    let context = Context::load(Some(&bakery.path(""))).unwrap();
    (bakery, file, context)
}

#[test]
fn the_editor_is_told_what_check_tells() {
    let (bakery, file, context) = workspace();
    let texts = [
        RECIPE.to_owned(),
        RECIPE.replace("tag:", "tga:"),
        RECIPE.replace("config: {user: app}", "steps:\n  - copy: {from: nowhere, to: srv, ownr: x}\n  - rnu: ls\n"),
        "recipe: 1\nname: [\n".to_owned(),
        "recipe: 1\nname: UPPER\ntag: ''\nbase: nostore/x:1\n".to_owned(),
        String::new(),
        RECIPE.replace('\n', "\r\n").replace("tag:", "tga:"),
        format!("\u{feff}{}", RECIPE.replace("tag:", "tga:")),
        // Bases that go in a circle with another recipe of the workspace.
        RECIPE.replace("global/os:12", "local/team-a/y:1"),
    ];
    bakery.write("recipes/y.yaml", RECIPE.replace("team-a/x", "team-a/y").replace("global/os:12", "local/team-a/x:1"));
    let mut circles = 0;
    for text in texts {
        std::fs::write(&file, RECIPE).unwrap();
        let judged = context.judge_text(&file, &text).unwrap();
        circles += judged.iter().filter(|p| p.message.contains("go in a circle")).count();
        std::fs::write(&file, &text).unwrap();
        let said = bakery.run(&["check", "--json", "recipes/x.yaml"]);
        let told: Vec<serde_json::Value> = serde_json::from_slice(&said.stdout).unwrap();
        let place = |line: u64, column: u64, message: &str| format!("{line}:{column} {message}");
        let told: Vec<String> = told
            .iter()
            .map(|p| place(p["line"].as_u64().unwrap(), p["column"].as_u64().unwrap(), p["message"].as_str().unwrap()))
            .collect();
        let judged: Vec<String> = judged.iter().map(|p| place(p.line.into(), p.column.into(), &p.message)).collect();
        assert_eq!(judged, told, "{text}");
    }
    assert_eq!(circles, 1);
}

#[test]
fn a_save_is_whole_keeps_the_mode_and_never_falls_on_others_changes() {
    let (_bakery, file, context) = workspace();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mine = RECIPE.replace("app", "www");
    assert_eq!(context.save_edit(&file, Some(RECIPE.as_bytes()), &mine).unwrap(), Saved::Written);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), mine);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let beside: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside, ["x.yaml"], "nothing is left beside it");
    std::fs::write(&file, b"theirs \xff").unwrap();
    let theirs = Saved::Changed(Some(b"theirs \xff".to_vec()));
    assert_eq!(context.save_edit(&file, Some(mine.as_bytes()), "mine again").unwrap(), theirs);
    assert_eq!(context.save_edit(&file, None, "mine again").unwrap(), theirs, "a file where none was expected");
    assert_eq!(std::fs::read(&file).unwrap(), b"theirs \xff");
    // Seen, and overwritten all the same.
    assert_eq!(context.save_edit(&file, Some(b"theirs \xff"), &mine).unwrap(), Saved::Written);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), mine);
}

#[test]
fn a_recipe_somebody_removed_does_not_come_back_by_itself() {
    let (_bakery, file, context) = workspace();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(context.save_edit(&file, Some(RECIPE.as_bytes()), "mine").unwrap(), Saved::Changed(None));
    assert!(!file.exists());
    assert_eq!(context.save_edit(&file, None, "mine").unwrap(), Saved::Written);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_symbolic_link_stays_one() {
    let (bakery, file, context) = workspace();
    let link = bakery.path("recipes/linked.yaml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(context.save_edit(&link, Some(RECIPE.as_bytes()), "recipe: 1\n").unwrap(), Saved::Written);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "recipe: 1\n");
}

#[test]
fn y10_what_is_no_text_is_refused_and_stays() {
    let (bakery, _, context) = workspace();
    let binary = bakery.write("recipes/b.yaml", b"recipe: 1\n\xff\xfe");
    let refused = context.read_to_edit(&binary).unwrap_err();
    assert!(refused.message.contains("not UTF-8"), "{refused}");
    let huge = bakery.write("recipes/h.yaml", "#".repeat((1 << 20) + 1));
    assert!(context.read_to_edit(&huge).unwrap_err().message.contains("larger"));
    let fits = bakery.write("recipes/f.yaml", "#".repeat(1 << 20));
    assert_eq!(context.read_to_edit(&fits).unwrap().0.len(), 1 << 20);
    let refused = context.save_edit(&fits, Some(b""), &"#".repeat((1 << 20) + 1)).unwrap_err();
    assert!(refused.message.contains("larger"), "{refused}");
    assert_eq!(std::fs::metadata(&fits).unwrap().len(), 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_file_saved_as_it_was_read_is_the_same_file(text in "(\u{feff})?([a-z#: \t名\u{202e}]{0,6}(\n|\r\n|\r)?){0,8}") {
        let (_bakery, file, context) = workspace();
        std::fs::write(&file, &text).unwrap();
        let (read, _) = context.read_to_edit(&file).unwrap();
        let again = bakery::tui::screens::recipes::editor::Text::new(&read).content();
        prop_assert_eq!(context.save_edit(&file, Some(text.as_bytes()), &again).unwrap(), Saved::Written);
        prop_assert_eq!(std::fs::read(&file).unwrap(), text.into_bytes());
    }
}
