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

fn demo(folder: &Path, arguments: &[&str]) -> String {
    stdout_of(&bakery(folder).arg("demo").args(arguments).output().unwrap())
}

/// The document a command prints in a workspace below `folder`, whose home is that of the demo.
fn json(folder: &Path, workspace: &Path, arguments: &[&str]) -> Value {
    let mut command = bakery(folder);
    let output = command.args(arguments).arg("--json").current_dir(workspace).output().unwrap();
    serde_json::from_str(&stdout_of(&output)).unwrap()
}

/// Digests by `NAME:TAG` in a layout's index.
fn tags(layout: &Path) -> std::collections::BTreeMap<String, String> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let name = |entry: &Value| Some(entry["annotations"]["org.opencontainers.image.ref.name"].as_str()?.to_owned());
    let named = entries.filter_map(|entry| Some((name(entry)?, entry["digest"].as_str().unwrap().to_owned())));
    // Signatures in cosign's older form have names, too.
    named.filter(|(name, _)| !name.ends_with(".sig")).collect()
}

fn pinned(workspace: &Path, lock: &str) -> String {
    let text = fs::read_to_string(workspace.join("recipes").join(lock)).unwrap();
    let lock: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    lock["digest"].as_str().unwrap().to_owned()
}

#[test]
fn seeding_makes_a_store_and_recipes_in_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let said = demo(folder.path(), &["--seed-only", "--json", "--dir", "d"]);
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

const STATES: [(&str, &str); 4] = [
    ("✔ team-a/storefront:2.1.0  baked", "again  all cached: 2 steps"),
    ("⟳ team-b/reports:0.9.0", "its lock pins global/python:3 at"),
    ("✘ recipes/team-b/dashboard/dashboard.yaml:7:39", "did you mean `owner`?"),
    ("○ team-a/payments-api:1.4.0  never baked", "will run"),
];

#[test]
fn the_whole_demo_tells_its_story_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let story = demo(folder.path(), &[]);
    let workspace = folder.path().join("bakery-demo");
    let parts: Vec<&str> = story.split("\n\n").collect();
    for (part, (heading, word)) in parts[2..].iter().zip(STATES) {
        assert!(part.starts_with(heading) && part.contains(word), "{heading}, {word}: {story}");
    }
    let path = workspace.display().to_string();
    let widest = story.lines().filter(|line| !line.contains(&path)).map(|line| line.chars().count()).max();
    assert!(widest <= Some(80) && story.lines().count() <= 45, "{story}");

    let local = tags(&workspace.join("local-store"));
    let names: Vec<&str> = local.keys().map(String::as_str).collect();
    assert_eq!(names, ["team-a/storefront:2.1.0", "team-b/reports:0.9.0"]);
    assert!(story.contains(&local["team-a/storefront:2.1.0"]), "{story}");
    let bakes = json(folder.path(), &workspace, &["bakes"]);
    let baked: Vec<&Value> = bakes.as_array().unwrap().iter().map(|bake| &bake["reference"]).collect();
    assert_eq!(baked, ["team-b/reports:0.9.0", "team-a/storefront:2.1.0", "team-a/storefront:2.1.0"]);
    let mistakes = bakery(&workspace).args(["check"]).output().unwrap();
    assert_eq!(mistakes.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mistakes.stdout).contains("`ownr`"));

    demo(folder.path(), &["--dir", "again", "-q"]);
    let again = folder.path().join("again");
    assert_eq!(tags(&workspace.join("global-store")), tags(&again.join("global-store")));
    assert_eq!(local, tags(&again.join("local-store")));
    let refused = bakery(folder.path()).arg("demo").output().unwrap();
    assert!(failure_of(&refused, 1).contains("is not empty"));
}

#[test]
fn a_plan_says_whether_the_base_has_moved_and_a_bake_never_asks() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("d");
    demo(folder.path(), &["--json", "--dir", "d"]);
    let stale = |recipe: &str| json(folder.path(), &workspace, &["plan", recipe])["stale"].clone();
    let (reports, storefront) = ("team-b/reports/reports", "team-a/storefront/storefront");
    assert_eq!((stale(reports), stale(storefront)), (true.into(), false.into()));
    assert_eq!(json(folder.path(), &workspace, &["plan", reports, "--frozen"])["stale"], Value::Null);
    let run = |arguments: &[&str]| bakery(folder.path()).args(arguments).current_dir(&workspace).output().unwrap();
    let short = |digest: &str| digest[7..11].to_owned();
    let now = short(&tags(&workspace.join("global-store"))["python:3"]);
    let pinned = short(&pinned(&workspace, "team-b/reports/reports.lock"));
    let said = stdout_of(&run(&["plan", reports]));
    let line = said.lines().last().unwrap();
    assert!(line.starts_with(&format!("⟳ stale: the tag now points to {now}…")), "{said}");
    assert!(
        line.contains(&format!("the lock pins {pinned}…"))
            && line.contains("`bakery update recipes/team-b/reports/reports.yaml`"),
        "{said}"
    );

    // A store without the tag gives no answer: nobody knows, and nothing fails.
    let index = workspace.join("global-store/index.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("\"python:3\"", "\"python:gone\"")).unwrap();
    assert_eq!(stale(reports), Value::Null);
    assert!(!stdout_of(&run(&["plan", reports])).contains("stale"));
    assert!(stdout_of(&run(&["bake", reports])).contains("2 cached"));

    // What is made at the beginning of time has no age.
    let listed = stdout_of(&run(&["store", "ls", "local"]));
    assert!(listed.lines().all(|line| line.contains(" -  ")) && !listed.contains(" y  "), "{listed}");
    let shown = stdout_of(&run(&["inspect", "local/team-b/reports:0.9.0"]));
    assert!(shown.lines().any(|line| line.split_whitespace().eq(["created", "-"])), "{shown}");
}

#[test]
fn every_recipe_of_the_teams_without_a_mistake_bakes() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path(), &["--seed-only", "--json", "--dir", "d"]);
    let workspace = folder.path().join("d");
    for recipe in ["team-a/payments-api/payments-api", "team-a/storefront/storefront", "team-b/reports/reports"] {
        let output = bakery(folder.path()).args(["bake", recipe]).current_dir(&workspace).output().unwrap();
        assert!(stdout_of(&output).contains(" new, "), "{recipe}");
    }
}
