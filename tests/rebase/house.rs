//! A global team with a store and a baker who inherits from it, with what is asked of every rebase. Tests nothing itself.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, ImageConfig, ImageManifest, media_type};
use serde_json::{Value, json};

use crate::support::bakery::{Bakery, layout_json, peer, succeeded};
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers::need;

/// The global team with a store, and a baker who inherits from it.
pub(super) struct House {
    pub(super) global: Bakery,
    pub(super) baker: Bakery,
}

/// A base's files: a text, a link `->TARGET`, a folder `/`.
pub(super) type Files<'f> = &'f [(&'f str, &'f str)];

pub(super) const FILES: &[(&str, &str)] = &[
    ("etc/conf", "1"),
    ("etc/other", "1"),
    ("opt/a/x", "1"),
    ("srv/v1", "/"),
    ("srv/v2", "/"),
    ("srv/now", "->v1"),
    ("var/lib/dpkg/status", "one"),
    ("lib/apk/db/installed", "one"),
];

impl House {
    pub(super) fn new() -> Self {
        let global = Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
        let store = global.path("store");
        let baker = Bakery::with_workspace(&format!(
            "bakery: 1\nstores:\n  global: {{layout: {}}}\n  local: {{layout: ./local}}\nrecipes: recipes\n",
            store.display()
        ));
        let house = Self { global, baker };
        house.base("os:12", FILES, "{}", 100);
        house
    }

    /// Bakes a base with these files, `at` seconds since 1970.
    pub(super) fn base(&self, name: &str, files: Files<'_>, config: &str, at: u32) {
        let folder = self.global.path("recipes/base");
        let _ = std::fs::remove_dir_all(&folder);
        for (path, what) in files {
            let path = folder.join("tree").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match *what {
                "/" => std::fs::create_dir_all(&path).unwrap(),
                link if link.starts_with("->") => symlink(&link[2..], &path).unwrap(),
                text => std::fs::write(&path, text).unwrap(),
            }
        }
        let (name, tag) = name.split_once(':').unwrap();
        let recipe = format!(
            "recipe: 1\nname: {name}\ntag: \"{tag}\"\nbase: scratch\nplatforms: [linux/amd64, linux/arm64]\n\
             steps:\n  - copy: {{from: tree, to: /}}\nconfig: {config}\n"
        );
        self.global.write("recipes/base/base.yaml", recipe);
        let mut command = self.global.command(&["bake", "recipes/base/base.yaml"]);
        succeeded(&command.env("SOURCE_DATE_EPOCH", at.to_string()).output().unwrap(), "the base's bake");
    }

    /// Bakes an image on `global/os:12`.
    pub(super) fn app(&self, name: &str, rest: &str) {
        let text = format!("recipe: 1\nname: team/{name}\ntag: \"1\"\nbase: global/os:12\n{rest}");
        self.baker.write(&format!("recipes/{name}/{name}.yaml"), text);
        self.baker.ok(&["bake", &format!("recipes/{name}/{name}.yaml")]);
    }

    /// The same files with some changed.
    pub(super) fn moves(&self, changed: Files<'_>, config: &str) {
        let kept = FILES.iter().filter(|(path, _)| !changed.iter().any(|(other, _)| other == path));
        let files: Vec<(&str, &str)> = kept.chain(changed.iter().filter(|(_, what)| *what != "-")).copied().collect();
        self.base("os:12", &files, config, 200);
    }

