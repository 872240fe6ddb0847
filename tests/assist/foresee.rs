//! What a bake of a text would do and find, before it is saved; held against what the bake then does.

use bakery::domain::oci::ExecConfig;
use bakery::domain::trust::CheckVerdict;
use bakery::flows::assist::Foresight;

use super::{RECIPE, World, labels, on, put};
use crate::support::bakery::Bakery;
use crate::support::engine::usrmerged;

const POLICY: &str = "base: {signed-by: [], allow: [\"global/os\"]}\n\
    image: {user: nonroot, require-labels: [team], forbid-packages: [\"telnet*\"]}\n";
const CONTRACT: &str = r#"{"protected": ["/etc/passwd"]}"#;

fn world() -> World {
    let world = World::new();
    world.bakery.write("policy.yaml", POLICY);
    let exec = ExecConfig { labels: labels(&[("dev.bakery.contract", CONTRACT)]), ..ExecConfig::default() };
    put(&world.bakery.path("global"), "os:12", &[usrmerged()], exec);
    world
}

async fn foresee(world: &World, text: &str) -> Foresight {
    world.context.foresee(&world.file(), text).await.unwrap()
}

fn shown(foresight: &Foresight) -> Vec<(&str, &str, Option<u32>)> {
    foresight.checks.iter().map(|check| (check.id.as_str(), check.verdict.as_str(), check.line)).collect()
}

#[tokio::test]
async fn what_a_text_would_do_is_the_plan_of_its_file() {
    let world = world();
    let text = on(
        "global/os:12",
        "steps:\n  - write: {to: /etc/x, content: x}\nconfig:\n  user: app\n  labels: {team: a}\ntests:\n  - {name: a, file: {path: /etc/x}}\n",
    );
    let ahead = foresee(&world, &text).await;
    assert_eq!(
        (ahead.prospect.plan.platforms[0].steps.len(), ahead.prospect.tests.as_slice()),
        (1, &["a".to_owned()][..])
    );
    assert!(ahead.pulls > 0 && ahead.took.is_none(), "{ahead:?}");
    assert_eq!(
        shown(&ahead),
        [("base.allowed", "pass", Some(4)), ("image.user", "pass", Some(9)), ("image.labels", "pass", Some(10))]
    );
    assert_eq!(std::fs::read_to_string(world.file()).unwrap(), "recipe: 1\n", "nothing is written");
    assert!(!world.bakery.path("recipes/app/app.lock").exists() && !world.bakery.path("local").exists());

    world.bakery.write(RECIPE, &text);
    let mut prospect = world.context.prospect(&world.file(), false).await.unwrap();
    // Shown as it was asked for.
    prospect.plan.recipe.clone_from(&ahead.prospect.plan.recipe);
    assert_eq!(ahead.prospect, prospect, "one and the same");
    world.bakery.bake(RECIPE);
    let clone = World { bakery: world.bakery, context: fresh(&world.context) };
    let after = foresee(&clone, &text).await;
    assert_eq!(after.pulls, 0, "the bake has fetched it");
    assert!(after.took.is_some() && !after.prospect.plan.platforms[0].steps[0].will_run, "{after:?}");
}

/// The same, by somebody who knows nothing yet.
fn fresh(context: &bakery::flows::Context) -> bakery::flows::Context {
    bakery::flows::Context { known: Default::default(), ..context.clone() }
}

#[tokio::test]
async fn what_fails_before_fails_in_the_bake() {
    let world = world();
    let text = on(
        "global/os:12",
        "steps:\n  - remove: [/etc/passwd]\n  - write:\n      to: /usr/bin/x\n      mode: \"4755\"\n      content: x\nconfig:\n  user: root\n",
    );
    let ahead = foresee(&world, &text).await;
    assert_eq!(
        shown(&ahead),
        [
            ("base.allowed", "pass", Some(4)),
            ("image.user", "fail", Some(13)),
            ("image.labels", "fail", Some(12)),
            ("lineage.contract", "fail", Some(7)),
            ("layer.setuid", "fail", Some(8)),
        ]
    );
    assert!(ahead.checks.iter().all(|check| !check.why.is_empty()));
    world.bakery.write(RECIPE, &text);
    let output = world.bakery.run(&["bake", RECIPE, "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let events: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for check in ahead.checks.iter().filter(|check| check.verdict == CheckVerdict::Fail) {
        let mut outcomes = events.iter().filter(|event| event["kind"] == "check.finished" && event["id"] == check.id);
        assert!(outcomes.any(|event| event["verdict"] == "fail"), "{}", check.id);
    }
}

#[tokio::test]
async fn packages_and_bases_that_are_not_allowed_have_their_lines() {
    let world = world();
    put(&world.bakery.path("global"), "other:1", &[usrmerged()], ExecConfig::default());
    let text = on(
        "global/other:1",
        "steps:\n  - packages:\n      - curl\n      - telnetd\nconfig: {user: app, labels: {team: a}}\n",
    );
    let ahead = foresee(&world, &text).await;
    let found = shown(&ahead);
    assert!(
        found.contains(&("base.allowed", "fail", Some(4))) && found.contains(&("image.packages", "fail", Some(9))),
        "{found:?}"
    );
    world.bakery.write("policy.yaml", "nonsense: 1\n");
    let ahead = foresee(&world, &text).await;
    assert_eq!((ahead.checks[0].id.as_str(), ahead.checks.len()), ("policy", 1), "such a policy rejects everything");
}

#[tokio::test]
async fn a_broken_text_and_a_base_nobody_has_are_told() {
    let world = world();
    let told = world.context.foresee(&world.file(), "recipe: 1\nnam: x\n").await.unwrap_err();
    assert_eq!(told.kind.exit_code(), 2);
    assert!(world.context.foresee(&world.file(), &on("global/none:1", "")).await.is_err());
    let scratch = foresee(&world, &on("scratch", "config: {user: app, labels: {team: a}}\n")).await;
    assert_eq!(shown(&scratch), [("image.user", "pass", Some(6)), ("image.labels", "pass", Some(6))]);
}

#[tokio::test]
async fn a_pinned_base_is_foreseen_without_its_registry() {
    let world = World::of(Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\nrecipes: recipes\n",
    ));
    put(&world.bakery.path("global"), "os:12", &[usrmerged()], ExecConfig::default());
    let text = on("global/os:12", "steps:\n  - write: {to: /etc/x, content: x}\n");
    world.bakery.write(RECIPE, &text);
    world.bakery.bake(RECIPE);
    // The store is gone; what was baked upon is here.
    std::fs::rename(world.bakery.path("global"), world.bakery.path("gone")).unwrap();
    let again = World { context: fresh(&world.context), bakery: world.bakery };
    let ahead = foresee(&again, &text).await;
    assert_eq!((ahead.pulls, ahead.prospect.plan.platforms.len()), (0, 1));
}
