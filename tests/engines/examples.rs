//! The example recipes give the same images on every engine: files, owners, modes and config, to the last bit.

use crate::examples::baked::World;
use crate::run_steps::bench::{events, of};
use crate::support::bakery::succeeded;
use crate::support::dockerd::Dockerd;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

/// Bases, then what stands on them.
const RECIPES: &[(&str, &[&str])] = &[
    ("global", &["python", "nginx"]),
    ("team-a", &["payments-api/payments-api.yaml", "storefront/storefront.yaml"]),
    ("team-b", &["reports/reports.yaml"]),
];

fn bake(world: &World, workspace: &str, (recipe, engine): (&str, &str)) -> Vec<serde_json::Value> {
    let workspace = world.path(workspace).display().to_string();
    let arguments = ["bake", "--workspace", &workspace, recipe, "--engine", engine, "--json"];
    let output = world.bakery.run(&arguments);
    succeeded(&output, &format!("{recipe} on {engine}"));
    events(&output)
}

fn are_the_same(engine: &str) {
    let world = World::new();
    bake(&world, "global", ("os", "embedded"));
    for (workspace, recipes) in RECIPES {
        for recipe in *recipes {
            let here = bake(&world, workspace, (recipe, "embedded"));
            let there = bake(&world, workspace, (recipe, engine));
            let layers = |all: &[serde_json::Value]| -> Vec<String> {
                let sealed = of(all, "layer.sealed");
                sealed.iter().map(|sealed| format!("{} {}", sealed["step"], sealed["diff_id"])).collect()
            };
            let digest =
                |all: &[serde_json::Value]| of(all, "image.committed")[0]["digest"].as_str().unwrap().to_owned();
            let (one, other) = (digest(&here), digest(&there));
            if one != other {
                let name =
                    of(&here, "bake.started")[0]["reference"].as_str().unwrap().rsplit_once(':').unwrap().0.to_owned();
                let (a, b) = (format!("local/{name}@{one}"), format!("local/{name}@{other}"));
                let workspace = world.path(workspace).display().to_string();
                let told = world.bakery.run(&["diff", "--workspace", &workspace, &a, &b]);
                let told = String::from_utf8_lossy(&told.stdout).into_owned();
                panic!("{recipe} on {engine}:\n{:?}\n{:?}\n{told}", layers(&here), layers(&there));
            }
            assert_eq!(layers(&here), layers(&there));
        }
    }
}

#[test]
fn the_examples_are_the_same_on_dockerd() {
    if peers::need(&["dockerd", "mmdebstrap"]) {
        are_the_same(&Dockerd::start().unwrap().engine());
    }
}

#[test]
fn the_examples_are_the_same_on_podman() {
    if peers::need(&["podman", "runc", "mmdebstrap"]) {
        are_the_same(&PodmanService::start().unwrap().engine());
    }
}