    /// Code and answer of a rebase.
    pub(super) fn rebase(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.baker.run(&[&["rebase", "--json"], arguments].concat());
        let told = serde_json::from_slice(&output.stdout);
        let told = told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), told)
    }

    /// What stands in the way, as `why path base-path` and `field`.
    pub(super) fn in_the_way(&self, name: &str) -> Vec<String> {
        let before = self.digest(name);
        let (code, told) = self.rebase(&[&format!("local/team/{name}:1")]);
        assert_eq!((code, told["answer"].as_str().unwrap()), (1, "needs-rebake"), "{told:#}");
        assert_eq!(self.digest(name), before, "the tag stays");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let paths = told["conflicts"][0]["paths"].as_array().unwrap().iter();
        let paths =
            paths.map(|path| format!("{} {} {}", text(&path["why"]), text(&path["path"]), text(&path["base_path"])));
        let fields = told["conflicts"][0]["config"].as_array().unwrap().iter().map(|field| text(&field["field"]));
        paths.chain(fields).collect()
    }

    /// Why it is refused: the reason, or the checks.
    pub(super) fn refused(&self, arguments: &[&str]) -> Vec<String> {
        let (code, told) = self.rebase(arguments);
        assert_eq!((code, told["answer"].as_str().unwrap(), &told["done"]), (3, "refused", &json!(false)), "{told:#}");
        let reason = told["refusal"]["reason"].as_str().map(str::to_owned);
        let checks = told["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| format!("{} {}", check["id"].as_str().unwrap(), check["reason"].as_str().unwrap()));
        reason.into_iter().chain(checks).collect()
    }

    pub(super) fn digest(&self, name: &str) -> String {
        self.baker.json(&["inspect", &format!("local/team/{name}:1")])["digest"].as_str().unwrap().to_owned()
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::open(&self.baker.path("local")).unwrap()
    }

    /// Rebases, then bakes the recipe in full on the new base: both are the same.
    pub(super) fn comes_to_the_same(&self, name: &str) {
        let image = format!("local/team/{name}:1");
        let (code, told) = self.rebase(&[&image, "--dry-run"]);
        assert_eq!((code, told["answer"].as_str().unwrap(), &told["done"]), (0, "safe", &json!(false)), "{told:#}");
        let (_, told) = self.rebase(&[&image]);
        assert_eq!((told["answer"].as_str().unwrap(), &told["done"]), ("safe", &json!(true)), "{told:#}");
        assert_eq!(self.digest(name), told["digest"].as_str().unwrap());
        let rebased = self.baker.path("rebased");
        let _ = std::fs::remove_dir_all(&rebased);
        copy_folder(&self.baker.path("local"), &rebased);
        let lock = self.baker.path(&format!("recipes/{name}/{name}.lock"));
        std::fs::remove_file(lock).unwrap();
        self.baker.ok(&["bake", "--no-cache", &format!("recipes/{name}/{name}.yaml")]);
        let platforms = self.platforms(name);
        for platform in &platforms {
            let rebased = format!("oci:{}:team/{name}:1", rebased.display());
            let differs = self.baker.json(&["diff", "--semantic", &rebased, &image, "--platform", platform]);
            assert_eq!((&differs["changes"], &differs["config"]), (&json!([]), &json!([])), "{platform}: {differs:#}");
        }
        assert_eq!(
            configs(&rebased, told["digest"].as_str().unwrap()),
            configs(&self.baker.path("local"), &self.digest(name))
        );
        others_accept(&rebased, name, platforms.len());
        assert_eq!(self.rebase(&[&image]).1["answer"], "current");
    }

    pub(super) fn platforms(&self, name: &str) -> Vec<String> {
        let index = self.baker.json(&["inspect", &format!("local/team/{name}:1")]);
        match index["images"].as_array() {
            Some(all) if !all.is_empty() => {
                all.iter().map(|one| one["platform"].as_str().unwrap().to_owned()).collect()
            }
            _ => vec![index["platform"].as_str().unwrap().to_owned()],
        }
    }
}

/// The configs of an image's platforms, without the digests of layers: those of a bake carry its own times.
fn configs(layout: &Path, digest: &str) -> Vec<Value> {
    let top = layout_json(layout, digest);
    let manifests = match top["manifests"].as_array() {
        Some(entries) => entries.iter().map(|entry| layout_json(layout, entry["digest"].as_str().unwrap())).collect(),
        None => vec![top],
    };
    let config = |manifest: Value| {
        let mut config = layout_json(layout, manifest["config"]["digest"].as_str().unwrap());
        let layers = config["rootfs"]["diff_ids"].as_array().unwrap().len();
        assert_eq!(layers, manifest["layers"].as_array().unwrap().len());
        config["rootfs"] = json!(layers);
        config
    };
    manifests.into_iter().map(config).collect()
}

