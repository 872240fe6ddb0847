//! Steps that follow one another go to a daemon as one build: what comes back is each one's own, and what fails in the
//! middle leaves those before it done.

use serde_json::Value;

use super::same;
use crate::run_steps::bench::{events, of};
use crate::support::bakery::{Bakery, succeeded};
use crate::support::dockerd::Dockerd;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

const STEPS: &str = r##"  - run:
      script: |
        useradd --system app
        echo one > /srv/one
        printf '%s' "$ONLY" >> /srv/one
        echo first says this
      env: {ONLY: here, BOTH: "1"}
  - run: "true"
  - run:
      script: |
        printf '%s\n' "${ONLY-unset}" "$BOTH" "$(id -un)" > /tmp/two
        rm -f /srv/none
        echo second says this
      env: {BOTH: "2"}
      user: app
  - run: |
      printf '%s\n' "${ONLY-unset}" "${BOTH-unset}" "$(id -un)" > /srv/three
      mv /tmp/two /srv/two
      rm /srv/one
      echo third says this
"##;

fn recipe(bakery: &Bakery, steps: &str) {
    let head = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n";
    bakery.write("recipes/app.yaml", format!("{head}{steps}"));
}

fn steps_of(all: &[Value], kind: &str) -> Vec<String> {
    of(all, kind).iter().map(|event| event["step"].as_str().unwrap().to_owned()).collect()
}

/// Where the first event of a kind stands that is of a step.
fn place(all: &[Value], kind: &str, step: &str) -> usize {
    let is_it = |event: &Value| event["kind"] == kind && event["step"] == step;
    all.iter().position(is_it).unwrap_or_else(|| panic!("no {kind} of {step}: {all:#?}"))
}

fn go_together(engine: &str) {
    let bakery = same::stocked();
    recipe(&bakery, STEPS);
    let (here, there) = (same::bake(&bakery, "embedded", &[]), same::bake(&bakery, engine, &[]));
    let layers = |all: &[Value]| -> Vec<String> {
        of(all, "layer.sealed").iter().map(|sealed| format!("{} {}", sealed["step"], sealed["diff_id"])).collect()
    };
    assert_eq!(layers(&here), layers(&there));
    assert_eq!(of(&here, "image.committed")[0]["digest"], of(&there, "image.committed")[0]["digest"]);
    // Each has its own output, though they are one build.
    assert_eq!(steps_of(&there, "step.finished"), ["base", "1", "2", "3", "4"]);
    let id = of(&there, "bake.started")[0]["bake"].as_str().unwrap();
    let log = |step: &str| std::fs::read_to_string(bakery.path(&format!("home/state/bakes/{id}/logs/{step}.log")));
    for (step, words) in [("1", "first says this\n"), ("3", "second says this\n"), ("4", "third says this\n")] {
        assert_eq!(log(step).unwrap(), words);
    }
    assert!(bakery.ok(&["cat", "local/team-a/app:1.0", "/srv/two"]).starts_with("unset\n2\napp"));
    assert!(bakery.ok(&["cat", "local/team-a/app:1.0", "/srv/three"]).starts_with("unset\nunset\nroot"));
}

fn leave_those_before_a_failure(engine: &str) {
    let bakery = same::stocked();
    let steps = |last: &str| format!("  - run: echo a > /srv/a\n  - run: echo b > /srv/b\n  - run: {last}\n");
    recipe(&bakery, &steps("echo no; exit 9"));
    let arguments = ["bake", "recipes/app.yaml", "--engine", engine, "--json", "--no-cache"];
    let output = bakery.run(&arguments);
    let all = events(&output);
    assert_eq!(output.status.code(), Some(1), "{all:#?}");
    assert_eq!(steps_of(&all, "step.finished"), ["base", "1", "2"]);
    assert_eq!(steps_of(&all, "step.failed"), ["3"]);
    let failure = of(&all, "step.failed")[0]["failure"].to_string();
    assert!(failure.contains("status 9") && failure.contains("no"), "{failure}");
    recipe(&bakery, &steps("echo c > /srv/c"));
    let all = same::bake(&bakery, engine, &[]);
    assert_eq!(steps_of(&all, "step.cached"), ["1", "2"]);
    assert_eq!(steps_of(&all, "step.started"), ["base", "3"]);
}

