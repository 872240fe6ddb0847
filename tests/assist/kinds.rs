//! A new recipe in four answers: each kind passes `check`, and nothing that is there is overwritten.

use bakery::flows::edit::{NewRecipe, recipe_kinds};

use super::{World, put};
use crate::support::engine::usrmerged;

fn asked(name: &str, tag: &str, base: &str, kind: &str) -> NewRecipe {
    NewRecipe { base: base.into(), name: name.into(), tag: tag.into(), kind: kind.into() }
}

fn world() -> World {
    let world = World::new();
    std::fs::remove_file(world.file()).unwrap();
    put(&world.bakery.path("global"), "os:12", &[usrmerged()], Default::default());
    world
}

#[test]
fn each_kind_passes_check_on_its_own() {
    let world = world();
    assert!(recipe_kinds().len() >= 6);
    for (kind, what) in recipe_kinds() {
        assert!(!what.is_empty());
        let name = format!("team-a/{kind}");
        let (file, shown) = world.context.new_recipe_as(&asked(&name, "1.0", "global/os:12", kind)).unwrap();
        assert_eq!(shown, format!("recipes/{kind}/{kind}.yaml"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("name: {name}\ntag: \"1.0\"\n")) && !text.contains("{{"), "{text}");
    }
    assert_eq!(world.bakery.json(&["check"]), serde_json::json!([]), "no problem, no warning");
    for kind in ["empty", "files"] {
        world.bakery.bake(&format!("recipes/{kind}/{kind}.yaml"));
    }
    let hint = World::new().context.new_recipe_as(&asked("a", "1", "scratch", "packages")).unwrap();
    assert_eq!(hint.1, "recipes/a/a.yaml", "on nothing as well");
}

#[test]
fn answers_that_make_no_recipe_are_told() {
    let world = world();
    for (answers, says) in [
        (asked("Team-A/x", "1", "global/os:12", "empty"), "that is no name for an image"),
        (asked("", "1", "global/os:12", "empty"), "that is no name for an image"),
        (asked("../x", "1", "global/os:12", "empty"), "that is no name for an image"),
        (asked("a:1", "1", "global/os:12", "empty"), "that is no name for an image"),
        (asked("a", "-1", "global/os:12", "empty"), "that is no tag"),
        (asked("a", "1\nbase: x", "global/os:12", "empty"), "that is no tag"),
        (asked("a", "1", "nowhere/os:12", "empty"), ""),
        (asked("a", "1", "global/os:12", "pyton"), "no kind of recipe is called"),
        (asked("a", "1", "local/a:1", "empty"), "no recipe can be made of that: the base of a:1 is itself"),
    ] {
        let told = world.context.new_recipe_as(&answers).unwrap_err();
        assert!(told.message.starts_with(says) && told.kind.exit_code() == 2, "{answers:?}: {told}");
        assert!(!world.bakery.path("recipes/a").exists(), "nothing is made");
    }
}

#[test]
fn nothing_is_overwritten_and_no_image_made_twice() {
    let world = world();
    let mine = world.bakery.write("recipes/mine/mine.yaml", "# mine\n");
    let told = world.context.new_recipe_as(&asked("team/mine", "1", "global/os:12", "empty")).unwrap_err();
    assert!(told.message.ends_with("exists already"), "{told}");
    assert_eq!(std::fs::read_to_string(mine).unwrap(), "# mine\n");
    world.context.new_recipe_as(&asked("team/one", "1", "global/os:12", "empty")).unwrap();
    std::fs::rename(world.bakery.path("recipes/one"), world.bakery.path("recipes/other")).unwrap();
    let told = world.context.new_recipe_as(&asked("team/one", "1", "global/os:12", "empty")).unwrap_err();
    assert_eq!(told.message, "another recipe makes team/one:1 already");
    world.context.new_recipe_as(&asked("team/one", "2", "global/os:12", "empty")).unwrap();
}

#[test]
fn the_command_has_the_same_powers() {
    let world = world();
    let made = world.bakery.json(&["new", "team-b/api", "--base", "global/os:12", "--tag", "2.0"]);
    assert_eq!(made, serde_json::json!({"recipe": "recipes/api/api.yaml"}));
    let said = world.bakery.ok(&["new", "page", "--base", "scratch", "--kind", "web"]);
    assert_eq!(said, "recipe recipes/page/page.yaml\n");
    let text = std::fs::read_to_string(world.bakery.path("recipes/page/page.yaml")).unwrap();
    assert!(text.contains("tag: \"0.1.0\"") && text.contains("nginx"));
    assert!(world.bakery.fails(2, &["new", "Bad", "--base", "scratch"]).contains("that is no name for an image"));
    assert!(world.bakery.fails(2, &["new", "a", "--base", "scratch", "--kind", "pyton"]).contains("python"));
    assert!(world.bakery.fails(1, &["new", "page", "--base", "scratch", "--tag", "2"]).contains("exists already"));
}
