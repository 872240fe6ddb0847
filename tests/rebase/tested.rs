//! A rebase puts the image to its recipe's tests before the tag moves, and the recipe's lock follows after it.

use serde_json::{Value, json};

use super::house::{FILES, House, OWN};
use crate::support::tiny;

/// A base that has a shell.
fn with_shell(house: &House, version: &str, at: u32) {
    house.global.write("recipes/base/root.tar", tiny::tar(&[]));
    let recipe = format!(
        "recipe: 1\nname: os\ntag: \"12\"\nbase: scratch\nsteps:\n  - unpack: {{from: root.tar, to: /}}\n  \
         - write: {{to: /etc/version, content: \"{version}\"}}\n"
    );
    house.global.write("recipes/base/base.yaml", recipe);
    let mut command = house.global.command(&["bake", "recipes/base/base.yaml"]);
    let baked = command.env("SOURCE_DATE_EPOCH", at.to_string()).output().unwrap();
    assert!(baked.status.success(), "{}", String::from_utf8_lossy(&baked.stderr));
}

fn lock(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.baker.path(&format!("recipes/{name}/{name}.lock"))).unwrap()
}

fn found(told: &Value, id: &str) -> String {
    let checks = told["tests"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{told:#}"));
    check["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn tests_run_on_the_new_base_and_one_that_fails_keeps_the_tag() {
    let house = House::new();
    with_shell(&house, "1", 100);
    let tests = "tests:\n  - {name: said, run: \"cat /srv/app/main\", expect: {exit: 0, stdout: \"^hello\"}}\n  \
                 - {name: there, file: {path: /srv/app/main, contains: hello}}\n  \
                 - {name: old, run: \"test $(cat /etc/version) != 3\"}\n";
    house.app("app", &format!("steps:\n  - write: {{to: /srv/app/main, content: hello}}\n{tests}"));
    with_shell(&house, "2", 200);
    let (code, told) = house.rebase(&["local/team/app:1", "--dry-run"]);
    assert_eq!(
        (code, &told["tests"]["state"], &told["tests"]["count"]),
        (0, &json!("would-run"), &json!(3)),
        "{told:#}"
    );
    assert_eq!(told["lock"]["written"], json!(false), "{told:#}");
    let (code, told) = house.rebase(&["local/team/app:1"]);
    assert_eq!((code, &told["tests"]["state"], &told["done"]), (0, &json!("passed"), &json!(true)), "{told:#}");
    ["test.said", "test.there", "test.old"].iter().for_each(|id| assert_eq!(found(&told, id), "pass", "{told:#}"));
    let (before, locked) = (house.digest("app"), lock(&house, "app"));
    with_shell(&house, "3", 300);
    assert_eq!(house.refused(&["local/team/app:1"]), ["test.old test.failed"]);
    assert_eq!((house.digest("app"), lock(&house, "app")), (before, locked), "nothing moved");
    let text = house.baker.run(&["rebase", "local/team/app:1"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("exit: expected 0, found 1") && text.contains("the tag stays"), "{text}");
    let (code, told) = house.rebase(&["local/team/app:1", "--no-tests"]);
    assert_eq!((code, &told["tests"]["state"], &told["tests"]["count"]), (0, &json!("skipped"), &json!(3)), "{told:#}");
    assert_eq!(told["done"], true);
}

#[test]
fn that_nothing_was_tested_is_said() {
    let house = House::new();
    house.app("app", OWN);
    house.app("gone", OWN);
    house.app("broken", OWN);
    house.moves(&[("etc/conf", "2")], "{}");
    let state = |name: &str| house.rebase(&[&format!("local/team/{name}:1")]).1["tests"]["state"].clone();
    assert_eq!(state("app"), "no-tests");
    std::fs::remove_dir_all(house.baker.path("recipes/gone")).unwrap();
    assert_eq!(state("gone"), "no-recipe");
    let text = std::fs::read_to_string(house.baker.path("recipes/broken/broken.yaml")).unwrap();
    house
        .baker
        .write("recipes/broken/broken.yaml", format!("{text}tests:\n  - {{name: x, file: /x, mode: \"99999\"}}\n"));
    let before = house.digest("broken");
    assert_eq!(house.refused(&["local/team/broken:1"]), ["recipe.broken"]);
    assert_eq!(house.digest("broken"), before);
}

#[test]
fn the_lock_follows_the_tag_and_a_second_rebase_mends_one_that_was_left_behind() {
    let house = House::new();
    house.app("app", OWN);
    let old = lock(&house, "app");
    house.moves(&[("etc/conf", "2")], "{}");
    let (_, told) = house.rebase(&["local/team/app:1"]);
    let new = lock(&house, "app");
    assert_eq!(told["lock"]["written"], json!(true), "{told:#}");
    assert!(new != old && new.contains(told["base_after"].as_str().unwrap()), "{new}");
    house.baker.ok(&["bake", "--frozen", "recipes/app/app.yaml"]);
    assert_eq!(lock(&house, "app"), new, "a bake finds the lock that fits");
    // As if it had been killed between the tag and the lock.
    house.baker.write("recipes/app/app.lock", &old);
    let (code, told) = house.rebase(&["local/team/app:1", "--dry-run"]);
    assert_eq!((code, &told["answer"], &told["lock"]["written"]), (0, &json!("current"), &json!(false)), "{told:#}");
    assert_eq!(lock(&house, "app"), old);
    let text = house.baker.ok(&["rebase", "local/team/app:1"]);
    assert!(text.contains("was left behind and followed"), "{text}");
    let mended = lock(&house, "app");
    assert!(mended.contains(told["base_after"].as_str().unwrap()), "{mended}");
    assert_eq!(house.rebase(&["local/team/app:1"]).1["lock"], Value::Null, "then there is nothing to say");
}

#[test]
fn a_lock_whose_recipe_names_another_base_stays_and_that_is_said() {
    let house = House::new();
    house.app("app", OWN);
    let old = lock(&house, "app");
    house.base("os:13", &[&FILES[1..], &[("etc/conf", "2")]].concat(), "{}", 200);
    let (code, told) = house.rebase(&["local/team/app:1", "--onto", "global/os:13"]);
    assert_eq!((code, &told["done"], &told["lock"]["written"]), (0, &json!(true), &json!(false)), "{told:#}");
    assert!(told["lock"]["why"].as_str().unwrap().contains("names another base"), "{told:#}");
    assert_eq!(lock(&house, "app"), old);
}

#[test]
fn a_base_given_by_digest_is_another_one_only_where_it_is_of_another_repository() {
    let house = House::new();
    house.app("app", OWN);
    let old = lock(&house, "app");
    let files = [&FILES[1..], &[("etc/conf", "2")]].concat();
    let why = |onto: &str| {
        let told = house.baker.json(&["impact", "global/os:12", "--onto", onto]);
        let rebase = &told["images"][0]["rebase"];
        assert_eq!(rebase["answer"], "safe", "{told:#}");
        rebase["lock"]["why"].as_str().map(str::to_owned)
    };
    let at = |reference: &str| house.baker.json(&["inspect", reference])["digest"].as_str().unwrap().to_owned();
    // One that no tag of the recipe's base points to yet.
    house.base("os:next", &files, "{}", 200);
    let next = format!("global/os@{}", at("global/os:next"));
    assert_eq!(why(&next).as_deref(), Some("its recipe follows global/os:12, which does not point there"));
    house.base("else:1", &files, "{}", 200);
    let other = format!("global/else@{}", at("global/else:1"));
    assert_eq!(why(&other).as_deref(), Some("its recipe names another base: global/os:12"));
    // What the recipe's own tag points to now is the recipe's base, however it is called.
    house.moves(&[("etc/conf", "3")], "{}");
    let now = format!("global/os@{}", at("global/os:12"));
    let (code, told) = house.rebase(&["local/team/app:1", "--onto", &now]);
    assert_eq!((code, &told["lock"]["written"]), (0, &json!(true)), "{told:#}");
    assert!(lock(&house, "app") != old && told["lock"]["why"].is_null());
}
