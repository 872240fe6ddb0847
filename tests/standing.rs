//! How recipes stand in a real workspace: by what lies there, by what was baked, by what the base's store says now.

use std::time::{Duration, Instant};

use bakery::adapters::settings::Paths;
use bakery::adapters::store::layout::Layout;
use bakery::flows::Context;
use bakery::flows::standing::{RecipeCard, Standing};
use bakery::flows::watch::Shelf;

use crate::support::bakery::Bakery;
use crate::support::images;

/// Comments, quotes and odd spacing that must survive.
const APP: &str = "# why this image\nrecipe: 1\nname: team-a/app # its name\ntag: '1'\nbase:   \"global/os:12\"   # the team's\nplatforms: [linux/amd64]\nsteps:\n  - write: {to: /etc/x, content: x}\ntests:\n  - {name: there, file: {path: /etc/x, contains: x}}\n";

struct World {
    bakery: Bakery,
    global: Layout,
    context: Context,
}

impl World {
    fn new() -> Self {
        let bakery = Bakery::new();
        let global = Layout::open_or_create(&bakery.path("global")).unwrap();
        images::put_named(&global, "os:12");
        bakery.write("recipes/app/app.yaml", APP);
        let mut context = Context::load(Some(&bakery.path(""))).unwrap();
        context.paths = Paths::below(&bakery.path("home"));
        Self { bakery, global, context }
    }

    async fn card(&self) -> RecipeCard {
        let mut cards = self.context.standings(&Shelf::below(self.context.paths.bakes())).await.unwrap();
        assert_eq!(cards.len(), 1);
        cards.remove(0)
    }
}

#[tokio::test]
async fn from_never_baked_to_stale() {
    let world = World::new();
    let card = world.card().await;
    assert_eq!((card.standing, card.image, card.pinned, card.asks), (Standing::NeverBaked, None, None, None));
    assert_eq!((card.reference.as_deref(), card.base.as_deref()), (Some("team-a/app:1"), Some("global/os:12")));

    let digest = world.bakery.bake("recipes/app/app.yaml");
    let card = world.card().await;
    let image = card.image.unwrap();
    assert_eq!((card.standing, image.digest.to_string(), image.is_on_other_base), (Standing::Baked, digest, false));
    assert!(image.size.unwrap() > 0 && card.took.is_some() && card.baked_at.is_some() && card.bake.is_some());
    world.bakery.write("recipes/app/app.yaml", format!("{APP}# another line\n"));
    assert!(!image.is_of_other_text && world.card().await.image.unwrap().is_of_other_text);
    world.bakery.write("recipes/app/app.yaml", APP);
    let asks = card.asks.unwrap();
    assert_eq!((asks.as_str(), world.context.base_now(&asks).await), ("global/os:12", card.pinned.clone()));

    let newer = images::put(&world.global, "newer");
    world.global.tag("os:12", &newer.manifest).unwrap();
    assert_eq!(world.context.base_now(&asks).await, Some(newer.manifest.digest.clone()));
    let prospect = world.context.prospect(&card.file, true).await.unwrap();
    assert_eq!((prospect.tag_now, prospect.plan.stale), (Some(newer.manifest.digest), Some(true)));
    assert_eq!(prospect.tests, ["there"]);
    assert_eq!(world.context.prospect(&card.file, false).await.unwrap().tag_now, None, "nobody asked");
}

#[tokio::test]
async fn another_workspaces_bake_of_the_same_name_says_nothing_of_the_recipe_here() {
    let world = World::new();
    let there = "bakery: 1\nstores:\n  global: {layout: ../global}\n  local: {layout: ./local}\n";
    world.bakery.write("there/bakery.yaml", there);
    world.bakery.write("there/recipes/app.yaml", APP.replace("contains: x", "contains: other"));
    world.bakery.fails(3, &["--workspace", world.bakery.path("there").to_str().unwrap(), "bake", "--all"]);
    let rows = world.bakery.json(&["bakes"]);
    let workspace = world.bakery.path("there").canonicalize().unwrap();
    assert_eq!(rows[0]["workspace"], workspace.to_str().unwrap(), "{rows:#}");
    let card = world.card().await;
    assert_eq!((card.standing, card.bake, card.failure), (Standing::NeverBaked, None, None));
}

