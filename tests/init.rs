//! `bakery init`, and the scripts and pages made from the command line.

use std::fs;

use crate::support::binary::{bakery, failure_of, stdout_of};

#[test]
fn makes_a_workspace_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = stdout_of(&bakery(folder.path()).args(["init", "--json"]).output().unwrap());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["files"], serde_json::json!(["bakery.yaml", "recipes/first/first.yaml", ".gitignore"]));
    for file in made["files"].as_array().unwrap() {
        assert!(folder.path().join(file.as_str().unwrap()).is_file());
    }
    let workspace = fs::read_to_string(folder.path().join("bakery.yaml")).unwrap();
    let workspace: serde_yaml::Value = serde_yaml::from_str(&workspace).unwrap();
    assert_eq!(workspace["bakery"], 1);
    assert_eq!(workspace["stores"]["local"]["layout"], "./local-store");
    stdout_of(&bakery(folder.path()).args(["check", "-q"]).output().unwrap());

    fs::remove_file(folder.path().join("recipes/first/first.yaml")).unwrap();
    let again = bakery(folder.path()).arg("init").output().unwrap();
    assert!(failure_of(&again, 1).contains("bakery.yaml exists already"));
    // Nothing is written where anything would be refused.
    assert!(!folder.path().join("recipes/first/first.yaml").exists());
}

#[test]
fn leaves_a_projects_own_ignore_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitignore"), "mine\n").unwrap();
    let output = bakery(folder.path()).arg("init").output().unwrap();
    stdout_of(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("/local-store/"));
    assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "mine\n");
}

#[test]
fn another_folder_by_workspace() {
    let folder = tempfile::tempdir().unwrap();
    stdout_of(&bakery(folder.path()).args(["init", "-q", "--workspace", "there/below"]).output().unwrap());
    assert!(folder.path().join("there/below/bakery.yaml").is_file());
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout_of(&bakery(folder.path()).arg("--help").output().unwrap());
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 10, "{help}");
    let page = stdout_of(&bakery(folder.path()).arg("man").output().unwrap());
    assert!(page.contains(".TH BAKERY 1"));
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout_of(&bakery(folder.path()).args(["completions", shell]).output().unwrap());
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
            assert!(page.contains(&format!(".SS bakery {command}")), "{command}");
        }
        assert!(!page.contains("__worker"));
    }
}
