//! Which engine bakes: the one named, else the workspace's, else the user's, else this machine; what `tls` must name; what
//! `doctor` says of each.

use serde_json::Value;

use crate::support::bakery::Bakery;

const WORKSPACE: &str = "bakery: 1\nstores:\n  local: {layout: ./local}\n";
const RECIPE: &str = "recipe: 1\nname: t/app\ntag: \"1\"\nbase: scratch\n";

/// The engine that a scripted bake has in its journal.
fn engine(bakery: &Bakery, more: &[&str]) -> String {
    let arguments = [&["bake", "app", "--json"], more].concat();
    let script = bakery.write("script.jsonl", "{\"pause\":1}\n");
    let output = bakery.command(&arguments).env("BAKERY_SCRIPTED_ENGINE", script).output().unwrap();
    let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
    let started: Value = serde_json::from_slice(line).unwrap();
    started["engine"].as_str().unwrap().to_owned()
}

fn shown(bakery: &Bakery) -> (String, String) {
    let shown = bakery.json(&["config", "show"]);
    let row = shown["settings"].as_array().unwrap().iter().find(|row| row["key"] == "engine").unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    (text(&row["value"]), format!("{}:{}", text(&row["from"]), row["line"]))
}

#[test]
fn named_before_the_workspaces_before_the_users_before_this_machine() {
    let bakery = Bakery::with_workspace(WORKSPACE);
    bakery.write("recipes/app.yaml", RECIPE);
    assert_eq!(engine(&bakery, &[]), "embedded");
    assert_eq!(shown(&bakery), ("-".into(), "default:null".into()));
    bakery.write("home/config/config.yaml", "parallel: 2\nengine: podman\n");
    assert_eq!(engine(&bakery, &[]), "podman");
    assert_eq!(shown(&bakery), ("podman".into(), "config.yaml:2".into()));
    bakery.write("bakery.yaml", format!("{WORKSPACE}engine: docker\n"));
    assert_eq!(engine(&bakery, &[]), "docker");
    assert_eq!(shown(&bakery), ("docker".into(), "bakery.yaml:4".into()));
    let text = bakery.ok(&["config", "show"]);
    let line = text.lines().find(|line| line.trim_start().starts_with("engine ")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["engine", "bakery.yaml:4", "docker"]);
    assert_eq!(engine(&bakery, &["--engine", "embedded"]), "embedded");
}

#[test]
fn the_users_engine_is_the_one_plans_are_made_for() {
    let bakery = Bakery::with_workspace(WORKSPACE);
    bakery.write("recipes/app.yaml", format!("{RECIPE}steps:\n  - run: id\n"));
    let key = || bakery.json(&["plan", "app"])["platforms"][0]["steps"][0]["cache_key"].clone();
    let here = key();
    bakery.write("home/config/config.yaml", "engine: \"docker://tcp://127.0.0.1:1\"\n");
    let there = key();
    assert_ne!(here, there, "made by another kind of engine");
    assert_eq!(
        bakery.json(&["plan", "app", "--engine", "docker:///other.sock"])["platforms"][0]["steps"][0]["cache_key"],
        there
    );
}

#[test]
fn files_that_tls_names_must_be_there_before_any_bake_begins() {
    let engines = "engines:\n  - name: east\n    engine: buildkit://east.example:1234\n    tls:\n      ca: tls/ca.pem\n      \
                   cert: tls/cert.pem\n      key: tls/key.pem\n";
    let bakery = Bakery::with_workspace(&format!("{WORKSPACE}{engines}"));
    bakery.write("recipes/app.yaml", RECIPE);
    bakery.write("tls/ca.pem", "x");
    bakery.write("tls/key.pem", "x");
    let told = bakery.fails(2, &["bake", "--all"]);
    let path = bakery.path("tls/cert.pem");
    let wanted = format!("bakery.yaml:9:13: {}: `tls` of east names no file that can be read", path.display());
    assert!(told.contains(&wanted), "{told}");
    assert!(told.contains("cause: No such file or directory"), "{told}");
    assert_eq!(bakery.fails(2, &["plan", "app"]).lines().next(), told.lines().next());
    assert!(bakery.json(&["bakes"]).as_array().unwrap().is_empty(), "none was begun");
    let findings = bakery.json(&["doctor"]);
    let east = findings.as_array().unwrap().iter().find(|one| one["id"] == "engine.east").unwrap().clone();
    assert!(east["standing"] == "lacking" && east["found"].as_str().unwrap().contains(&wanted), "{east}");
    // The same for the engine that is named by its address.
    bakery.fails(2, &["bake", "app", "--engine", "buildkit://east.example:1234"]);
    bakery.ok(&["bake", "app", "--engine", "embedded"]);
}

#[test]
fn certificates_that_secure_nothing_are_refused_with_their_place() {
    let told = |engine: &str, tls: &str| {
        let text = format!("{WORKSPACE}engines:\n  - {{name: a, engine: \"{engine}\", tls: {tls}}}\n");
        Bakery::with_workspace(&text).fails(2, &["plan", "x"])
    };
    assert!(told("docker:///run/docker.sock", "{ca: a, cert: b, key: c}").contains("not reached over TCP"));
    assert!(told("embedded", "{ca: a}").contains(": embedded is not reached over TCP"));
    assert!(told("docker://tcp://east:2376", "{ca: a}").contains("takes all of `ca`, `cert` and `key`"));
    assert!(told("buildkit://east:1234", "{ca: a, key: c}").contains("names one of `cert` and `key`"));
}

#[cfg(feature = "engines")]
#[test]
fn doctor_asks_every_engine_side_by_side() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = listener.local_addr().unwrap();
    let engines = format!(
        "engines:\n  - {{name: here, engine: embedded, slots: 3}}\n  - {{name: gone, engine: \"docker://tcp://127.0.0.1:1\", \
         platforms: [linux/arm64]}}\n  - {{name: mute, engine: \"podman://tcp://{mute}\", timeout: 1s}}\n  \
         - {{name: mute2, engine: \"docker://tcp://{mute}\", timeout: 1s}}\n"
    );
    let bakery = Bakery::with_workspace(&format!("{WORKSPACE}{engines}"));
    let findings = bakery.json(&["doctor"]);
    let found = |id: &str| {
        let one = findings.as_array().unwrap().iter().find(|one| one["id"] == format!("engine.{id}").as_str()).unwrap();
        (one["standing"].as_str().unwrap().to_owned(), one["found"].as_str().unwrap().to_owned())
    };
    let (standing, here) = found("here");
    assert!(standing == "ok" && here.contains("run steps") && here.ends_with("; 3 slots for any platform"), "{here}");
    let (standing, gone) = found("gone");
    assert!(standing == "lacking" && gone.contains("cannot be reached"), "{gone}");
    assert!(gone.ends_with("; 1 slot for linux/arm64"), "{gone}");
    for id in ["mute", "mute2"] {
        let (standing, mute) = found(id);
        assert!(standing == "lacking" && mute.contains(&format!("builder {id} said nothing for 1 s")), "{mute}");
    }
}
