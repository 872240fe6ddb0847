//! Tests of plans: which steps run, and the reason each gives.

use std::collections::HashMap;

use super::*;
use crate::domain::oci::{ChainId, DiffId, Digest, Platform};
use crate::domain::recipe::{Recipe, parse};

struct Held(HashMap<CacheKey, CachedResult>);

impl CacheView for Held {
    fn result(&self, key: &CacheKey) -> Option<CachedResult> {
        self.0.get(key).cloned()
    }
}

const RECIPE: &str = "recipe: 1
name: a/b
tag: '1'
base: scratch
steps:
  - write: {to: /etc/a, content: one}
  - copy: {from: app, to: /srv/app}
  - remove: [/etc/b]
";

fn recipe(text: &str) -> Recipe {
    let (recipe, problems) = parse(text.as_bytes(), &["local"]).finish();
    recipe.unwrap_or_else(|| panic!("{problems:?}"))
}

fn app(files: &[(&str, &str)]) -> InputManifest {
    let file = |(path, text): &(&str, &str)| InputEntry {
        path: (*path).to_owned(),
        mode: 0o644,
        kind: InputKind::File { size: text.len() as u64, digest: Digest::of(text.as_bytes()) },
    };
    InputManifest { entries: files.iter().map(file).collect() }
}

/// A world in which one bake has been made.
struct World {
    recipe: Recipe,
    inputs: Vec<Option<InputManifest>>,
    chain: Option<ChainId>,
    env: Vec<String>,
    ids: Ids,
    packing: &'static str,
    held: Held,
    memory: Option<Memory>,
}

impl World {
    fn new() -> Self {
        Self {
            recipe: recipe(RECIPE),
            inputs: vec![None, Some(app(&[("lib.py", "l"), ("main.py", "m")])), None],
            chain: Some(ChainId(Digest::of(b"base"))),
            env: vec!["PATH=/usr/bin".into()],
            ids: Ids::Exact,
            packing: "gzip",
            held: Held(HashMap::new()),
            memory: None,
        }
    }

    fn on(&self) -> PlatformBase {
        PlatformBase {
            platform: "linux/amd64".parse::<Platform>().unwrap(),
            base: None,
            chain: self.chain.clone(),
            env: self.env.clone(),
        }
    }

    fn plan(&self, cache: Option<&dyn CacheView>) -> Plan {
        build(&PlanRequest {
            recipe: &self.recipe,
            file: "r.yaml",
            recipe_digest: Digest::of(RECIPE.as_bytes()),
            base_digest: None,
            stale: None,
            created: 0,
            packing: self.packing,
            engine: &|_| None,
            platforms: &[self.on()],
            ids: self.ids,
            inputs: &self.inputs,
            cache,
            memory: self.memory.as_ref(),
        })
    }

    /// Bakes: every step gives a layer named after it, until nothing is left to run.
    fn bake(&mut self) {
        let first = self.plan(Some(&self.held));
        self.memory = Some(Memory::of(&first, &self.recipe, &[self.on()], &self.inputs, self.packing));
        for _ in 0..self.recipe.steps.len() {
            let plan = self.plan(Some(&self.held));
            if let Some(step) = plan.platforms[0].steps.iter().find(|step| step.will_run) {
                let diff_id = Some(DiffId(Digest::of(step.cache_key.to_string().as_bytes())));
                self.held.0.insert(step.cache_key.clone(), CachedResult { diff_id });
            }
        }
    }

    fn reasons(&self) -> Vec<String> {
        let plan = self.plan(Some(&self.held));
        plan.platforms[0].steps.iter().map(|step| step.reason.to_string()).collect()
    }
}

fn baked() -> World {
    let mut world = World::new();
    world.bake();
    world
}

#[test]
fn never_baked_then_cached() {
    assert_eq!(World::new().reasons(), ["never baked here"; 3]);
    assert_eq!(baked().reasons(), ["cached"; 3]);
}

