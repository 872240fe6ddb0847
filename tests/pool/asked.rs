//! Builders are asked what they can do before a bake is given to them: what they lack is passed over or refused, and who does not
//! answer holds up nobody.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use super::{bake_all, shelf, workspace};
use crate::support::bakery::Bakery;

const APART: &str = "recipe: 1\nname: t/app\ntag: \"1\"\nbase: scratch\nplatforms: [linux/amd64]\nsteps:\n  \
                      - run: {script: id, network: none}\n";

const JOINED: &str = "{\"cannot\":[\"no-network\"]}\n";

#[test]
fn who_cannot_do_what_is_asked_is_passed_over() {
    let bakery = workspace(0, &[("one", ", slots: 4", JOINED), ("two", "", "")]);
    bakery.write("recipes/app.yaml", APART);
    let (code, told, _) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    let shelf = shelf(&bakery);
    assert_eq!(shelf["t/app:1"], [("ok".to_owned(), "docker://two.example:1".to_owned())]);
}

#[test]
fn where_none_can_plan_and_bake_refuse_alike_and_say_who_lacks_what() {
    let bakery = workspace(
        0,
        &[("one", "", JOINED), ("two", "", "{\"cannot\":[\"run\"]}\n"), ("arm", ", platforms: [linux/arm64]", "")],
    );
    bakery.write("recipes/app.yaml", APART);
    let scripted = |arguments: &[&str]| {
        let output = bakery.command(arguments).env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (planned, plan) = scripted(&["plan", "recipes/app.yaml"]);
    let (baked, bake) = scripted(&["bake", "recipes/app.yaml"]);
    for (code, told) in [(planned, &plan), (baked, &bake)] {
        assert_eq!(code, 2, "{told}");
        for part in [
            "no engine can do what it asks for linux/amd64",
            "cause: recipes/app.yaml:7: one cannot cut a step off from the network",
            "cause: recipes/app.yaml:7: two cannot carry out a `run` step",
        ] {
            assert!(told.contains(part), "{part:?} is not in {told}");
        }
    }
    assert!(bakery.json(&["bakes"]).as_array().unwrap().is_empty(), "none was begun");
}

#[test]
fn one_engine_is_refused_alike_by_plan_and_bake() {
    let bakery = Bakery::new();
    let script = bakery.write("script.jsonl", JOINED);
    bakery.write("recipes/app.yaml", APART);
    for arguments in [&["plan", "app"][..], &["bake", "app"], &["bake", "app", "--detach"]] {
        let arguments = [arguments, &["--engine", "docker://x.example:1"]].concat();
        let output = bakery.command(&arguments).env("BAKERY_SCRIPTED_ENGINE", &script).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        let first = told.lines().next().unwrap();
        assert_eq!(
            first,
            "error: recipes/app.yaml:7: docker://x.example:1 cannot cut a step off from the network (`network: none`)"
        );
        assert!(told.contains("help: bake on another engine: `--engine embedded`"), "{told}");
    }
    // This machine runs no programs of a platform nobody has.
    bakery.write("recipes/app.yaml", APART.replace("amd64", "mips64le"));
    let told = bakery.fails(2, &["plan", "app"]);
    assert_eq!(told, bakery.fails(2, &["bake", "app"]));
    assert!(told.contains("recipes/app.yaml:7: embedded cannot run programs for linux/mips64le"), "{told}");
    assert!(bakery.json(&["bakes"]).as_array().unwrap().is_empty(), "none was begun");
}

#[test]
fn a_builder_that_does_not_answer_when_asked_is_given_up_and_told() {
    let mute = ("mute", ", timeout: 1s, slots: 4", "{\"mute\":true}\n");
    let bakery = workspace(0, &[mute, ("well", "", "{\"gate\":\"@/go\"}\n")]);
    for number in 0..3 {
        let text = APART.replace("t/app", &format!("t/app-{number}"));
        bakery.write(&format!("recipes/app-{number}.yaml"), text);
    }
    let mut command = bakery.command(&["bake", "--all", "--json"]);
    command.env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let gone = "mute is left alone for a while: builder mute said nothing for 1 s";
    assert!(told.any(|line| line.unwrap().contains(gone)));
    bakery.write("go", "");
    told.for_each(drop);
    assert!(child.wait().unwrap().success());
    let all: Vec<_> = shelf(&bakery).into_values().flatten().collect();
    assert!(all.len() == 3 && all.iter().all(|(_, engine)| engine.contains("well")), "{all:?}");
}

#[test]
fn where_no_builder_answers_nothing_is_begun() {
    let mute = "{\"mute\":true}\n";
    let bakery = workspace(0, &[("a", ", timeout: 1s", mute), ("b", ", timeout: 1s", mute)]);
    bakery.write("recipes/app.yaml", APART);
    let (code, told, _) = bake_all(&bakery);
    assert_eq!(code, 4, "{told}");
    assert!(told.contains("bake of t/app:1 was not begun: no builder answers"), "{told}");
    assert!(bakery.json(&["bakes"]).as_array().unwrap().is_empty(), "none was begun");
}

/// A registry that takes connections and never says a word.
#[test]
fn a_base_that_is_waited_for_holds_up_no_other_bake() {
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = registry.local_addr().unwrap();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{host}/global\"}}\n  local: {{layout: ./local}}\n"
    ));
    bakery.write("recipes/a.yaml", "recipe: 1\nname: t/a\ntag: \"1\"\nbase: global/os:1\n");
    for name in ["b", "c"] {
        let text = format!(
            "recipe: 1\nname: t/{name}\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {{to: /x, content: {name}}}\n"
        );
        bakery.write(&format!("recipes/{name}.yaml"), text);
    }
    let mut command = bakery.command(&["bake", "--all", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ended = lines.map(|line| line.unwrap()).filter(|line| line.contains("\"bake.finished\"")).take(2).count();
    assert_eq!(ended, 2);
    assert!(child.try_wait().unwrap().is_none(), "the first still waits for its base");
    child.kill().unwrap();
    child.wait().unwrap();
}
