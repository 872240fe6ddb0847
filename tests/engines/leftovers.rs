//! What is stopped here is stopped at the daemon, and what a killed bake leaves there is freed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::same;
use crate::run_steps::bench::said;
use crate::support::bakery::{Bakery, succeeded};
use crate::support::dockerd::Dockerd;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

/// Whether a program sleeps for this many seconds anywhere on this machine.
fn sleeps(seconds: &str) -> bool {
    sleeper(seconds).is_some()
}

/// The number of the process that does.
fn sleeper(seconds: &str) -> Option<String> {
    let wanted = format!("sleep\0{seconds}\0");
    let mut processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let is_it = |process: &std::fs::DirEntry| {
        std::fs::read(process.path().join("cmdline")).is_ok_and(|line| line == wanted.as_bytes())
    };
    processes.find(is_it).map(|process| process.file_name().to_string_lossy().into_owned())
}

/// Waits for a state, and says whether it came.
fn comes(within: Duration, mut state: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if state() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    state()
}

/// A bake in whose second group of steps something sleeps; comes back when it does.
fn asleep(
    bakery: &Bakery,
    engine: &str,
    (seconds, secrets): (&str, &str),
) -> (Child, BufReader<ChildStdout>, serde_json::Value) {
    let head = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n";
    let steps =
        format!("  - write: {{to: /srv/a, content: a}}\n  - run: {{script: \"exec sleep {seconds}\"{secrets}}}\n");
    bakery.write("recipes/app.yaml", format!("{head}{steps}"));
    let mut command = bakery.command(&["bake", "recipes/app.yaml", "--engine", engine, "--json"]);
    command.env("TOKEN", "correct-horse-battery").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    let started = serde_json::from_str(&first).unwrap();
    assert!(comes(Duration::from_secs(120), || sleeps(seconds)), "{first}");
    (child, out, started)
}

fn images(daemon: &Dockerd) -> Vec<String> {
    let output = daemon.docker(&["images", "--format", "{{.Repository}}"]).output().unwrap();
    let text = succeeded(&output, "docker images");
    let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn what_is_stopped_here_is_stopped_at_dockerd() {
    if !peers::need(&["dockerd", "mmdebstrap"]) {
        return;
    }
    let daemon = Dockerd::start().unwrap();
    let bakery = same::stocked();
    // With secrets it is another kind of session.
    for (seconds, secrets) in [("30011", ""), ("30012", ", secrets: [token]")] {
        let (mut child, mut out, started) = asleep(&bakery, &daemon.engine(), (seconds, secrets));
        bakery.ok(&["cancel", started["bake"].as_str().unwrap()]);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(rest.lines().last().unwrap().contains("\"status\":\"cancelled\""), "{rest}");
        assert!(comes(Duration::from_secs(20), || !sleeps(seconds)), "it sleeps on");
        assert_eq!(images(&daemon), ["localhost/bakery-ground"]);
    }
    // A bake that is killed takes its step with it; its images go with the next bake.
    let (mut child, _out, started) = asleep(&bakery, &daemon.engine(), ("30013", ""));
    let _ = Command::new("kill").args(["-KILL", &started["pid"].to_string()]).status();
    child.wait().unwrap();
    assert!(comes(Duration::from_secs(20), || !sleeps("30013")), "it sleeps on");
    assert_eq!(images(&daemon), ["localhost/bakery-ground", "localhost/bakery-passing"]);
    let recipe = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n  - run: echo a > /srv/b\n";
    bakery.write("recipes/app.yaml", recipe);
    same::bake(&bakery, &daemon.engine(), &[]);
    assert_eq!(images(&daemon), ["localhost/bakery-ground"]);
}

#[test]
fn what_podman_does_not_stop_is_said() {
    if !peers::need(&["podman", "runc", "mmdebstrap"]) {
        return;
    }
    let service = PodmanService::start().unwrap();
    let bakery = same::stocked();
    let (mut child, mut out, started) = asleep(&bakery, &service.engine(), ("30014", ""));
    let bake = started["bake"].as_str().unwrap();
    bakery.ok(&["cancel", bake]);
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    // Whether it does is podman's; nothing of it is left here.
    if let Some(process) = sleeper("30014") {
        let _ = Command::new("kill").args(["-KILL", &process]).status();
    }
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let log = said(&bakery, bake);
    let place = service.engine().replacen("podman://", "podman at unix://", 1);
    assert!(log.contains(&format!("{place} may let this step go on")), "{log}");
}
