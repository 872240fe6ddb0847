//! Debian's dockerd, with the BuildKit in it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::same;
use crate::run_steps::bench::of;
use crate::support::dockerd::Dockerd;
use crate::support::peers;

fn daemon() -> Option<Dockerd> {
    peers::need(&["dockerd", "mmdebstrap"]).then(|| Dockerd::start().unwrap())
}

#[test]
fn dockerd_bakes_the_same_image() {
    let Some(daemon) = daemon() else { return };
    same::bakes_the_same(&daemon.engine());
    // What only a bake needed is gone, the base stays for the next.
    let images = daemon.docker(&["images", "--format", "{{.Repository}}"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&images.stdout).trim(), "localhost/bakery-ground");
}

#[test]
fn dockerd_tells_failures_the_same() {
    let Some(daemon) = daemon() else { return };
    same::tells_failures_the_same(&daemon.engine());
}

#[test]
fn no_dockerd_is_told() {
    same::nobody_there("docker:///nonexistent/docker.sock");
    same::nobody_there("docker://tcp://127.0.0.1:1");
}

#[test]
fn a_dockerd_that_dies_is_named_and_the_journal_comes_to_its_end() {
    let Some(daemon) = daemon() else { return };
    let bakery = same::stocked();
    let head = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n";
    bakery.write("recipes/app.yaml", format!("{head}  - run: echo a > /srv/a\n  - run: echo running; sleep 300\n"));
    let engine = daemon.engine();
    let mut command = bakery.command(&["bake", "recipes/app.yaml", "--engine", &engine, "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = Vec::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        assert!(out.read_line(&mut line).unwrap() > 0, "{lines:?}");
        let running = line.contains("step.output");
        lines.push(line);
        if running {
            break;
        }
    }
    daemon.kill();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{rest}");
    let all: Vec<serde_json::Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Both steps were sent together: the failure is that of the one that was running.
    let failed: Vec<_> = of(&all, "step.failed").iter().map(|failed| failed["step"].clone()).collect();
    assert_eq!(failed, ["2"], "{rest}");
    let finished = of(&all, "bake.finished")[0].to_string();
    assert!(
        finished.contains("cannot be reached") && finished.contains(engine.trim_start_matches("docker://")),
        "{rest}"
    );
}

#[test]
fn what_dockerd_cannot_do_is_refused_before_anything_is_done() {
    let Some(daemon) = daemon() else { return };
    let bakery = same::stocked();
    let engine = daemon.engine();
    bakery.write(
        "recipes/arm.yaml",
        "recipe: 1\nname: arm\ntag: \"1\"\nbase: scratch\nplatforms: [linux/arm64]\nsteps:\n  - write: {to: /a, content: x}\n  - run: id\n",
    );
    let told = bakery.fails(2, &["plan", "recipes/arm.yaml", "--engine", &engine]);
    assert!(told.contains("recipes/arm.yaml:8:") && told.contains("cannot run programs for linux/arm64"), "{told}");
    assert_eq!(bakery.fails(2, &["bake", "recipes/arm.yaml", "--engine", &engine, "-q"]), told, "as `plan` says it");
    // Nobody there is no reason not to plan.
    let planned = bakery.ok(&["plan", "recipes/arm.yaml", "--engine", "docker:///nonexistent/sock"]);
    assert!(planned.contains("note: what docker:///nonexistent/sock can do is not known"), "{planned}");
}

#[test]
fn two_engines_are_compared() {
    let Some(daemon) = daemon() else { return };
    let bakery = same::stocked();
    let recipe = |script: &str| {
        let steps = format!("steps:\n  - run: {script}\n");
        bakery.write("recipes/app.yaml", format!("recipe: 1\nname: app\ntag: \"1\"\nbase: local/os:1\n{steps}"));
    };
    let engines = format!("embedded,{}", daemon.engine());
    recipe("echo same > /srv/same");
    let said = bakery.ok(&["bake", "recipes/app.yaml", "--reproduce", "--engine", &engines]);
    assert!(said.contains("app:1"), "{said}");
    recipe("cat /proc/sys/kernel/random/uuid > /srv/other");
    let told = bakery.fails(3, &["bake", "recipes/app.yaml", "--reproduce", "--engine", &engines]);
    assert!(
        told.contains("repro.match") && told.contains("/srv/other") && told.contains("baked again by docker"),
        "{told}"
    );
    let told = bakery.fails(2, &["bake", "recipes/app.yaml", "--engine", &engines]);
    assert!(told.contains("a bake has one engine"), "{told}");
}
