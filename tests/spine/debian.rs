//! The main job on real input: a recipe on a Debian base in a real registry becomes a valid OCI image that
//! other tools read, and the same one again from another home.

use serde_json::Value;

use super::{HOST, push_base};
use crate::support::bakery::{Bakery, layout_json, peer};
use crate::support::docker_registry::DockerRegistry;
use crate::support::{debian, peers};

const RECIPE: &str = r#"recipe: 1
name: team-a/payments-api
tag: "1.4.0"
base: global/python:3.12      # the tag a human reads
steps:
  - copy: {from: app, to: /srv/app, owner: "www-data", mode: "0640", exclude: ["**/*.pyc"]}
  - write: {to: /etc/app.conf, mode: "0600", content: "timeout = 30\n"}
  - remove: [/usr/share/perl5]
config:
  env: {APP_ENV: production}
  user: www-data
  workdir: /srv/app
  entrypoint: [python3, main.py]
  expose: [8080/tcp]
  labels: {team: a}
"#;

struct World {
    registry: DockerRegistry,
}

impl World {
    fn new() -> Option<Self> {
        let programs = ["docker-registry", "mmdebstrap", "crane", "skopeo", "umoci", "podman"];
        if !peers::need(&programs) {
            return None;
        }
        let registry = DockerRegistry::start();
        let python = format!("{}/global/python:3.12", registry.host());
        let os = push_base(&registry, "global/os:12", HOST, &debian::rootfs());
        let marker = tempfile::tempdir().unwrap();
        std::fs::create_dir(marker.path().join("opt")).unwrap();
        std::fs::write(marker.path().join("opt/python.txt"), "3.12\n").unwrap();
        let second = marker.path().join("layer.tar").display().to_string();
        peer("tar", &["-C", &marker.path().display().to_string(), "-cf", &second, "opt"]);
        peer("crane", &["append", "--insecure", "-b", &os, "-f", &second, "-t", &python]);
        Some(Self { registry })
    }

    fn bakery(&self) -> Bakery {
        let host = self.registry.host();
        let bakery = Bakery::with_workspace(&format!(
            "bakery: 1\nstores:\n  global: {{registry: {host}/global}}\n  local: {{layout: ./local, publish: {host}}}\n"
        ));
        bakery.write("recipes/pay/pay.yaml", RECIPE);
        bakery.write("recipes/pay/app/main.py", "print('hello')\n");
        bakery.write("recipes/pay/app/lib/tool.py", "X = 1\n");
        bakery.write("recipes/pay/app/lib/tool.pyc", "junk");
        std::os::unix::fs::symlink("main.py", bakery.path("recipes/pay/app/run")).unwrap();
        bakery
    }
}

fn manifest_and_config(bakery: &Bakery, digest: &str) -> (Value, Value) {
    let manifest = layout_json(&bakery.local(), digest);
    let config = layout_json(&bakery.local(), manifest["config"]["digest"].as_str().unwrap());
    (manifest, config)
}

