//! `bakery demo` as a user meets it.

use std::fs;

use std::path::Path;

use serde_json::Value;

use crate::support::binary::{bakery, failure_of, stdout_of};
use crate::support::peers;

#[test]
fn a_folder_with_something_in_it_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    let said = failure_of(&bakery(folder.path()).args(["demo", "--dir", "."]).output().unwrap(), 1);
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let file = bakery(folder.path()).args(["demo", "--dir", "mine"]).output().unwrap();
    failure_of(&file, 1);
    assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), "mine");
}

/// Makes a demo; `None` while the engine is not joined to it.
fn demo(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = bakery(folder).arg("demo").args(arguments).output().unwrap();
    if String::from_utf8_lossy(&output.stderr).contains("not built yet") {
        eprintln!("SKIPPED: no engine to bake the demo with");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.filter(|name| name != ".home").count(), 0, "a demo that fails leaves nothing");
        return None;
    }
    Some(stdout_of(&output))
}

/// Digests by `NAME:TAG` in a layout's index.
fn tags(layout: &Path) -> std::collections::BTreeMap<String, String> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let name = |entry: &Value| Some(entry["annotations"]["org.opencontainers.image.ref.name"].as_str()?.to_owned());
    entries.filter_map(|entry| Some((name(entry)?, entry["digest"].as_str().unwrap().to_owned()))).collect()
}

fn pinned(workspace: &Path, lock: &str) -> String {
    let text = fs::read_to_string(workspace.join("recipes").join(lock)).unwrap();
    let lock: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    lock["digest"].as_str().unwrap().to_owned()
}

#[test]
fn seeding_makes_a_store_and_recipes_in_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let Some(said) = demo(folder.path(), &["--seed-only", "--json", "--dir", "d"]) else { return };
    let said: Value = serde_json::from_str(&said).unwrap();
    let workspace = folder.path().join("d");
    assert_eq!(said, serde_json::json!({ "workspace": workspace }));
    let global = tags(&workspace.join("global-store"));
    let names: Vec<&str> = global.keys().map(String::as_str).collect();
    assert_eq!(names, ["apache:2", "java:17", "nginx:1", "node:18", "os:12", "postgres:15", "python:3", "redis:7"]);
    assert_ne!(pinned(&workspace, "team-b/reports/reports.lock"), global["python:3"], "stale");
    assert_eq!(pinned(&workspace, "team-a/storefront/storefront.lock"), global["nginx:1"], "up to date");
    assert!(!workspace.join("recipes/team-a/payments-api/payments-api.lock").exists(), "never baked");
    let left = fs::read_dir(&workspace).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.filter(|name| name.starts_with(".bakery")).count() == 0, "no staging folder stays");
    if peers::need(&["skopeo"]) {
        let image = format!("oci:{}:python:3", workspace.join("global-store").display());
        let output = std::process::Command::new("skopeo").args(["inspect", "--config", &image]).output().unwrap();
        let config: Value = serde_json::from_str(&stdout_of(&output)).unwrap();
        let contract = config["config"]["Labels"]["dev.bakery.contract"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(contract).unwrap()["user"], "nonroot");
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 4, "os: two layers, python: two");
    }
}

#[test]
fn the_whole_demo_tells_its_story_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(story) = demo(folder.path(), &[]) else { return };
    let workspace = folder.path().join("bakery-demo");
    for word in ["global/os:12", "stand-in", "never baked", "stale", "BAKERY_PASSWORD_FILE"] {
        assert!(story.contains(word), "{word}: {story}");
    }
    let local = tags(&workspace.join("local-store"));
    assert!(local.contains_key("team-a/storefront:2.1.0") && local.contains_key("team-b/reports:0.9.0"), "{local:?}");
    let mistakes = bakery(&workspace).args(["check"]).output().unwrap();
    assert_eq!(mistakes.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mistakes.stdout).contains("`ownr`"));
    demo(folder.path(), &["--dir", "again", "-q"]).unwrap();
    let again = folder.path().join("again");
    assert_eq!(tags(&workspace.join("global-store")), tags(&again.join("global-store")));
    assert_eq!(local, tags(&again.join("local-store")));
    let refused = bakery(folder.path()).arg("demo").output().unwrap();
    assert!(failure_of(&refused, 1).contains("is not empty"));
}
