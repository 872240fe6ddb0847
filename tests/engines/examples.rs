//! The example recipes give the same images on every engine: files, owners, modes and config, to the last bit.
//! `BAKERY_EXAMPLES=all` takes all of them; else those the teams stand on.

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
/// What is baked beside them where all are wanted.
const MORE: &[(&str, &[&str])] =
    &[("global", &["redis", "node", "java", "apache", "postgres"]), ("team-b", &["sessions/sessions.yaml"])];

fn wanted() -> Vec<(&'static str, &'static str)> {
    let all = std::env::var("BAKERY_EXAMPLES").as_deref() == Ok("all");
    let more = if all { MORE } else { &[] };
    let each = |(workspace, recipes): &(&'static str, &'static [&'static str])| {
        let workspace = *workspace;
        recipes.iter().map(move |recipe| (workspace, *recipe)).collect::<Vec<_>>()
    };
    RECIPES.iter().chain(more).flat_map(each).collect()
}

fn bake(world: &World, workspace: &str, (recipe, engine): (&str, &str)) -> Vec<serde_json::Value> {
    let workspace = world.path(workspace).display().to_string();
    let arguments = ["bake", "--workspace", &workspace, recipe, "--engine", engine, "--json"];
    let output = world.bakery.run(&arguments);
    succeeded(&output, &format!("{recipe} on {engine}"));
    events(&output)
}

fn layers(all: &[serde_json::Value]) -> Vec<String> {
    of(all, "layer.sealed").iter().map(|sealed| format!("{} {}", sealed["step"], sealed["diff_id"])).collect()
}

fn digest(all: &[serde_json::Value]) -> String {
    of(all, "image.committed")[0]["digest"].as_str().unwrap().to_owned()
}

/// What `diff` says of two bakes that should have given the same.
fn told(world: &World, workspace: &str, (here, there): (&[serde_json::Value], &[serde_json::Value])) -> String {
    let reference = of(here, "bake.started")[0]["reference"].as_str().unwrap().to_owned();
    let name = reference.rsplit_once(':').unwrap().0;
    let [a, b] = [here, there].map(|all| format!("local/{name}@{}", digest(all)));
    let workspace = world.path(workspace).display().to_string();
    let told = world.bakery.run(&["diff", "--workspace", &workspace, &a, &b]);
    let said = [told.stdout, told.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    format!("{:?}\n{:?}\n{said}", layers(here), layers(there))
}

fn are_the_same(engine: &str) {
    let world = World::new();
    bake(&world, "global", ("os", "embedded"));
    let mut others = Vec::new();
    for (workspace, recipe) in wanted() {
        let here = bake(&world, workspace, (recipe, "embedded"));
        let there = bake(&world, workspace, (recipe, engine));
        let same = digest(&here) == digest(&there);
        println!("{recipe} on {engine}: {}", if same { "the same digest" } else { "another digest" });
        if !same || layers(&here) != layers(&there) {
            others.push(format!("{recipe} on {engine}:\n{}", told(&world, workspace, (&here, &there))));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
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
