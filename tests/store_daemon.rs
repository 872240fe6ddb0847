//! A daemon's images as a store: what Debian's dockerd and podman have is listed, looked into and baked upon, by the same bytes
//! every time, and without the daemon once it was had.

use std::path::Path;

use bakery::adapters::settings::StorePlace;
use bakery::adapters::store::{StoreError, open};
use bakery::domain::oci::{Descriptor, media_type};

use crate::support::bakery::{Bakery, layout_json};
use crate::support::dockerd::Dockerd;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

const APP: &str = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: here/os:1\nsteps:\n  - write: {to: /srv/app, content: app}\n\
    tests:\n  - {name: base, file: {path: /etc/os, contains: first}}\n";

/// A workspace with a store in the daemon at this address.
fn workspace(kind: &str, address: &str) -> Bakery {
    let text = format!("bakery: 1\nstores:\n  here: {{{kind}: \"{address}\"}}\n  local: {{layout: ./local}}\n");
    let bakery = Bakery::with_workspace(&text);
    bakery.write("recipes/app.yaml", APP);
    bakery
}

/// Another one, with the base `os:1` in its local store.
fn base(content: &str) -> Bakery {
    let maker = Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: ./local}\n");
    bake_base(&maker, content);
    maker
}

fn bake_base(maker: &Bakery, content: &str) {
    let recipe = format!(
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {{to: /etc/os, content: {content}}}\n  - write: {{to: /etc/two, content: two}}\n"
    );
    maker.write("recipes/os.yaml", recipe);
    maker.bake("recipes/os.yaml");
}

/// DiffIDs of the image a tag of a layout points at.
fn diff_ids(layout: &Path, digest: &str) -> Vec<String> {
    let manifest = layout_json(layout, digest);
    let config = layout_json(layout, manifest["config"]["digest"].as_str().unwrap());
    let ids = config["rootfs"]["diff_ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// What is true of both daemons. `put` gives the daemon what the maker's `local/os:1` is now; `stop` ends it.
fn is_a_store(kind: &str, address: &str, put: impl Fn(&Bakery), stop: impl FnOnce()) {
    let bakery = workspace(kind, address);
    let maker = base("first");
    let made = diff_ids(&maker.local(), &maker.bake("recipes/os.yaml"));
    put(&maker);

    let list = || {
        let listed = bakery.json(&["store", "ls", "here"]);
        let [one] = listed.as_array().unwrap().as_slice() else { panic!("{listed}") };
        assert!(one["reference"].as_str().unwrap().ends_with("os:1"), "{one}");
        one.clone()
    };
    // Listed by what the daemon tells of it: nothing of it came here for that.
    let told = list();
    assert!(!bakery.path("home/cache/daemon").exists());
    let machine = std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64");
    assert_eq!(told["platforms"], serde_json::json!([format!("linux/{machine}")]));
    assert!(told["digest"].is_null() && told["size"].as_u64().unwrap() > 0, "{told}");
    let files = bakery.ok(&["files", "here/os:1"]);
    assert!(files.contains("etc/os") || files.contains("/etc"), "{files}");
    assert!(bakery.path("home/cache/daemon").exists());
    let known = list();
    assert_eq!((&known["signature"], &known["platforms"]), (&told["signature"], &told["platforms"]));
    let digest = known["digest"].as_str().unwrap().to_owned();
    assert!(bakery.ok(&["inspect", "here/os:1"]).contains(&digest[7..19]));

    // Baked upon: its layers are the first of the image, to the bit, and the lock says which image it was.
    let baked = bakery.bake("recipes/app.yaml");
    let ids = diff_ids(&bakery.local(), &baked);
    assert_eq!(ids[..made.len()], made, "{ids:?}");
    assert_eq!(ids.len(), made.len() + 1);
    let lock = bakery.path("recipes/app.lock");
    let locked = std::fs::read_to_string(&lock).unwrap();
    assert!(locked.contains(&digest), "{locked}");
    let difference = bakery.ok(&["diff", "here/os:1", "local/team-a/app:1.0"]);
    assert!(difference.contains("srv"), "{difference}");

    // Exported once more, it is the same image.
    std::fs::remove_dir_all(bakery.path("home/cache")).unwrap();
    std::fs::remove_dir_all(bakery.local()).unwrap();
    assert_eq!(bakery.bake("recipes/app.yaml"), baked);
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), locked);

    // A tag that moved is seen.
    bake_base(&maker, "first-and-second");
    put(&maker);
    assert_eq!(bakery.bake("recipes/app.yaml"), baked);
    bakery.ok(&["update", "recipes/app.yaml"]);
    let moved = std::fs::read_to_string(&lock).unwrap();
    assert!(moved.contains("sha256:") && !moved.contains(&digest), "{moved}");
    let newer = bakery.bake("recipes/app.yaml");
    assert_ne!(newer, baked);

    // Nobody who asks for signatures gets an image that can have none.
    bakery.write("policy.yaml", "base: {signed-by: [here]}\n");
    let told = bakery.fails(3, &["bake", "recipes/app.yaml"]);
    assert!(told.contains("signature") || told.contains("signed"), "{told}");
    bakery.write("policy.yaml", crate::support::bakery::TRUSTING);

    // What was had is there without the daemon; what it was asked for last is not.
    stop();
    assert_eq!(bakery.bake("recipes/app.yaml"), newer);
    std::fs::remove_dir_all(bakery.local()).unwrap();
    assert_eq!(bakery.bake("recipes/app.yaml"), newer);
    let told = bakery.fails(4, &["store", "ls", "here"]);
    assert!(told.contains(address) && told.contains("cannot be reached"), "{told}");
    let freed = bakery.json(&["gc", "--all"]);
    assert!(freed["exports"]["blobs"].as_u64().unwrap() > 3, "{freed}");
}