#[test]
fn a_recipe_on_a_debian_base_in_a_registry_becomes_an_image_others_read() {
    let Some(world) = World::new() else { return };
    let bakery = world.bakery();
    let digest = bakery.bake("recipes/pay/pay.yaml");
    let (manifest, config) = manifest_and_config(&bakery, &digest);

    // Inheritance: the base's layers and diffIDs are the child's prefix.
    let base = format!("{}/global/python:3.12", world.registry.host());
    let base_manifest: Value = serde_json::from_str(&peer("crane", &["manifest", "--insecure", &base])).unwrap();
    let base_config: Value = serde_json::from_str(&peer("crane", &["config", "--insecure", &base])).unwrap();
    let digests = |manifest: &Value| -> Vec<String> {
        manifest["layers"].as_array().unwrap().iter().map(|l| l["digest"].as_str().unwrap().to_owned()).collect()
    };
    assert!(digests(&manifest).starts_with(&digests(&base_manifest)));
    let diff_ids = |config: &Value| config["rootfs"]["diff_ids"].as_array().unwrap().clone();
    assert!(diff_ids(&config).starts_with(&diff_ids(&base_config)));
    assert_eq!(digests(&manifest).len(), digests(&base_manifest).len() + 3, "one layer a step");
    assert_eq!(diff_ids(&config).len(), digests(&manifest).len());
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.base.name"].as_str().unwrap().rsplit('/').next(),
        Some("python:3.12")
    );
    let base_digest = peer("crane", &["digest", "--insecure", &base]);
    assert_eq!(manifest["annotations"]["org.opencontainers.image.base.digest"], base_digest.trim());

    // Config, as any runtime sees it.
    let settings = &config["config"];
    assert!(settings["Env"].as_array().unwrap().contains(&"APP_ENV=production".into()));
    assert_eq!(settings["User"], "www-data");
    assert_eq!(settings["WorkingDir"], "/srv/app");
    assert_eq!(settings["Entrypoint"], serde_json::json!(["python3", "main.py"]));
    assert_eq!(settings["ExposedPorts"], serde_json::json!({"8080/tcp": {}}));
    assert_eq!(settings["Labels"]["team"], "a");

    others_read_it(&bakery);

    // And after a push, a registry client validates it.
    let source = format!("oci:{}:team-a/payments-api:1.4.0", bakery.local().display());
    let pushed = format!("{}/team-a/payments-api:1.4.0", world.registry.host());
    peer(
        "skopeo",
        &["copy", "-q", "--preserve-digests", "--dest-tls-verify=false", &source, &format!("docker://{pushed}")],
    );
    peer("crane", &["validate", "--insecure", "--remote", &pushed]);
    assert_eq!(peer("crane", &["digest", "--insecure", &pushed]).trim(), digest);
}

/// skopeo, umoci and podman read the layout; the merged tree is what the recipe says.
fn others_read_it(bakery: &Bakery) {
    let image = format!("oci:{}:team-a/payments-api:1.4.0", bakery.local().display());
    let inspected: Value = serde_json::from_str(&peer("skopeo", &["inspect", &image])).unwrap();
    assert_eq!(inspected["Labels"]["team"], "a");

    let unpacked = bakery.path("unpacked");
    let layout = format!("{}:team-a/payments-api:1.4.0", bakery.local().display());
    peer("umoci", &["unpack", "--image", &layout, &unpacked.display().to_string()]);
    let stat = |path: &str| {
        peer("stat", &["-c", "%a %u:%g %F", &unpacked.join("rootfs").join(path).display().to_string()])
            .trim()
            .to_owned()
    };
    assert_eq!(stat("srv/app/main.py"), "640 33:33 regular file");
    assert_eq!(stat("srv/app/lib"), "750 33:33 directory");
    assert_eq!(stat("srv/app/run"), "777 33:33 symbolic link");
    assert_eq!(stat("etc/app.conf"), "600 0:0 regular file");
    assert!(!unpacked.join("rootfs/srv/app/lib/tool.pyc").exists());
    assert!(!unpacked.join("rootfs/usr/share/perl5").exists());
    assert!(unpacked.join("rootfs/usr/bin/perl").symlink_metadata().is_ok());

    let storage = bakery.path("podman");
    let root = storage.join("root").display().to_string();
    let runroot = storage.join("run").display().to_string();
    let podman = |arguments: &[&str]| {
        let options = ["--root", &root, "--runroot", &runroot, "--storage-driver", "vfs"];
        peer("podman", &[&options, arguments].concat())
    };
    let id = podman(&["pull", "-q", &image]);
    let env = podman(&["image", "inspect", "--format", "{{.Config.User}}", id.trim()]);
    assert_eq!(env.trim(), "www-data");
}

#[test]
fn the_same_digest_from_another_home_and_after_touch() {
    let Some(world) = World::new() else { return };
    let (first, second) = (world.bakery(), world.bakery());
    let digest = first.bake("recipes/pay/pay.yaml");
    let later =
        std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000));
    for file in ["recipes/pay/app/main.py", "recipes/pay/app/lib/tool.py"] {
        std::fs::File::options().write(true).open(second.path(file)).unwrap().set_times(later).unwrap();
    }
    assert_eq!(second.bake("recipes/pay/pay.yaml"), digest);
    assert_eq!(first.bake("recipes/pay/pay.yaml"), digest, "and again, from the cache");
}
