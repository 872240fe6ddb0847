//! The workspace file: found, read, and what is wrong with it.

use std::path::Path;

use bakery::adapters::settings::{Paths, StorePlace, Workspace as Settings};

use super::Workspace;

#[test]
fn found_in_the_nearest_folder_above() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{}config: {{user: a}}\n", super::HEAD));
    let deep = workspace.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    let output = crate::support::binary::bakery(workspace.path()).current_dir(&deep).arg("check").output().unwrap();
    assert_eq!(crate::support::binary::stdout_of(&output), "");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "recipes/r.yaml: no problems\n");
}

#[test]
fn errors_have_places_and_end_with_2() {
    let workspace = Workspace::new();
    std::fs::write(workspace.path().join("bakery.yaml"), "bakery: 1\nstores:\n  global: {registri: a.b}\n").unwrap();
    let (code, _, stderr) = workspace.run(&["check"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("bakery.yaml:3:12: unknown key `registri` in a store; did you mean `registry`?"),
        "{stderr}"
    );
    let (code, _, stderr) = workspace.run(&["check", "--workspace", "nowhere"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no bakery.yaml in ") && stderr.contains("nowhere"), "{stderr}");
}

#[test]
fn hostile_settings_are_refused() {
    let workspace = Workspace::new();
    for text in ["[".repeat(50_000), format!("bakery: 1\n# {}\n", "x".repeat(1 << 20)), "bakery: 1\nbakery: 1\n".into()]
    {
        std::fs::write(workspace.path().join("bakery.yaml"), text).unwrap();
        assert_eq!(workspace.run(&["check"]).0, 2);
    }
}

#[test]
fn the_users_own_settings() {
    let workspace = Workspace::new();
    let config = workspace.path().join(".home/config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.yaml"), "pack: {compression: lzma}\n").unwrap();
    let (code, _, stderr) = workspace.run(&["check"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("config.yaml:1:21: unknown compression `lzma`"), "{stderr}");
}

#[test]
fn relative_paths_begin_at_the_workspace() {
    let workspace = Workspace::new();
    let settings = Settings::load(Some(workspace.path()), &Paths::below(Path::new("/h"))).unwrap();
    assert_eq!(settings.stores["global"].place, StorePlace::Layout(workspace.path().join("global")));
    assert_eq!(settings.stores["local"].place, StorePlace::Layout(Path::new("/h/data/store").into()));
}