/// What other tools say of it: skopeo reads each platform, crane takes every layer apart.
pub(super) fn others_accept(layout: &Path, name: &str, platforms: usize) {
    if !need(&["skopeo", "crane", "docker-registry"]) {
        return;
    }
    let from = format!("oci:{}:team/{name}:1", layout.display());
    let raw: Value = serde_json::from_str(&peer("skopeo", &["inspect", "--raw", &from])).unwrap();
    let entries = raw["manifests"].as_array().map(|entries| entries.iter().map(|entry| &entry["platform"]));
    assert_eq!(entries.as_ref().map_or(1, ExactSizeIterator::len), platforms, "{raw:#}");
    let architectures: Vec<&str> = match entries {
        Some(entries) => entries.map(|platform| platform["architecture"].as_str().unwrap()).collect(),
        None => vec![if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" }],
    };
    for architecture in architectures {
        let read = peer("skopeo", &["--override-os", "linux", "--override-arch", architecture, "inspect", &from]);
        let read: Value = serde_json::from_str(&read).unwrap();
        assert_eq!(read["Architecture"], architecture);
    }
    let registry = DockerRegistry::start();
    let to = format!("{}/{name}:1", registry.host());
    peer("skopeo", &["copy", "-q", "--all", "--dest-tls-verify=false", &from, &format!("docker://{to}")]);
    validated(&registry, name, &raw);
}

/// crane takes every image of it apart.
fn validated(registry: &DockerRegistry, name: &str, raw: &Value) {
    let images: Vec<String> = match raw["manifests"].as_array() {
        Some(entries) => {
            let digest = |entry: &Value| format!("{}/{name}@{}", registry.host(), entry["digest"].as_str().unwrap());
            entries.iter().map(digest).collect()
        }
        None => vec![format!("{}/{name}:1", registry.host())],
    };
    for image in images {
        let output = std::process::Command::new("crane").args(["validate", "--insecure", "--remote", &image]).output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("PASS"), "{image}: {text}");
    }
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    peer("cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()]);
}

/// Steps and config of an image that meet nothing of the base.
pub(super) const OWN: &str = "steps:\n  - write: {to: /srv/app/main, content: hello}\n  - write: {to: /etc/mine, content: ours}\n  \
                   - remove: [/etc/other]\nconfig: {env: {APP: \"1\"}, user: \"1000\", entrypoint: [/srv/app/main],\n  \
                   labels: {org.opencontainers.image.version: \"1.0\"}}\n";

pub(super) fn altered(house: &House, name: &str, change: impl FnOnce(&mut ImageManifest, &mut ImageConfig)) {
    let layout = house.layout();
    let read = |digest: &str| -> Value { layout_json(&house.baker.path("local"), digest) };
    let mut manifest: ImageManifest = serde_json::from_value(read(&house.digest("app"))).unwrap();
    let mut config: ImageConfig = serde_json::from_value(read(&manifest.config.digest.to_string())).unwrap();
    change(&mut manifest, &mut config);
    manifest.config = layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let put: Descriptor = layout.put_bytes(media_type::MANIFEST, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    layout.tag(&format!("team/{name}:1"), &put).unwrap();
}

pub(super) fn signed_house() -> House {
    let house = House::new();
    for (bakery, name) in [(&house.global, "global"), (&house.baker, "baker")] {
        bakery.ok(&["keys", "new", "--out", &format!("keys/{name}")]);
    }
    let store: PathBuf = house.global.path("store");
    house.global.write(
        "bakery.yaml",
        "bakery: 1\nstores:\n  local: {layout: ./store, key: keys/global.key, keys: [keys/global.pub]}\nrecipes: recipes\n",
    );
    let workspace = format!(
        "bakery: 1\nstores:\n  global: {{layout: {}, keys: [{}]}}\n  \
         local: {{layout: ./local, key: keys/baker.key, keys: [keys/baker.pub]}}\nrecipes: recipes\n",
        store.display(),
        house.global.path("keys/global.pub").display()
    );
    house.baker.write("bakery.yaml", workspace);
    std::fs::remove_file(house.baker.path("policy.yaml")).unwrap();
    // Without databases that no package manager would write.
    house.base("os:12", &FILES[..6], "{labels: {signed: \"1\"}}", 100);
    house
}
