//! Many bakes over several builders: one that dies loses none, one that says nothing is given up, platforms decide. What engines
//! can do, certificates and settings are in files of their own, as are bakes on real ones.

mod asked;
mod away;
#[cfg(feature = "engines")]
mod native;
mod seats;
mod settings;
#[cfg(feature = "engines")]
mod tls;

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::support::bakery::Bakery;

const SCRIPT: &str = "{\"kind\":\"step.started\",\"step\":\"1\"}\n{\"pause\":60}\nMORE{\"kind\":\"step.finished\",\"step\":\"1\",\"millis\":1}\n";

/// So many recipes of three teams, and builders whose scripts say `more`; `@` stands for the folder.
fn workspace(recipes: usize, builders: &[(&str, &str, &str)]) -> Bakery {
    let engines: Vec<String> = builders
        .iter()
        .map(|(name, options, _)| format!("  - {{name: {name}, engine: \"docker://{name}.example:1\"{options}}}\n"))
        .collect();
    let stores = "stores:\n  global: {layout: ./global}\n  local: {layout: ./local}\n";
    let bakery = Bakery::with_workspace(&format!("bakery: 1\n{stores}engines:\n{}", engines.concat()));
    for (name, _, more) in builders {
        let more = more.replace('@', bakery.path("").to_str().unwrap().trim_end_matches('/'));
        bakery.write(&format!("scripts/{name}.jsonl"), SCRIPT.replace("MORE", &more));
    }
    for number in 0..recipes {
        let text = format!("recipe: 1\nname: team-{}/app-{number}\ntag: \"1\"\nbase: scratch\n", number % 3);
        bakery.write(&format!("recipes/app-{number}.yaml"), text);
    }
    bakery
}

/// The exit code, what was told, and all journal lines of `bake --all`.
fn bake_all(bakery: &Bakery) -> (i32, String, Vec<Value>) {
    let mut command = bakery.command(&["bake", "--all", "--json"]);
    command.env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).stderr(Stdio::piped());
    let output = command.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap(), lines)
}

/// By image: how its bakes ended, and on which engine. A journal's line names no bake: each is read from the shelf.
fn shelf(bakery: &Bakery) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in bakery.json(&["bakes"]).as_array().unwrap() {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        found.entry(text("reference")).or_default().push((text("status"), text("engine")));
    }
    found
}

#[test]
fn a_builder_that_dies_in_the_middle_of_twenty_bakes_loses_none() {
    // The second builder is gone as soon as it has finished its first bake.
    let dying = "{\"lost\":\"@/dead\"}\n";
    let bakery = workspace(20, &[("one", ", slots: 2", ""), ("two", ", slots: 2", dying), ("three", ", slots: 2", "")]);
    let mut command = bakery.command(&["bake", "--all", "--json"]);
    command.env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let baked = |row: &(String, String)| row.0 == "ok" && row.1.contains("two");
    while !(lines.next().unwrap().unwrap().contains("bake.finished") && shelf(&bakery).values().flatten().any(baked)) {}
    bakery.write("dead", "");
    lines.for_each(drop);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("two is left alone for a while"), "{told}");
    let shelf = shelf(&bakery);
    assert_eq!(shelf.len(), 20);
    for (reference, ends) in &shelf {
        assert_eq!(ends.iter().filter(|(status, _)| status == "ok").count(), 1, "{reference}: {ends:?}");
        assert!(ends.len() <= 2, "{reference}: {ends:?}");
    }
    let on = |name: &str, wanted: &str| {
        let all = shelf.values().flatten();
        all.filter(|(status, engine)| engine.contains(name) && status == wanted).count()
    };
    assert!(on("two", "failed") >= 1 && on("two", "ok") >= 1 && on("one", "ok") >= 1 && on("three", "ok") >= 1);
    assert_eq!(on("one", "failed") + on("three", "failed"), 0);
}

#[test]
fn a_builder_that_says_nothing_is_given_up_after_its_timeout() {
    let bakery = workspace(4, &[("mute", ", timeout: 1s", "{\"gate\":\"@/never\"}\n"), ("well", "", "")]);
    let (code, told, _) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("builder mute said nothing for 1 s; mute is left alone for a while"), "{told}");
    let shelf = shelf(&bakery);
    let all: Vec<&(String, String)> = shelf.values().flatten().collect();
    assert_eq!(all.iter().filter(|(status, engine)| status == "ok" && engine.contains("well")).count(), 4, "{shelf:?}");
    assert_eq!(all.iter().filter(|(status, _)| status == "cancelled").count(), 1, "{shelf:?}");
}

#[test]
fn a_bake_goes_where_its_platform_is() {
    let bakery =
        workspace(2, &[("arm", ", platforms: [linux/arm64]", ""), ("amd", ", platforms: [linux/amd64], slots: 2", "")]);
    let text = "recipe: 1\nname: t/arm\ntag: \"1\"\nbase: scratch\nplatforms: [linux/arm64]\n";
    bakery.write("recipes/app-0.yaml", text);
    bakery.write("recipes/app-1.yaml", "recipe: 1\nname: t/amd\ntag: \"1\"\nbase: scratch\nplatforms: [linux/amd64]\n");
    bakery
        .write("recipes/app-2.yaml", "recipe: 1\nname: t/odd\ntag: \"1\"\nbase: scratch\nplatforms: [linux/riscv64]\n");
    let (code, told, _) = bake_all(&bakery);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("bake of t/odd:1 was not begun: no engine has linux/riscv64"), "{told}");
    let shelf = shelf(&bakery);
    assert!(
        shelf["t/arm:1"][0].1.contains("arm.example") && shelf["t/amd:1"][0].1.contains("amd.example"),
        "{shelf:?}"
    );
    assert_eq!(shelf.len(), 2);
}

#[test]
fn engines_that_are_not_right_are_told_with_their_place() {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nengines:\n  - {name: A, engine: embedded}\n  - {name: b, engine: nope}\n  - {name: c, engine: docker, slots: 0}\n  - {name: c, engine: docker, tls: {cert: x}}\n  - {name: c, engine: docker, timeout: soon}\n",
    );
    let told = bakery.fails(2, &["plan", "x"]);
    for part in [":3:12: ", ":4:23: ", ":5:38: ", ":6:36: ", ":7:5: ", "no duration"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
}
