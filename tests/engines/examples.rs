//! The example recipes give the same images on every engine: files, owners, modes and config, to the last bit.
//! `BAKERY_EXAMPLES=all` takes all of them; else those the teams stand on.

use std::collections::BTreeSet;

use crate::examples::baked::World;
use crate::run_steps::bench::{events, of};
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

/// Bakes, and gives the journal; what went wrong, where it did.
fn bake(world: &World, workspace: &str, (recipe, engine, more): (&str, &str, &[&str])) -> Result<Journal, String> {
    let workspace = world.path(workspace).display().to_string();
    let arguments = ["bake", "--workspace", &workspace, recipe, "--engine", engine, "--json"];
    let output = world.bakery.run(&[&arguments[..], more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then(|| events(&output)).ok_or(format!("{recipe} on {engine}: {said}"))
}

type Journal = Vec<serde_json::Value>;

fn layers(all: &[serde_json::Value]) -> Vec<String> {
    of(all, "layer.sealed").iter().map(|sealed| format!("{} {}", sealed["step"], sealed["diff_id"])).collect()
}

fn digest(all: &[serde_json::Value]) -> String {
    of(all, "image.committed")[0]["digest"].as_str().unwrap().to_owned()
}

/// What `diff` says of two bakes of a recipe, a path or a line of the config each.
fn told(world: &World, workspace: &str, (here, there): (&Journal, &Journal)) -> BTreeSet<String> {
    let name = of(here, "bake.started")[0]["reference"].as_str().unwrap().rsplit_once(':').unwrap().0.to_owned();
    let [a, b] = [here, there].map(|all| format!("local/{name}@{}", digest(all)));
    let workspace = world.path(workspace).display().to_string();
    let told = world.bakery.json(&["diff", "--workspace", &workspace, &a, &b]);
    let lines = |what: &str, of: fn(&serde_json::Value) -> String| -> Vec<String> {
        told[what].as_array().unwrap().iter().map(of).collect()
    };
    let paths = lines("changes", |change| ["op", "path"].map(|key| change[key].as_str().unwrap()).join(" "));
    let rest = ["config", "packages"].map(|what| lines(what, ToString::to_string)).concat();
    paths.into_iter().chain(rest).collect()
}

/// Both engines give the same, or what differs is what the recipe makes anew each time, here, too.
fn is_the_same(world: &World, workspace: &str, (recipe, engine): (&str, &str)) -> Result<String, String> {
    let here = bake(world, workspace, (recipe, "embedded", &[]))?;
    let there = bake(world, workspace, (recipe, engine, &[]))?;
    if digest(&here) == digest(&there) && layers(&here) == layers(&there) {
        return Ok("the same digest".into());
    }
    let between = told(world, workspace, (&here, &there));
    let again = bake(world, workspace, (recipe, "embedded", &["--no-cache"]))?;
    let alone = told(world, workspace, (&here, &again));
    if !between.is_empty() && between.is_subset(&alone) {
        return Ok(format!("another digest, as here from bake to bake: {between:?}"));
    }
    Err(format!("{recipe} on {engine}: {between:?}\n{:?}\n{:?}\nhere twice: {alone:?}", layers(&here), layers(&there)))
}

fn are_the_same(engine: &str) {
    let world = World::new();
    bake(&world, "global", ("os", "embedded", &[])).unwrap();
    let mut others = Vec::new();
    for (workspace, recipe) in wanted() {
        match is_the_same(&world, workspace, (recipe, engine)) {
            Ok(how) => eprintln!("{recipe} on {engine}: {how}"),
            Err(why) => others.push(why),
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