#[test]
fn changed_files_are_named() {
    let mut world = baked();
    world.inputs[1] = Some(app(&[("main.py", "other"), ("new.py", "n")]));
    let expected = ["cached", "app/lib.py, app/main.py, app/new.py changed", "step 2 below it runs"];
    assert_eq!(world.reasons(), expected);

    let many: Vec<String> = (0..9).map(|n| format!("f{n}")).collect();
    let files: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
    world.inputs[1] = Some(app(&files));
    assert!(world.reasons()[1].ends_with("app/f4 and 6 more changed"), "{:?}", world.reasons());
}

#[test]
fn a_changed_step_and_what_stands_on_it() {
    let mut world = baked();
    world.recipe = recipe(&RECIPE.replace("one", "two"));
    assert_eq!(world.reasons(), ["the step changed", "step 1 below it runs", "step 2 below it runs"]);
    world.inputs[1] = Some(app(&[("lib.py", "l"), ("main.py", "other")]));
    assert_eq!(world.reasons()[1], "app/main.py changed", "what changed in the step counts before what is below it");
}

#[test]
fn steps_that_moved_are_not_called_changed() {
    let mut world = baked();
    world.recipe = recipe(&RECIPE.replace("steps:\n", "steps:\n  - remove: [/etc/c]\n"));
    world.inputs.insert(0, None);
    let expected = ["the step changed", "step 1 below it runs", "step 2 below it runs", "step 3 below it runs"];
    assert_eq!(world.reasons(), expected);
}

#[test]
fn another_base_other_settings_no_cache() {
    let mut world = baked();
    world.chain = Some(ChainId(Digest::of(b"other")));
    assert_eq!(world.reasons(), ["the base changed", "step 1 below it runs", "step 2 below it runs"]);
    let mut world = baked();
    world.packing = "zstd";
    assert!(world.reasons()[0].starts_with("its result is no longer stored, or settings changed"));
    let plan = world.plan(None);
    assert!(plan.platforms[0].steps.iter().all(|step| step.will_run && step.reason == Reason::NoCache));
}

#[test]
fn comments_and_config_change_no_key() {
    let world = baked();
    let mut other = baked();
    other.recipe = recipe(&RECIPE.replace("steps:", "config: {user: app}\n# why\nsteps:"));
    assert_eq!(other.reasons(), ["cached"; 3]);
    let keys = |world: &World| -> Vec<CacheKey> {
        world.plan(Some(&world.held)).platforms[0].steps.iter().map(|step| step.cache_key.clone()).collect()
    };
    assert_eq!(keys(&world), keys(&other));
}

#[test]
fn what_steps_run_in_counts_for_those_that_run_something() {
    let mut world = World::new();
    world.recipe = recipe(&RECIPE.replace("  - copy: {from: app, to: /srv/app}\n", "  - run: useradd app\n"));
    world.inputs = vec![None; 3];
    world.bake();
    assert_eq!(world.reasons(), ["cached"; 3]);
    world.env[0].push_str(":/opt/bin");
    assert_eq!(world.reasons(), ["cached", "the base changed", "step 2 below it runs"]);
    world.env.truncate(0);
    world.env.push("PATH=/usr/bin".into());
    world.ids = Ids::Single;
    assert_eq!(world.reasons()[0], "cached");
    assert!(world.reasons()[1].starts_with("its result is no longer stored, or settings changed"));
    assert_eq!(world.plan(None).ids, Ids::Single);
}

#[test]
fn a_recipe_that_runs_nothing_loses_nothing() {
    let mut world = baked();
    world.ids = Ids::Single;
    world.env.clear();
    assert_eq!(world.reasons(), ["cached"; 3]);
    let plan = world.plan(None);
    assert_eq!(plan.ids, Ids::Exact);
    assert!(!serde_json::to_string(&plan).unwrap().contains("\"ids\""));
}
