//! One recipe for several platforms, on a base for several: an index others read, push and validate.

use serde_json::Value;

use super::{push_base, small_tar};
use crate::support::bakery::{Bakery, layout_json, peer};
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;

const BOTH: &str = "platforms: [linux/amd64, linux/arm64]";

fn start() -> Option<(DockerRegistry, Bakery)> {
    if !peers::need(&["docker-registry", "crane", "skopeo", "tar"]) {
        return None;
    }
    let registry = DockerRegistry::start();
    let host = registry.host();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: {host}/global}}\n  local: {{layout: ./local}}\n"
    ));
    bakery.write("recipes/app/main", "hello");
    Some((registry, bakery))
}

fn recipe(name: &str, base: &str) -> String {
    format!(
        "recipe: 1\nname: {name}\ntag: \"1\"\nbase: {base}\n{BOTH}\nsteps:\n  - copy: {{from: app, to: /srv/{name}}}\n"
    )
}

/// Pushes an image of the local store with all its platforms; a client then validates every one.
fn push_all(registry: &DockerRegistry, bakery: &Bakery, name: &str, to: &str) -> String {
    let source = format!("oci:{}:{name}", bakery.local().display());
    let image = format!("{}/{to}", registry.host());
    let target = format!("docker://{image}");
    peer("skopeo", &["copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false", &source, &target]);
    peer("crane", &["validate", "--insecure", "--remote", &image]);
    image
}

/// The platform and layers of every entry of an index in the local store.
fn entries(bakery: &Bakery, digest: &str) -> Vec<(String, Vec<String>)> {
    let index = layout_json(&bakery.local(), digest);
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let entry = |entry: &Value| {
        let manifest = layout_json(&bakery.local(), entry["digest"].as_str().unwrap());
        let config = layout_json(&bakery.local(), manifest["config"]["digest"].as_str().unwrap());
        assert_eq!(config["architecture"], entry["platform"]["architecture"]);
        let layers = manifest["layers"].as_array().unwrap().iter();
        let layers: Vec<String> = layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect();
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), layers.len());
        (entry["platform"]["architecture"].as_str().unwrap().to_owned(), layers)
    };
    index["manifests"].as_array().unwrap().iter().map(entry).collect()
}

#[test]
fn an_index_made_by_others_becomes_an_index_with_each_platforms_own_base_below() {
    let Some((registry, bakery)) = start() else { return };
    let mut bases = Vec::new();
    for platform in ["linux/amd64", "linux/arm64"] {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("global/os:{}", platform.replace('/', "-"));
        bases.push(push_base(&registry, &name, platform, &small_tar(folder.path(), platform)));
    }
    let index = format!("{}/global/os:1", registry.host());
    peer("crane", &["index", "append", "--insecure", "-m", &bases[0], "-m", &bases[1], "-t", &index]);

    bakery.write("recipes/app.yaml", recipe("team-a/app", "global/os:1"));
    let digest = bakery.bake("recipes/app.yaml");
    let found = entries(&bakery, &digest);
    assert_eq!(found.iter().map(|(platform, _)| platform.as_str()).collect::<Vec<_>>(), ["amd64", "arm64"]);
    for ((_, layers), base) in found.iter().zip(&bases) {
        let manifest: Value = serde_json::from_str(&peer("crane", &["manifest", "--insecure", base])).unwrap();
        assert_eq!(layers[0], manifest["layers"][0]["digest"].as_str().unwrap());
        assert_eq!(layers.len(), 2);
    }
    assert_ne!(found[0].1[0], found[1].1[0]);
    let pushed = push_all(&registry, &bakery, "team-a/app:1", "team-a/app:1");
    assert_eq!(peer("crane", &["digest", "--insecure", &pushed]).trim(), digest);
    assert_eq!(bakery.bake("recipes/app.yaml"), digest);
    bakery.ok(&["fsck"]);
}

#[test]
fn an_index_from_scratch_serves_as_the_next_ones_base_from_a_registry() {
    let Some((registry, bakery)) = start() else { return };
    bakery.write("recipes/os.yaml", recipe("os", "scratch"));
    let os = bakery.bake("recipes/os.yaml");
    let pushed = push_all(&registry, &bakery, "os:1", "global/os:1");
    assert_eq!(peer("crane", &["digest", "--insecure", &pushed]).trim(), os);

    bakery.write("recipes/child.yaml", recipe("child", "global/os:1"));
    let child = bakery.bake("recipes/child.yaml");
    for ((platform, below), (_, above)) in entries(&bakery, &os).into_iter().zip(entries(&bakery, &child)) {
        assert!(above.starts_with(&below) && above.len() == below.len() + 1, "{platform}");
    }
    let lock = std::fs::read_to_string(bakery.path("recipes/child.lock")).unwrap();
    assert!(lock.contains("linux/amd64: ") && lock.contains("linux/arm64: ") && lock.contains(&os), "{lock}");
    push_all(&registry, &bakery, "child:1", "team-a/child:1");

    // What the base has not cannot be asked of it.
    bakery.write("recipes/bad.yaml", recipe("bad", "global/os:1").replace("linux/arm64", "linux/riscv64"));
    let told = bakery.fails(1, &["bake", "recipes/bad.yaml"]);
    assert!(told.contains("global/os:1 has no linux/riscv64"), "{told}");
    assert!(told.contains("it has linux/amd64, linux/arm64"), "{told}");
}
