//! Two platforms baked by two real engines, joined as one image: the same one of them gives for both.

use serde_json::Value;

use crate::support::bakery::{Bakery, layout_json};
use crate::support::dockerd::Dockerd;
use crate::support::podman_service::PodmanService;
use crate::support::{peers, tiny};

// 386 runs natively on amd64.
const RECIPE: &str = r#"recipe: 1
name: team-a/app
tag: "1"
base: scratch
platforms: [linux/amd64, linux/386]
steps:
  - unpack: {from: rootfs.tar, to: /}
  - run: {script: "echo made > /root/made && chmod 4750 /root/made", network: host}
  - write: {to: /etc/app.conf, content: "a: b"}
  - run: {script: "cat /root/made /etc/app.conf > /root/both", network: host}
"#;

/// A workspace whose images are signed, with these engines.
fn stocked(engines: &str) -> Bakery {
    let text = "bakery: 1\nstores:\n  local: {layout: local, key: keys/baker.key, keys: [keys/baker.pub]}\npolicy: policy.yaml\n";
    let bakery = Bakery::with_workspace(&format!("{text}engines:\n{engines}"));
    bakery.ok(&["keys", "new", "--out", "keys/baker"]);
    bakery.write("recipes/rootfs.tar", tiny::tar(&[]));
    bakery.write("recipes/app.yaml", RECIPE);
    bakery
}

fn one<'l>(lines: &'l [Value], kind: &str) -> &'l Value {
    lines.iter().find(|line| line["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {lines:#?}"))
}

#[test]
fn each_platform_on_its_own_engine_gives_the_index_one_engine_gives() {
    if !peers::need(&["dockerd", "podman", "busybox"]) {
        return;
    }
    let (docker, podman) = (Dockerd::start().unwrap(), PodmanService::start().unwrap());
    let two = format!(
        "  - {{name: east, engine: \"{}\", platforms: [linux/amd64]}}\n  - {{name: west, engine: \"{}\", platforms: [linux/386]}}\n",
        docker.engine(),
        podman.engine()
    );
    let bakery = stocked(&two);
    let lines = bakery.json_lines(&["bake", "app"]);
    let started = one(&lines, "bake.started");
    let on: Vec<(&str, &str)> = started["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| (seat["platform"].as_str().unwrap(), seat["builder"].as_str().unwrap()))
        .collect();
    assert_eq!(on, [("linux/amd64", "east"), ("linux/386", "west")]);
    // Side by side: the second runs its steps before the first is done with its own.
    let place = |kind: &str, step: &str| {
        let is_it = |line: &Value| line["kind"] == kind && line["step"] == step;
        lines.iter().position(is_it).unwrap_or_else(|| panic!("no {kind} of {step} in {lines:#?}"))
    };
    assert!(place("step.started", "386-2") < place("step.finished", "amd64-4"), "{lines:#?}");
    let digest = one(&lines, "image.committed")["digest"].as_str().unwrap().to_owned();
    let index = layout_json(&bakery.local(), &digest);
    let platforms: Vec<&str> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["platform"]["architecture"].as_str().unwrap())
        .collect();
    assert_eq!(platforms, ["amd64", "386"]);
    assert_eq!(one(&lines, "image.signed")["digest"], digest.as_str());
    let verdict = bakery.json(&["verify", "local/team-a/app:1"]);
    assert_eq!(verdict["verdict"], "pass", "{verdict:#}");

    // Alone, each engine finds what it made.
    for (platform, engine) in [("amd64", docker.engine()), ("386", podman.engine())] {
        let alone = RECIPE.replace("[linux/amd64, linux/386]", &format!("[linux/{platform}]"));
        bakery.write("recipes/app.yaml", alone.replace("team-a/app", &format!("team-a/{platform}")));
        let plan = bakery.json(&["plan", "app", "--engine", &engine]);
        let steps = plan["platforms"][0]["steps"].as_array().unwrap();
        assert!(steps.iter().all(|step| step["will_run"] == false), "{platform}: {plan:#}");
    }

    // The same image from one engine that has both.
    let both = format!("  - {{name: both, engine: \"{}\", platforms: [linux/amd64, linux/386]}}\n", docker.engine());
    let other = stocked(&both);
    let lines = other.json_lines(&["bake", "app"]);
    assert_eq!(one(&lines, "image.committed")["digest"], digest.as_str());
}
