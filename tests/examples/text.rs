//! The example recipes of this repository parse and plan; recipes are found by what they make, and images that other
//! tools wrote serve as bases.

use std::path::{Path, PathBuf};

use super::copy_recipes;
use crate::support::bakery::{Bakery, peer};
use crate::support::peers;

fn recipes(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![below.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml")
                && std::fs::read_to_string(&path).unwrap().lines().any(|line| line.starts_with("recipe:"))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_example_recipe_parses_and_plans() {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {layout: ./demo/global-store}\n  local: {layout: ./local}\nrecipes: recipes\n",
    );
    let demo = bakery.path("demo").display().to_string();
    bakery.ok(&["demo", "--seed-only", "--dir", &demo]);
    copy_recipes(&bakery);
    // Its content does not matter to a plan: two empty blocks are an archive of nothing.
    bakery.write("recipes/global/os/rootfs.tar", [0; 1024]);
    let found = recipes(&bakery.path("recipes"));
    assert!(found.len() == 12, "eight global images and two teams' four: {found:?}");
    for recipe in found {
        let recipe = recipe.display().to_string();
        let problems = bakery.json(&["check", &recipe]);
        assert_eq!(problems, serde_json::json!([]), "{recipe}");
        let plan = bakery.json(&["plan", &recipe]);
        assert!(!plan["platforms"][0]["steps"].as_array().unwrap().is_empty(), "{recipe}: {plan}");
    }
}

#[test]
fn a_layout_named_by_a_bare_tag_is_inspected_and_inherited_from() {
    if !peers::need(&["skopeo"]) {
        return;
    }
    let bakery = Bakery::new();
    bakery.write("recipes/rootfs/etc/motd", "hello\n");
    bakery.write(
        "recipes/base.yaml",
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: rootfs, to: /}\n",
    );
    let digest = bakery.bake("recipes/base.yaml");
    let bare = bakery.path("bare");
    peer(
        "skopeo",
        &["copy", "-q", &format!("oci:{}:os:1", bakery.local().display()), &format!("oci:{}:latest", bare.display())],
    );
    for reference in ["oci:bare:latest", "oci:bare"] {
        assert_eq!(bakery.json(&["inspect", reference])["digest"], digest.as_str(), "{reference}");
    }
    let child =
        format!("recipe: 1\nname: child\ntag: \"1\"\nbase: oci:{}:latest\nconfig: {{user: nobody}}\n", bare.display());
    bakery.write("recipes/child.yaml", child);
    bakery.bake("recipes/child.yaml");
}

#[test]
fn recipes_are_found_by_the_image_they_make_and_from_anywhere() {
    let bakery = Bakery::new();
    bakery.write(
        "recipes/deep/down/a.yaml",
        "recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: scratch\nconfig: {user: a}\n",
    );
    let workspace = bakery.path("").display().to_string();
    for name in ["recipes/deep/down/a.yaml", "deep/down/a", "team-a/app", "team-a/app:1"] {
        let mut command = bakery.command(&["plan", name, "--json", "--workspace", &workspace]);
        let output = command.current_dir("/").output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(bakery.fails(2, &["plan", "team-a/ap"]).contains("no recipe team-a/ap"));
}

#[test]
fn a_recipe_that_copies_its_own_folder_gives_the_same_digest_whenever_its_lock_was_written() {
    let bakery = Bakery::new();
    bakery.write("recipes/rootfs/etc/motd", "hello\n");
    bakery.write(
        "recipes/base.yaml",
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: rootfs, to: /}\n",
    );
    bakery.bake("recipes/base.yaml");
    bakery.write(
        "recipes/own/own.yaml",
        "recipe: 1\nname: own\ntag: \"1\"\nbase: local/os:1\nsteps:\n  - copy: {from: ., to: /srv}\n",
    );
    let first = bakery.bake("recipes/own/own.yaml");
    std::fs::remove_file(bakery.path("recipes/own/own.lock")).unwrap();
    assert_eq!(bakery.bake("recipes/own/own.yaml"), first);
}
