//! Images and tags, files beside the recipe, secrets: what is offered that is no part of a base.

use std::time::{Duration, Instant};

use bakery::domain::oci::ExecConfig;
use bakery::domain::recipe::SecretSource;
use bakery::domain::recipe::assist::Source;

use super::{World, on, put};
use crate::support::bakery::Bakery;
use crate::support::engine::usrmerged;

#[tokio::test]
async fn names_first_then_tags() {
    let world = World::new();
    let global = world.bakery.path("global");
    for name in ["os:12", "os:13", "os:9", "python:3.12", "lang/go:1"] {
        put(&global, name, &[usrmerged()], ExecConfig::default());
    }
    assert_eq!(world.labels("base: ^\n").await, ["scratch", "global/lang/go", "global/os", "global/python"]);
    assert_eq!(world.labels("base: global/o^\n").await, ["global/os", "global/lang/go"][..1]);
    let found = world.complete("base: pyth^\n").await;
    let item = &found.items[0];
    assert_eq!((item.insert.as_str(), item.source, item.note.as_str()), ("global/python", Source::Store, "in global"));
    let tags = world.complete("base: global/os:^\n").await;
    let tags: Vec<&str> = tags.items.iter().map(|item| item.insert.as_str()).collect();
    assert_eq!(tags, ["global/os:13", "global/os:12", "global/os:9"], "the newest first");
    let none = world.complete("base: global/none:^\n").await;
    assert!(none.items.is_empty(), "{none:?}");
}

#[tokio::test]
async fn a_registry_that_does_not_answer_holds_nothing_up() {
    // An address that drops what it is sent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let world = World::of(Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{address}\", plain-http: true}}\n  local: {{layout: ./local}}\nrecipes: recipes\n"
    )));
    let began = Instant::now();
    let names = world.complete("base: ^\n").await;
    assert_eq!((names.items.len(), names.items[0].label.as_str()), (1, "scratch"));
    assert!(names.what.starts_with("base: global: "), "{}", names.what);
    let tags = world.complete("base: global/os:^\n").await;
    assert!(tags.items.is_empty() && tags.what.len() > 6, "{}", tags.what);
    let users = world.complete(&on("global/os:12", "config: {user: ^}\n")).await;
    assert!(users.items.is_empty() && users.what.starts_with("user: "), "{}", users.what);
    assert!(began.elapsed() < Duration::from_secs(60), "three times a moment: {:?}", began.elapsed());
    drop(listener);
}

#[tokio::test]
async fn files_beside_the_recipe_and_secrets() {
    let mut world = World::new();
    for file in ["app/main.py", "app/lib/x.py", "vendor.tar.gz", "app.lock", "\u{202e}odd"] {
        world.bakery.write(&format!("recipes/app/{file}"), "x");
    }
    let at = |path: &str| format!("steps:\n  - copy: {{from: {path}^}}\n");
    assert_eq!(world.labels(&at("")).await, ["app/", "vendor.tar.gz"], "neither itself nor its lock");
    assert_eq!(world.labels(&at("app/")).await, ["lib/", "main.py"]);
    assert_eq!(world.complete(&at("app/m")).await.items[0].insert, "app/main.py");
    for path in ["../", "/etc/", "app/../../"] {
        assert_eq!(world.labels(&at(path)).await, [""; 0], "{path}");
    }
    let hover = world.hover("steps:\n  - copy: {from: app/ma^in.py}\n").await.unwrap();
    assert_eq!(hover.lines, ["file beside the recipe, 1 B"]);
    world.context.secrets.insert("pip_token".into(), SecretSource::Env("PIP_TOKEN".into()));
    let found = world.complete("steps:\n  - run: {secrets: [^]}\n").await;
    assert_eq!(
        (found.items[0].label.as_str(), found.items[0].note.as_str()),
        ("pip_token", "from the variable PIP_TOKEN")
    );
}