#[tokio::test]
async fn a_rejected_bake_a_failed_one_and_a_broken_text() {
    let world = World::new();
    let rejected = APP.replace("contains: x", "contains: never");
    world.bakery.write("recipes/app/app.yaml", &rejected);
    world.bakery.fails(3, &["bake", "recipes/app/app.yaml"]);
    let card = world.card().await;
    assert_eq!((card.standing, card.rejected_by.as_deref()), (Standing::Rejected, Some("test.there")));
    assert!(card.failure.unwrap().contains("/etc/x"));

    // The newest bake counts.
    world.bakery.write("recipes/app/app.yaml", APP);
    world.bakery.bake("recipes/app/app.yaml");
    assert_eq!(world.card().await.standing, Standing::Baked);

    world.bakery.write("recipes/app/app.yaml", APP.replace("write:", "writ:"));
    let card = world.card().await;
    assert_eq!((card.errors(), card.standing), (1, Standing::Broken));
    assert_eq!(card.reference.as_deref(), Some("team-a/app:1"), "as far as the text can be read");
    assert_eq!((card.problems[0].line, card.problems[0].column), (8, 5));
}

#[tokio::test]
async fn a_base_is_set_and_taken_back_byte_for_byte() {
    let world = World::new();
    world.bakery.bake("recipes/app/app.yaml");
    images::put_named(&world.global, "os:13");
    let card = world.card().await;
    let change = world.context.set_base(&card.file, "global/os:13").unwrap();
    let text = |world: &World| std::fs::read_to_string(world.bakery.path("recipes/app/app.yaml")).unwrap();
    assert_eq!(text(&world), APP.replace("global/os:12", "global/os:13"), "all but the base");
    let other = world.card().await;
    assert_eq!((other.standing, other.pinned), (Standing::Baked, None), "the lock does not fit any more");
    assert!(other.image.unwrap().is_on_other_base);
    // A plan resolves the new base, and leaves the old lock alone; the next bake writes it anew.
    let lock = || std::fs::read_to_string(world.bakery.path("recipes/app/app.lock")).unwrap();
    let before = lock();
    let prospect = world.context.prospect(&card.file, false).await.unwrap();
    assert_ne!(prospect.plan.base_digest, card.pinned);
    assert_eq!(lock(), before);

    world.context.take_back(&card.file, &change).unwrap();
    assert_eq!(text(&world), APP);
    let again = world.context.set_base(&card.file, "global/os:13").unwrap();
    world.bakery.write("recipes/app/app.yaml", "# mine\n");
    let refused = world.context.take_back(&card.file, &again).unwrap_err();
    assert!(refused.message.ends_with("has changed on disk since it was read"), "{refused}");
    assert_eq!(text(&world), "# mine\n");
}

#[tokio::test]
async fn a_new_recipe_takes_no_others_place_and_can_be_baked() {
    let world = World::new();
    let (first, shown) = world.context.new_recipe("global/os:12").unwrap();
    assert_eq!(shown, "recipes/my-os/my-os.yaml");
    let text = std::fs::read_to_string(&first).unwrap();
    let (_, second) = world.context.new_recipe("global/os:12").unwrap();
    assert_eq!(second, "recipes/my-os-2/my-os-2.yaml");
    assert_eq!(std::fs::read_to_string(&first).unwrap(), text, "the first one is as it was");
    world.bakery.bake(&shown);
    assert!(world.context.new_recipe("nowhere/os:12").is_err());
}

#[tokio::test]
async fn a_registry_nobody_reaches_leaves_open_what_is_stale() {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {registry: \"127.0.0.1:1\", plain-http: true}\n  local: {layout: ./local}\nrecipes: recipes\n",
    );
    bakery.write("recipes/app/app.yaml", APP);
    let lock = format!(
        "lock: 1\nbase: global/os:12\ndigest: sha256:{0}\nplatforms:\n  linux/amd64: sha256:{0}\nresolved: 2026-01-02T03:04:05Z\n",
        "a".repeat(64)
    );
    bakery.write("recipes/app/app.lock", lock);
    let mut context = Context::load(Some(&bakery.path(""))).unwrap();
    context.paths = Paths::below(&bakery.path("home"));
    let began = Instant::now();
    let cards = context.standings(&Shelf::below(context.paths.bakes())).await.unwrap();
    assert_eq!((cards[0].standing.clone(), cards[0].asks.as_deref()), (Standing::NeverBaked, Some("global/os:12")));
    assert_eq!(context.base_now("global/os:12").await, None);
    assert!(began.elapsed() < Duration::from_secs(10), "it is not waited for long");
    assert!(!bakery.path("local").exists(), "looking makes nothing");
}

#[tokio::test]
async fn a_workspace_without_recipes_has_none() {
    let bakery = Bakery::new();
    let context = Context::load(Some(&bakery.path(""))).unwrap();
    assert_eq!(context.standings(&Shelf::below(bakery.path("home/none"))).await.unwrap(), []);
}