/// Where a daemon's storage is here a step is sealed while the next one still runs.
fn are_sealed_as_they_end(engine: &str) {
    let bakery = same::stocked();
    recipe(&bakery, "  - run: echo a > /srv/a\n  - run: sleep 5\n  - run: echo c > /srv/c\n");
    let all = same::bake(&bakery, engine, &["--no-cache"]);
    assert!(place(&all, "layer.sealed", "1") < place(&all, "step.started", "3"), "{all:#?}");
    assert_eq!(of(&all, "layer.sealed").len(), 3, "the one in the middle changed nothing");
}

/// A user nobody has is told as on this machine, wherever the step stands.
fn tell_a_user_nobody_has(engine: &str) {
    let bakery = same::stocked();
    recipe(&bakery, "  - run: echo a > /srv/a\n  - run: {script: id, user: nobody-at-all}\n");
    let told = |engine: &str| {
        let told = bakery.fails(1, &["bake", "recipes/app.yaml", "--engine", engine, "-q"]);
        told.lines().filter(|line| line.starts_with("cause:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let there = told(engine);
    assert!(there.iter().any(|line| line.contains("nobody-at-all")), "{there:?}");
    assert!(there.iter().any(|line| line.contains("/etc/passwd has no such line")), "{there:?}");
}

/// A step that takes too long is ended, and named; what was before it stays.
fn end_what_takes_too_long(engine: &str) {
    let bakery = same::stocked();
    bakery.write("home/config/config.yaml", "step-timeout: 4s\n");
    recipe(&bakery, "  - run: echo a > /srv/a\n  - run: echo waiting; sleep 300\n");
    let output = bakery.run(&["bake", "recipes/app.yaml", "--engine", engine, "--json"]);
    let all = events(&output);
    assert_eq!(steps_of(&all, "step.finished"), ["base", "1"], "{all:#?}");
    let failure = of(&all, "step.failed")[0].to_string();
    assert!(failure.contains("did not end within 4 s") && failure.contains("waiting"), "{failure}");
}

/// What was baked is run by the daemon under its own name.
fn run_what_was_baked(kind: &str, socket: &str) {
    let bakery = same::stocked();
    let head =
        "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n  - run: echo fresh > /srv/bread\n";
    for cmd in ["cat, /srv/bread", "echo, stale"] {
        bakery.write("recipes/app.yaml", format!("{head}config: {{cmd: [{cmd}]}}\n"));
        bakery.bake("recipes/app.yaml");
        let host = format!("unix://{socket}");
        let name = bakery.ok(&["export", kind, "local/team-a/app:1.0", "--host", &host]);
        let mut docker = std::process::Command::new("docker");
        docker.args(["run", "--rm", "--network", "none", name.trim()]).env("DOCKER_HOST", &host);
        let said = succeeded(&docker.output().unwrap(), "docker run");
        assert_eq!(said, if cmd.starts_with("cat") { "fresh\n" } else { "stale\n" });
    }
    let told = bakery.fails(4, &["export", kind, "local/team-a/app:1.0", "--host", "unix:///nonexistent/socket"]);
    assert!(told.contains("cannot be reached"), "{told}");
}

#[test]
fn steps_go_to_dockerd_together() {
    if peers::need(&["dockerd", "mmdebstrap"]) {
        let daemon = Dockerd::start().unwrap();
        go_together(&daemon.engine());
        leave_those_before_a_failure(&daemon.engine());
        are_sealed_as_they_end(&daemon.engine());
        tell_a_user_nobody_has(&daemon.engine());
        end_what_takes_too_long(&daemon.engine());
        run_what_was_baked("docker", daemon.engine().strip_prefix("docker://").unwrap());
    }
}

#[test]
fn steps_go_to_podman_together() {
    if peers::need(&["podman", "runc", "mmdebstrap"]) {
        let service = PodmanService::start().unwrap();
        go_together(&service.engine());
        leave_those_before_a_failure(&service.engine());
        are_sealed_as_they_end(&service.engine());
        tell_a_user_nobody_has(&service.engine());
        run_what_was_baked("podman", service.engine().strip_prefix("podman://").unwrap());
    }
}
