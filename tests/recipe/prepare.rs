//! Preparing bakes: order and locks, as far as no store is needed.

use bakery::flows::{Context, PrepareOptions};

use super::Workspace;

fn recipe(name: &str, base: &str) -> String {
    format!("recipe: 1\nname: {name}\ntag: \"1\"\nbase: {base}\nconfig: {{user: app}}\n")
}

#[test]
fn bases_come_first_and_the_rest_stays_in_order() {
    let workspace = Workspace::new();
    for (file, name, base) in [
        ("a.yaml", "a", "local/c:1"),
        ("b.yaml", "b", "scratch"),
        ("c.yaml", "c", "local/d:1"),
        ("d.yaml", "d", "global/x:1"),
        ("e.yaml", "e", "local/c:1"),
    ] {
        workspace.write(file, recipe(name, base));
    }
    let context = Context::load(Some(workspace.path())).unwrap();
    let ordered = context.order(context.all_recipes().unwrap()).unwrap();
    let names: Vec<&str> = ordered.iter().map(|loaded| loaded.shown.as_str()).collect();
    let expected = ["recipes/d.yaml", "recipes/c.yaml", "recipes/a.yaml", "recipes/b.yaml", "recipes/e.yaml"];
    assert_eq!(names, expected);
}

#[test]
fn two_recipes_that_make_the_same_image() {
    let workspace = Workspace::new();
    workspace.write("a.yaml", recipe("x", "scratch"));
    workspace.write("b.yaml", recipe("x", "scratch"));
    let context = Context::load(Some(workspace.path())).unwrap();
    let error = context.order(context.all_recipes().unwrap()).unwrap_err();
    assert_eq!(error.message, "recipes/a.yaml and recipes/b.yaml both make x:1");
}

#[tokio::test]
async fn frozen_needs_a_lock_and_damage_is_said() {
    let workspace = Workspace::new();
    workspace.write("a.yaml", recipe("a", "global/x:1"));
    let context = Context::load(Some(workspace.path())).unwrap();
    let loaded = context.all_recipes().unwrap();
    let frozen = PrepareOptions { frozen: true, ..PrepareOptions::default() };
    let error = context.prepare(&loaded[0], frozen).await.err().unwrap();
    assert_eq!(error.message, "the lock of a:1 is missing or does not fit its recipe");
    assert_eq!(error.kind.exit_code(), 2);
    workspace.write("a.lock", "<<<<<<< HEAD\nlock: 1\n");
    let error = context.prepare(&loaded[0], frozen).await.err().unwrap();
    assert!(error.to_string().contains("a.lock cannot be read"), "{error}");
    assert!(error.to_string().contains("line 2, column 5"), "{error}");
}

#[tokio::test]
async fn what_was_read_is_what_is_prepared() {
    let workspace = Workspace::new();
    let file = workspace.write("a.yaml", recipe("a", "scratch"));
    let context = Context::load(Some(workspace.path())).unwrap();
    let loaded = context.all_recipes().unwrap();
    std::fs::write(file, "changed meanwhile").unwrap();
    let prepared = context.prepare(&loaded[0], PrepareOptions::default()).await.unwrap();
    assert_eq!(prepared.text, recipe("a", "scratch").as_bytes());
    assert_eq!(prepared.plan.recipe_digest, bakery::domain::oci::Digest::of(&prepared.text));
    assert!(prepared.bases.is_empty() && prepared.lock.is_none());
    assert_eq!(prepared.plan.created, 0);
}