#[test]
fn dockerd_is_a_store() {
    if !peers::need(&["dockerd", "skopeo"]) {
        return;
    }
    let daemon = Dockerd::start().unwrap();
    let engine = daemon.engine();
    let address = engine.strip_prefix("docker://").unwrap();
    is_a_store("docker", address, |maker| daemon.load(&maker.local(), "os:1"), || daemon.kill());
}

#[test]
fn podman_is_a_store() {
    if !peers::need(&["podman"]) {
        return;
    }
    let service = PodmanService::start().unwrap();
    let engine = service.engine();
    let address = engine.strip_prefix("podman://").unwrap().to_owned();
    let put = |maker: &Bakery| {
        maker.ok(&["export", "podman", "local/os:1", "--host", &format!("unix://{address}")]);
    };
    is_a_store("podman", &address, put, || drop(service));
}

#[test]
fn a_daemon_that_is_not_there_is_told() {
    for (kind, address) in [("docker", "/nonexistent/docker.sock"), ("podman", "tcp://127.0.0.1:1")] {
        let bakery = workspace(kind, address);
        for asked in [&["store", "ls", "here"][..], &["bake", "recipes/app.yaml"], &["inspect", "here/os:1"]] {
            let told = bakery.fails(4, asked);
            assert!(told.contains(address) && told.contains("cannot be reached"), "{asked:?}: {told}");
        }
        assert!(!bakery.path("home/cache/daemon").exists());
    }
}

#[test]
fn a_store_in_a_daemon_has_no_keys() {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  here: {docker: default, keys: [a.pub]}\n  there: {docker: default, layout: x}\n  local: {podman: default}\n",
    );
    let told = bakery.fails(2, &["store", "ls"]);
    assert!(told.contains("bakery.yaml:3:33: a store in a daemon has no `keys`"), "{told}");
    assert!(told.contains("store `there` is in more than one place"), "{told}");
    assert!(told.contains("the local store must be a layout"), "{told}");
}

#[tokio::test]
async fn nothing_is_written_to_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let at = "docker:///nonexistent/docker.sock".parse().unwrap();
    let store = open::open(&StorePlace::Daemon { at, kept: folder.path().join("daemon") }).unwrap();
    let (repository, tag) = ("os".parse().unwrap(), "1".parse().unwrap());
    let blob = Descriptor::of(media_type::LAYER, b"a tar");
    let put = store.put_blob(&repository, &blob, Box::pin(&b"a tar"[..])).await.unwrap_err();
    let manifest = store.put_manifest(&repository, Some(&tag), media_type::MANIFEST, b"{}").await.unwrap_err();
    let mounted = store.mount_blob(&repository, &blob, &repository).await.unwrap_err();
    let removed = store.remove_tag(&repository, &tag).await.unwrap_err();
    for error in [put, manifest, mounted, removed] {
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        assert!(error.to_string().contains("/nonexistent/docker.sock: is only read"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
