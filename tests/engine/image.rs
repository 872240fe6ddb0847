//! The image around the layers: config, history, annotations, platforms, tags.

use serde_json::{Value, json};

use crate::support::engine::{Bakehouse, Outcome, usrmerged};

fn config(house: &Bakehouse, outcome: &Outcome) -> Value {
    serde_json::to_value(house.config(outcome.image())).unwrap()
}

#[test]
fn config_is_the_bases_with_what_the_recipe_changes() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let outcome = house.bake(
        "steps:\n  - write: {to: /a, content: x}\n  - copy: {from: ., to: /srv/app}\nconfig:\n  env: {APP_ENV: production}\n  user: app\n  workdir: /srv/app\n  entrypoint: [/bin/sh, -c]\n  expose: [8080/tcp]\n  labels: {team: a}\n  volumes: [/data]\n  stop-signal: SIGTERM\n  healthcheck: {test: [CMD, \"true\"], interval: 30s, retries: 2}\n",
    );
    let config = config(&house, &outcome);
    assert_eq!(
        config["config"],
        json!({
            "User": "app", "Env": ["PATH=/usr/bin", "APP_ENV=production"], "Entrypoint": ["/bin/sh", "-c"],
            "WorkingDir": "/srv/app", "ExposedPorts": {"8080/tcp": {}}, "Labels": {"team": "a"},
            "Volumes": {"/data": {}}, "StopSignal": "SIGTERM", "OnBuild": ["x"],
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64, "Retries": 2}
        })
    );
    assert_eq!(config["history"][1]["created_by"], "bakery copy . -> /srv/app");
    assert_eq!(config["history"][1]["comment"], "bakery");
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 3);
    assert_eq!((config["os"].as_str(), config["architecture"].as_str()), (Some("linux"), Some("amd64")));
}

#[test]
fn the_manifest_names_the_base_and_the_time() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let outcome = house.bake("steps: []\n");
    let manifest = house.manifest(outcome.image());
    assert_eq!(manifest.annotations["org.opencontainers.image.base.name"], "global/base:1");
    let digest = house.base.as_ref().unwrap().digest.to_string();
    assert_eq!(manifest.annotations["org.opencontainers.image.base.digest"], digest);
    assert_eq!(manifest.annotations["org.opencontainers.image.created"], "2023-11-14T22:13:20Z");
    let entries = house.target.entries().unwrap();
    assert_eq!(entries[0].annotations["org.opencontainers.image.ref.name"], "team-a/app:1.0");
}

#[test]
fn scratch_has_no_base_and_may_have_no_steps() {
    let house = Bakehouse::new();
    let outcome = house.bake("config: {cmd: [/x]}\n");
    let manifest = house.manifest(outcome.image());
    assert!(manifest.layers.is_empty() && !manifest.annotations.contains_key("org.opencontainers.image.base.name"));
    assert_eq!(config(&house, &outcome)["config"], json!({"Cmd": ["/x"]}));
}

#[test]
fn several_platforms_give_an_index_in_the_recipes_order() {
    let house = Bakehouse::new();
    let outcome = house.bake("platforms: [linux/arm/v7, linux/amd64]\nsteps:\n  - write: {to: /a, content: x}\n");
    let index: Value = serde_json::from_slice(&house.document(outcome.image())).unwrap();
    let platforms: Vec<_> = index["manifests"].as_array().unwrap().iter().map(|m| m["platform"].clone()).collect();
    assert_eq!(
        platforms,
        [
            json!({"os": "linux", "architecture": "arm", "variant": "v7"}),
            json!({"os": "linux", "architecture": "amd64"})
        ]
    );
    let steps: Vec<_> =
        outcome.heard.sealed().iter().map(|sealed| format!("{} {}", sealed.step, sealed.platform)).collect();
    assert_eq!(steps[0], "arm-v7-1 linux/arm/v7");
}
