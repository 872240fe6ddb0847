//! Images in registries are rebased where they lie: layers of ours are neither fetched nor sent, those of the base are mounted.

use serde_json::json;

use super::house::{FILES, House, OWN, signed_house};
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::peers::need;

/// The strict house, whose stores are a registry.
fn moved_to(registry: &DockerRegistry) -> House {
    let house = signed_house();
    let host = registry.host();
    house.global.write(
        "bakery.yaml",
        format!(
            "bakery: 1\nstores:\n  local: {{layout: ./store, key: keys/global.key, keys: [keys/global.pub], \
             publish: {host}/global}}\nrecipes: recipes\n"
        ),
    );
    workspace(&house, &host, ", key: keys/baker.key, keys: [keys/baker.pub]");
    house.global.ok(&["publish", "local/os:12"]);
    house
}

fn workspace(house: &House, host: &str, key: &str) {
    let global = house.global.path("keys/global.pub");
    house.baker.write(
        "bakery.yaml",
        format!(
            "bakery: 1\nstores:\n  global: {{registry: {host}/global, plain-http: true, keys: [{}]}}\n  \
             local: {{layout: ./local{key}, publish: {host}/teams}}\nrecipes: recipes\n",
            global.display()
        ),
    );
}

fn next_base(house: &House, conf: &str, at: u32) {
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", conf)]].concat(), "{}", at);
    house.global.ok(&["publish", "local/os:12"]);
}

#[test]
fn an_image_in_a_registry_is_rebased_there_and_no_layer_of_ours_travels() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let house = moved_to(&registry);
    house.app("app", &format!("platforms: [linux/amd64, linux/arm64]\n{OWN}"));
    house.baker.ok(&["publish", "local/team/app:1"]);
    let image = format!("{}/teams/team/app:1", registry.host());
    let ours: Vec<String> = house.baker.json(&["inspect", &image, "--platform", "linux/amd64"])["layers"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|layer| layer["digest"].as_str().unwrap().to_owned())
        .collect();
    assert!(!ours.is_empty());
    next_base(&house, "2", 200);
    let (code, told) = house.rebase(&[&image, "--dry-run"]);
    assert_eq!((code, &told["answer"], &told["done"]), (0, &json!("safe"), &json!(false)), "{told:#}");
    let from = registry.requests().len();
    let (code, told) = house.rebase(&[&image]);
    assert_eq!((code, &told["done"], &told["layers"]["read"]), (0, &json!(true), &json!(0)), "{told:#}");
    assert!(told["layers"]["mounted"].as_u64().unwrap() >= 1 && told["layers"]["copied"] == 0, "{told:#}");
    let requests = registry.requests();
    let of_ours = requests[from..].iter().filter(|(_, path)| ours.iter().any(|layer| path.contains(layer)));
    assert!(of_ours.clone().all(|(method, _)| method == "HEAD"), "{:#?}", of_ours.collect::<Vec<_>>());
    assert!(!requests[from..].iter().any(|(method, _)| method == "PATCH"), "no blob of more than one request");
    let verified = house.baker.json(&["verify", &image]);
    assert_eq!(verified["digest"], told["digest"], "{verified:#}");
    assert_eq!(verified["chain"][0]["signed_by"].as_array().unwrap().len(), 1);
    assert_eq!(told["lock"]["written"], json!(true), "the next bake does not go back: {told:#}");
    assert_eq!(house.rebase(&[&image]).1["answer"], "current");
    // Baked in full on the new base it is the same.
    house.baker.ok(&["bake", "--no-cache", "recipes/app/app.yaml"]);
    for platform in ["linux/amd64", "linux/arm64"] {
        let differs = house.baker.json(&["diff", "--semantic", &image, "local/team/app:1", "--platform", platform]);
        assert_eq!((&differs["changes"], &differs["config"]), (&json!([]), &json!([])), "{differs:#}");
    }
}

#[test]
fn layers_nobody_has_looked_into_are_read_once_and_that_is_said() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let house = moved_to(&registry);
    house.app("app", OWN);
    house.baker.ok(&["publish", "local/team/app:1"]);
    next_base(&house, "2", 200);
    for folder in ["home/cache", "local"] {
        std::fs::remove_dir_all(house.baker.path(folder)).unwrap();
    }
    let image = format!("{}/teams/team/app:1", registry.host());
    let (_, told) = house.rebase(&[&image]);
    assert_eq!(told["done"], json!(true), "{told:#}");
    assert!(told["layers"]["read"].as_u64().unwrap() > 0, "{told:#}");
    next_base(&house, "3", 300);
    let (_, told) = house.rebase(&[&image]);
    assert_eq!((&told["done"], &told["layers"]["read"]), (&json!(true), &json!(0)), "{told:#}");
}

#[test]
fn without_a_key_of_ours_nothing_is_rebased_in_a_registry() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let house = moved_to(&registry);
    house.app("app", OWN);
    house.baker.ok(&["publish", "local/team/app:1"]);
    next_base(&house, "2", 200);
    let image = format!("{}/teams/team/app:1", registry.host());
    workspace(&house, &registry.host(), "");
    assert_eq!(house.refused(&[&image]), ["store.no-key"]);
    assert_eq!(house.refused(&["global/os:12"]), ["store.no-key"]);
}
