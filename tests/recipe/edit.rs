//! Recipes as the editor reads, judges and saves them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bakery::flows::Context;
use bakery::flows::edit::Saved;
use proptest::prelude::*;

use super::{HEAD, Workspace};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_text_is_judged_as_check_would_once_it_is_saved() {
    let workspace = Workspace::new();
    workspace.write("other.yaml", "recipe: 1\nname: team-a/other\ntag: \"1\"\nbase: local/team-a/x:1\n");
    let file = workspace.write("r.yaml", HEAD);
    let context = Context::load(Some(workspace.path())).unwrap();
    let texts = [
        HEAD.to_owned(),
        String::new(),
        "recipe: 1\nname: [\n".into(),
        "recipe: 1\nname: team-a/Payments\ntag: 1.10\nbase: globl/python:3.12\nsteps: [{rn: x}, {copy: {from: x}}]\n"
            .into(),
        "recipe: 1\r\nname: team-a/x\r\ntag: \"1\"\r\nbase: global/os:12\r\nstps: []\r\n".into(),
        "\u{feff}recipe: 1\nnaem: team-a/x\n".into(),
        // Bases that go in a circle with another recipe of the workspace.
        "recipe: 1\nname: team-a/x\ntag: \"1\"\nbase: local/team-a/other:1\n".into(),
    ];
    let mut wrong = 0;
    for text in texts {
        std::fs::write(&file, HEAD).unwrap();
        let judged = context.judge_text(&file, &text).unwrap();
        let said: Vec<String> =
            judged.iter().map(|p| format!("{}:{}: {}: {}", p.line, p.column, p.severity.as_str(), p.message)).collect();
        assert_eq!(said, workspace.problems(&text), "{text:?}");
        wrong += usize::from(!said.is_empty());
    }
    assert_eq!(wrong, 6, "every text but the first has a problem");
}

#[test]
fn a_save_is_whole_keeps_the_mode_and_leaves_nothing_beside_it() {
    let workspace = Workspace::new();
    let file = workspace.write("r.yaml", "a");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let context = Context::load(Some(workspace.path())).unwrap();
    assert_eq!(context.save_edit(&file, Some(b"a"), "b").unwrap(), Saved::Written);
    assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("b", 0o640));
    assert_eq!(names(&workspace.path().join("recipes")), ["r.yaml"]);
}

#[test]
fn a_link_stays_a_link_and_its_target_is_written() {
    let workspace = Workspace::new();
    let target = workspace.path().join("kept.yaml");
    std::fs::write(&target, "a").unwrap();
    let link = workspace.path().join("recipes/r.yaml");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let context = Context::load(Some(workspace.path())).unwrap();
    assert_eq!(context.save_edit(&link, Some(b"a"), "b").unwrap(), Saved::Written);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "b");
    assert!(link.symlink_metadata().unwrap().is_symlink());
}

#[test]
fn what_somebody_else_wrote_is_never_overwritten_unseen() {
    let workspace = Workspace::new();
    let file = workspace.write("r.yaml", b"theirs \xff");
    let context = Context::load(Some(workspace.path())).unwrap();
    let theirs = Saved::Changed(Some(b"theirs \xff".to_vec()));
    assert_eq!(context.save_edit(&file, Some(b"a"), "mine").unwrap(), theirs);
    assert_eq!(context.save_edit(&file, None, "mine").unwrap(), theirs, "a file where none was expected");
    assert_eq!(std::fs::read(&file).unwrap(), b"theirs \xff");
    // Seen, and overwritten all the same.
    assert_eq!(context.save_edit(&file, Some(b"theirs \xff"), "mine").unwrap(), Saved::Written);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(context.save_edit(&file, Some(b"mine"), "mine 2").unwrap(), Saved::Changed(None));
    assert!(!file.exists(), "a file somebody removed does not come back by itself");
    assert_eq!(context.save_edit(&file, None, "mine 2").unwrap(), Saved::Written);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine 2");
}

#[test]
fn what_is_no_text_or_too_large_is_refused_with_what_to_do() {
    let workspace = Workspace::new();
    let context = Context::load(Some(workspace.path())).unwrap();
    let binary = workspace.write("binary.yaml", b"recipe: 1\n\xff\xfe");
    let large = workspace.write("large.yaml", vec![b'#'; (1 << 20) + 1]);
    let fits = workspace.write("fits.yaml", vec![b'#'; 1 << 20]);
    for (file, why) in [(&binary, "is not UTF-8"), (&large, "larger than a recipe may be")] {
        let report = context.read_to_edit(file).unwrap_err();
        assert!(report.message.contains(why), "{report:?}");
        assert!(report.help.is_some(), "{report:?}");
    }
    assert_eq!(context.read_to_edit(&fits).unwrap().0.len(), 1 << 20);
    let report = context.save_edit(&fits, Some(b""), &"#".repeat((1 << 20) + 1)).unwrap_err();
    assert!(report.message.contains("larger"), "{report:?}");
    assert_eq!(std::fs::metadata(&fits).unwrap().len(), 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_file_read_and_saved_untouched_is_the_same_file(text in "(\u{feff})?([a-z#: \t名\u{202e}]{0,6}(\n|\r\n|\r)?){0,8}") {
        let workspace = Workspace::new();
        let file = workspace.write("r.yaml", &text);
        let context = Context::load(Some(workspace.path())).unwrap();
        let (read, _) = context.read_to_edit(&file).unwrap();
        let again = bakery::tui::screens::recipes::editor::Text::new(&read).content();
        prop_assert_eq!(context.save_edit(&file, Some(text.as_bytes()), &again).unwrap(), Saved::Written);
        prop_assert_eq!(std::fs::read(&file).unwrap(), text.into_bytes());
    }
}
