//! States of recipes: before a step, at the one that fails, at the end.

use super::{at, fails, ok, stocked};
use crate::support::bakery::Bakery;

const RECIPE: &str = "recipe: 1
name: team-a/states
tag: \"1\"
base: global/os:12
steps:
  - write: {to: /etc/first, content: one}
  - run: {script: 'echo two > /etc/second; test \"$HELLO\" = there', env: {HELLO: there}}
  - remove: [/etc/first]
config: {env: {IN: image}, workdir: /etc}
";

fn with_recipe(text: &str) -> Option<Bakery> {
    let bakery = stocked()?;
    bakery.write("shop/recipes/states.yaml", text);
    Some(bakery)
}

/// What of the steps' files is there, and the folder and environment one is in.
fn state(bakery: &Bakery, target: &str) -> String {
    let script = "pwd; ls /etc | grep -e first -e second | tr '\\n' ' '; echo \"$HELLO:$IN:$SOURCE_DATE_EPOCH\"";
    ok(bakery, &["shell", "-q", target, "--", "sh", "-c", script])
}

#[test]
fn every_state_of_a_baked_recipe_can_be_opened() {
    let Some(bakery) = with_recipe(RECIPE) else { return };
    ok(&bakery, &["bake", "recipes/states.yaml", "-q"]);
    let epoch = {
        let said = state(&bakery, "recipes/states.yaml@1");
        said.trim_end().rsplit(':').next().unwrap().to_owned()
    };
    assert_eq!(state(&bakery, "recipes/states.yaml@1"), format!("/\n::{epoch}\n"));
    assert_eq!(state(&bakery, "states@2"), format!("/\nfirst there::{epoch}\n"), "as the step would see it");
    assert_eq!(state(&bakery, "team-a/states:1@3"), format!("/\nfirst second ::{epoch}\n"));
    assert_eq!(state(&bakery, "states"), "/etc\nsecond :image:\n", "the image, all steps done");
    assert_eq!(state(&bakery, "local/team-a/states:1"), "/etc\nsecond :image:\n");
    let told = fails(&bakery, 2, &["shell", "states@4", "--", "true"]);
    assert!(told.contains("has 3 steps, and none of them is 4"), "{told}");
}

#[test]
fn without_a_step_it_opens_before_the_one_that_fails() {
    let Some(bakery) = with_recipe(&RECIPE.replace("= there'", "= elsewhere'")) else { return };
    fails(&bakery, 1, &["bake", "recipes/states.yaml", "-q"]);
    let output =
        at(&bakery, &["shell", "recipes/states.yaml", "--", "ls", "/etc/first", "/etc/second"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("team-a/states:1 before step 2 (run "), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/etc/first\n");
    let told = fails(&bakery, 1, &["shell", "recipes/states.yaml@3", "--", "true"]);
    for part in [
        "there is nothing yet before step 3 of recipes/states.yaml",
        "cause: step 2 (run ",
        "`bakery bake recipes/states.yaml` makes it",
        "`bakery shell recipes/states.yaml@2` opens what is there already",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
}

#[test]
fn a_recipe_that_was_never_baked_opens_on_its_base() {
    let Some(bakery) = with_recipe(RECIPE) else { return };
    let output = at(&bakery, &["shell", "recipes/states.yaml", "--", "ls", "/etc/first"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "nothing of the recipe is there");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("team-a/states:1 before step 1 (write "), "{told}");
    assert!(!bakery.path("shop/recipes/states.lock").exists(), "looking pins nothing");
}
