//! Bases: pinned once, kept by the lock, read from wherever they are.

use bakery::adapters::engine::embedded::cache::{StepCache, StoredResult, write_memory};
use bakery::adapters::store::layout::Layout;
use bakery::domain::journal::LayerBlob;
use bakery::domain::oci::{
    Descriptor, DescriptorPlatform, DiffId, Digest, ImageConfig, ImageIndex, Platform, media_type,
};
use bakery::domain::plan::Reason;
use bakery::flows::{Context, PrepareOptions, Prepared};
use bakery::report::Report;

use super::Workspace;
use crate::support::images::{self, put_named};

const WRITE: PrepareOptions = PrepareOptions { frozen: false, no_cache: false, write_lock: true, ask_tag: false };
const FROZEN: PrepareOptions = PrepareOptions { frozen: true, no_cache: false, write_lock: true, ask_tag: false };

fn recipe(platforms: &str) -> String {
    format!(
        "recipe: 1\nname: team-a/x\ntag: \"1\"\nbase: global/os:12\nplatforms: [{platforms}]\nsteps:\n  - copy: {{from: app, to: /srv}}\n  - write: {{to: /etc/x, content: x}}\n"
    )
}

struct World {
    workspace: Workspace,
    global: Layout,
    local: Layout,
    context: Context,
}

impl World {
    fn new() -> Self {
        let workspace = Workspace::new();
        let text = "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\n";
        std::fs::write(workspace.path().join("bakery.yaml"), text).unwrap();
        let global = Layout::open_or_create(&workspace.path().join("global")).unwrap();
        let local = Layout::open_or_create(&workspace.path().join("local")).unwrap();
        workspace.write("app/main.py", "print()");
        let mut context = Context::load(Some(workspace.path())).unwrap();
        context.paths = bakery::adapters::settings::Paths::below(&workspace.path().join(".home"));
        Self { workspace, global, local, context }
    }

    async fn prepare(&self, options: PrepareOptions) -> Result<Prepared, Report> {
        let loaded = self.context.all_recipes()?;
        self.context.prepare(&loaded[0], options).await
    }

    fn lock(&self) -> String {
        std::fs::read_to_string(self.workspace.path().join("recipes/r.lock")).unwrap_or_default()
    }
}

#[tokio::test]
async fn the_tag_is_asked_once_and_the_lock_keeps_it() {
    let world = World::new();
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    let first = put_named(&world.global, "os:12");
    let prepared = world.prepare(WRITE).await.unwrap();
    assert_eq!(prepared.bases[0].digest, first.manifest.digest);
    assert_eq!(prepared.plan.base_digest, Some(first.manifest.digest.clone()));
    assert_eq!(prepared.plan.stale, Some(false));
    let base = prepared.plan.platforms[0].base.as_ref().unwrap();
    assert_eq!((base.layers, base.size, base.missing), (1, first.layer.size, first.layer.size));
    let lock = world.lock();
    assert!(lock.starts_with("# Written by bakery") && lock.contains(&first.manifest.digest.to_string()), "{lock}");

    let second = images::put(&world.global, "newer");
    world.global.tag("os:12", &second.manifest).unwrap();
    let again = world.prepare(FROZEN).await.unwrap();
    assert_eq!(again.bases[0].digest, first.manifest.digest, "the lock holds");
    assert_eq!((again.plan.stale, world.lock()), (None, lock));

    world.workspace.write("r.yaml", recipe("linux/amd64").replace("os:12", "os:13"));
    let error = world.prepare(FROZEN).await.err().unwrap();
    assert_eq!(error.message, "the lock of team-a/x:1 is missing or does not fit its recipe");
    let error = world.prepare(WRITE).await.err().unwrap();
    assert_eq!((error.message.as_str(), error.kind.exit_code()), ("base global/os:13 cannot be had", 4));
}

#[tokio::test]
async fn a_pinned_base_in_the_local_store_needs_no_other() {
    let world = World::new();
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    put_named(&world.global, "os:12");
    put_named(&world.local, "os:12");
    world.prepare(WRITE).await.unwrap();
    std::fs::remove_dir_all(world.workspace.path().join("global")).unwrap();
    let prepared = world.prepare(FROZEN).await.unwrap();
    assert_eq!(prepared.plan.platforms[0].base.as_ref().unwrap().missing, 0);
    assert_eq!(prepared.bases[0].store.name(), bakery::adapters::store::Store::name(&world.local));
}

#[tokio::test]
async fn a_baked_image_brings_its_bases_layers_and_that_is_enough() {
    let world = World::new();
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    let base = put_named(&world.global, "os:12");
    world.prepare(WRITE).await.unwrap();
    world.local.link_blob(&world.global, &base.layer).unwrap();
    std::fs::remove_dir_all(world.workspace.path().join("global")).unwrap();
    let prepared = world.prepare(FROZEN).await.unwrap();
    assert_eq!(prepared.bases[0].store.name(), bakery::adapters::store::Store::name(&world.local));

    // What was kept is not believed unseen.
    for entry in std::fs::read_dir(world.context.paths.cache.join("documents/sha256")).unwrap() {
        std::fs::write(entry.unwrap().path(), "{}").unwrap();
    }
    assert!(world.prepare(FROZEN).await.is_err());
}

