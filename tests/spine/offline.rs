//! With the registry down: what is locked and was baked once bakes again; what is not says so and leaves nothing.

use super::{HOST, push_base, small_tar};
use crate::support::bakery::Bakery;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;

const RECIPE: &str = "recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: global/os:1\nsteps:\n  \
                      - copy: {from: app, to: /srv/app, owner: app}\n";

fn start() -> Option<(DockerRegistry, Bakery)> {
    if !peers::need(&["docker-registry", "crane", "tar"]) {
        return None;
    }
    let registry = DockerRegistry::start();
    let bakery = workspace(&registry);
    push_base(&registry, "global/os:1", HOST, &small_tar(&bakery.path("base"), "os 1"));
    Some((registry, bakery))
}

fn workspace(registry: &DockerRegistry) -> Bakery {
    let host = registry.host();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: {host}/global}}\n  local: {{layout: ./local}}\n"
    ));
    std::fs::create_dir(bakery.path("base")).unwrap();
    bakery.write("recipes/app.yaml", RECIPE);
    bakery.write("recipes/app/main", "1");
    bakery
}

fn shelf(bakery: &Bakery) -> usize {
    std::fs::read_dir(bakery.path("home/state/bakes")).map_or(0, Iterator::count)
}

#[test]
fn a_locked_recipe_bakes_again_with_the_registry_down() {
    let Some((registry, bakery)) = start() else { return };
    let digest = bakery.bake("recipes/app.yaml");
    let lock = std::fs::read_to_string(bakery.path("recipes/app.lock")).unwrap();
    drop(registry);

    assert_eq!(bakery.bake("recipes/app.yaml"), digest);
    bakery.json(&["plan", "recipes/app.yaml"]);
    bakery.write("recipes/app/main", "2");
    let changed = bakery.bake("recipes/app.yaml");
    assert_ne!(changed, digest, "an input changed");
    bakery.ok(&["bake", "recipes/app.yaml", "--frozen", "--no-cache"]);
    bakery.write("recipes/app/main", "1");
    assert_eq!(bakery.bake("recipes/app.yaml"), digest);
    assert_eq!(std::fs::read_to_string(bakery.path("recipes/app.lock")).unwrap(), lock, "the pin stays");

    // Documents alone do not do: the layers went with the store.
    std::fs::remove_dir_all(bakery.local()).unwrap();
    let told = bakery.fails(4, &["bake", "recipes/app.yaml"]);
    assert!(told.contains("help: "), "{told}");
}

#[test]
fn an_unreachable_registry_without_a_lock_or_documents_is_told_and_leaves_no_bake() {
    let Some((registry, bakery)) = start() else { return };
    bakery.bake("recipes/app.yaml");
    let elsewhere = workspace(&registry);
    std::fs::copy(bakery.path("recipes/app.lock"), elsewhere.path("recipes/app.lock")).unwrap();
    let unlocked = workspace(&registry);
    let host = registry.host();
    drop(registry);

    for (bakery, why) in [(&elsewhere, "locked, but never seen here"), (&unlocked, "no lock")] {
        let told = bakery.fails(4, &["bake", "recipes/app.yaml"]);
        for part in ["base global/os:1 cannot be had", host.as_str(), "help: "] {
            assert!(told.contains(part), "{why}: {part:?} is not in {told}");
        }
        assert_eq!(shelf(bakery), 0, "{why}");
        assert!(!bakery.local().join("index.json").exists(), "{why}");
    }
    assert!(!unlocked.path("recipes/app.lock").exists());

    // The lock removed after a first bake: the tag has to be asked for, whatever is kept.
    std::fs::remove_file(bakery.path("recipes/app.lock")).unwrap();
    let before = shelf(&bakery);
    bakery.fails(4, &["bake", "recipes/app.yaml"]);
    assert_eq!(shelf(&bakery), before);
}
