//! Editing recipes in place: judged as `check` judges, saved whole, never over what somebody else wrote.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use bakery::flows::Context;

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
    ];
    for text in texts {
        let judged = context.judge_text(&file, &text).unwrap();
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
}

#[test]
fn a_save_is_whole_keeps_the_mode_and_never_falls_on_others_changes() {
    let (_bakery, file, context) = workspace();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mine = RECIPE.replace("app", "www");
    context.save_edit(&file, RECIPE, &mine).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), mine);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let theirs = RECIPE.replace("app", "root");
    std::fs::write(&file, &theirs).unwrap();
    let refused = context.save_edit(&file, &mine, "mine again").unwrap_err();
    assert!(refused.message.contains("has changed on disk"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
}

#[test]
fn a_symbolic_link_stays_one() {
    let (bakery, file, context) = workspace();
    let link = bakery.path("recipes/linked.yaml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    context.save_edit(&link, RECIPE, "recipe: 1\n").unwrap();
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
}