/// Puts an image of another architecture, and an index of both.
fn put_index(world: &World) -> (Descriptor, Descriptor) {
    let amd = images::put(&world.global, "amd");
    let (bytes, diff_id) = images::layer("arm");
    let layer = world.global.put_bytes(media_type::LAYER_GZIP, &bytes).unwrap();
    let platform: Platform = "linux/arm64".parse().unwrap();
    let mut config = ImageConfig::scratch(&platform);
    config.rootfs.diff_ids.push(diff_id);
    let config = world.global.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let bytes = images::manifest(&config, &[layer], None);
    let arm = world.global.put_bytes(media_type::MANIFEST, &bytes).unwrap();
    let entry = |manifest: &Descriptor, platform: &str| Descriptor {
        platform: Some(DescriptorPlatform::from(&platform.parse::<Platform>().unwrap())),
        ..manifest.clone()
    };
    let index = ImageIndex::new(vec![entry(&amd.manifest, "linux/amd64"), entry(&arm, "linux/arm64")]);
    let index = world.global.put_bytes(media_type::INDEX, &serde_json::to_vec(&index).unwrap()).unwrap();
    world.global.tag("os:12", &index).unwrap();
    (index, arm)
}

#[tokio::test]
async fn each_platform_gets_its_own_manifest() {
    let world = World::new();
    let (index, arm) = put_index(&world);
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    world.prepare(WRITE).await.unwrap();
    // A platform more: the pin stays, though the tag has moved.
    put_named(&world.global, "os:12");
    world.workspace.write("r.yaml", recipe("linux/amd64, linux/arm64"));
    let prepared = world.prepare(WRITE).await.unwrap();
    assert_eq!(prepared.plan.base_digest, Some(index.digest));
    assert_eq!(prepared.bases[1].digest, arm.digest);
    let ids: Vec<&str> = prepared.plan.platforms.iter().flat_map(|p| &p.steps).map(|step| step.id.0.as_str()).collect();
    assert_eq!(ids, ["amd64-1", "amd64-2", "arm64-1", "arm64-2"]);

    world.workspace.write("r.yaml", recipe("linux/riscv64"));
    let error = world.prepare(WRITE).await.err().unwrap();
    assert_eq!(error.message, "global/os:12 has no linux/riscv64");
    assert!(error.help.unwrap().contains("linux/amd64, linux/arm64"));
}

#[tokio::test]
async fn an_image_of_another_architecture_is_refused() {
    let world = World::new();
    put_named(&world.global, "os:12");
    world.workspace.write("r.yaml", recipe("linux/arm64"));
    let error = world.prepare(WRITE).await.err().unwrap();
    assert_eq!(error.message, "global/os:12 is for linux/amd64, not for linux/arm64");
    assert_eq!(world.lock(), "", "nothing is locked that cannot be used");
}

#[tokio::test]
async fn cached_steps_and_what_changed_since() {
    let world = World::new();
    put_named(&world.global, "os:12");
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    let reasons = |prepared: &Prepared| -> Vec<String> {
        prepared.plan.platforms[0].steps.iter().map(|step| step.reason.to_string()).collect()
    };
    let cache = StepCache::new(&world.context.paths.cache);
    for index in 0..2 {
        let prepared = world.prepare(WRITE).await.unwrap();
        let (bytes, diff_id) = images::layer(&format!("step {index}"));
        let descriptor = world.local.put_bytes(media_type::LAYER_GZIP, &bytes).unwrap();
        let layer = Some(LayerBlob { descriptor, diff_id, uncompressed: 1024 });
        let key = prepared.plan.platforms[0].steps[index].cache_key.clone();
        cache.store(&StoredResult { key, layer, added: 1, modified: 0, deleted: 0, packages: Vec::new() }).unwrap();
        write_memory(&world.context.paths.cache, "team-a/x:1", &prepared.file, &prepared.memory).unwrap();
    }
    let baked = world.prepare(FROZEN).await.unwrap();
    assert_eq!(reasons(&baked), ["cached", "cached"]);
    let forced = world.prepare(PrepareOptions { no_cache: true, ..FROZEN }).await.unwrap();
    assert!(forced.plan.platforms[0].steps.iter().all(|step| step.reason == Reason::NoCache));

    world.workspace.write("app/new.py", "");
    assert_eq!(reasons(&world.prepare(FROZEN).await.unwrap()), ["app/new.py changed", "step 1 below it runs"]);
    std::fs::remove_file(world.workspace.path().join("recipes/app/new.py")).unwrap();

    std::fs::remove_dir_all(world.workspace.path().join("local/blobs")).unwrap();
    assert!(reasons(&world.prepare(FROZEN).await.unwrap())[0].starts_with("its result is no longer stored"));
}

#[tokio::test]
async fn created_is_the_bases_unless_the_user_says_otherwise() {
    let world = World::new();
    let (bytes, diff_id) = images::layer("x");
    let layer = world.global.put_bytes(media_type::LAYER_GZIP, &bytes).unwrap();
    let mut config = ImageConfig::parse(&images::config(&DiffId(Digest::of(b"x")))).unwrap();
    config.rootfs.diff_ids = vec![diff_id];
    config.created = Some("2024-02-03T04:05:06.789Z".into());
    let config = world.global.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let manifest = images::manifest(&config, &[layer], None);
    let manifest = world.global.put_bytes(media_type::MANIFEST, &manifest).unwrap();
    world.global.tag("os:12", &manifest).unwrap();
    world.workspace.write("r.yaml", recipe("linux/amd64"));
    assert_eq!(world.prepare(WRITE).await.unwrap().plan.created, 1_706_933_106);
}
