//! A workspace on a tiny base: this host's shell and a few commands, as the demo carries them. Knows no step.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::bakery::{Bakery, succeeded};

/// A workspace whose recipes can say `base: global/os:12`.
pub fn bench() -> Bakery {
    let store = store().display().to_string();
    Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{layout: {store}}}\n  local: {{layout: ./local}}\nrecipes: recipes\n"
    ))
}

/// The demo's global store, made once and kept while the program is the same.
fn store() -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(kept).unwrap();
    let lock = File::create(kept.join("ground.lock")).unwrap();
    lock.lock().unwrap();
    let program = env!("CARGO_BIN_EXE_bakery");
    let (folder, changed) = (kept.join("ground"), |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok());
    if changed(&folder.join("done")) < changed(Path::new(program)) {
        let _ = std::fs::remove_dir_all(&folder);
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["demo", "--seed-only", "-q", "--dir"]).arg(&folder).env("BAKERY_HOME", home.path());
        succeeded(&command.output().unwrap(), "demo");
        std::fs::write(folder.join("done"), "").unwrap();
    }
    folder.join("global-store")
}

/// A recipe of the tiny base with these steps.
pub fn recipe(name: &str, steps: &str) -> String {
    format!("recipe: 1\nname: team-a/{name}\ntag: \"1\"\nbase: global/os:12\nsteps:\n{steps}")
}

/// Writes `recipes/NAME.yaml` and gives its path.
pub fn with(bakery: &Bakery, name: &str, steps: &str) -> String {
    bakery.write(&format!("recipes/{name}.yaml"), recipe(name, steps));
    format!("recipes/{name}.yaml")
}

/// Events of a run of `bake --json`.
pub fn events(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Those of one kind.
pub fn of<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

/// What each step of the next bake will do, and why: `2 run: step 1 below it runs`.
pub fn reasons(bakery: &Bakery, arguments: &[&str]) -> Vec<String> {
    let text = bakery.ok(&[&["plan"], arguments].concat());
    let steps = text.lines().filter(|line| line.contains("will run") || line.contains("  cached"));
    let why = |line: &str| line.split_once("will run  ").map_or("cached".to_owned(), |(_, why)| why.trim().to_owned());
    steps.filter(|line| !line.contains("steps will run")).map(why).collect()
}

/// What a baked step said, from its log.
pub fn said(bakery: &Bakery, bake: &str) -> String {
    bakery.ok(&["log", bake])
}

/// What the newest layer of an image holds, as GNU tar lists it; folders end in a slash.
pub fn listing(bakery: &Bakery, layer: &Value) -> Vec<String> {
    let blob = bakery.local().join("blobs").join(layer["digest"].as_str().unwrap().replace(':', "/"));
    let text = crate::support::bakery::peer("tar", &["--list", "--gzip", "--file", &blob.display().to_string()]);
    text.lines().map(str::to_owned).collect()
}

/// Folders below the cache that stand for snapshots of layers.
pub fn snapshots(bakery: &Bakery) -> Vec<PathBuf> {
    let kinds = std::fs::read_dir(bakery.path("home/cache/snapshots")).into_iter().flatten().flatten();
    let inside =
        |kind: std::fs::DirEntry| std::fs::read_dir(kind.path().join("layers")).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = kinds.flat_map(inside).map(|entry| entry.path()).collect();
    found.sort();
    found
}
