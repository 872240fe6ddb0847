//! Rebasing real bakes: what is safe comes to the same as a full bake on the new base; what is not is told by path and field.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, ImageConfig, ImageManifest, media_type};
use serde_json::{Value, json};

use crate::support::bakery::{Bakery, peer, succeeded};
use crate::support::peers::need;

/// The global team with a store, and a baker who inherits from it.
struct House {
    global: Bakery,
    baker: Bakery,
}

/// A base's files: a text, a link `->TARGET`, a folder `/`.
type Files<'f> = &'f [(&'f str, &'f str)];

const FILES: &[(&str, &str)] = &[
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
    fn new() -> Self {
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
    fn base(&self, name: &str, files: Files<'_>, config: &str, at: u32) {
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
    fn app(&self, name: &str, rest: &str) {
        let text = format!("recipe: 1\nname: team/{name}\ntag: \"1\"\nbase: global/os:12\n{rest}");
        self.baker.write(&format!("recipes/{name}/{name}.yaml"), text);
        self.baker.ok(&["bake", &format!("recipes/{name}/{name}.yaml")]);
    }

    /// The same files with some changed.
    fn moves(&self, changed: Files<'_>, config: &str) {
        let kept = FILES.iter().filter(|(path, _)| !changed.iter().any(|(other, _)| other == path));
        let files: Vec<(&str, &str)> = kept.chain(changed.iter().filter(|(_, what)| *what != "-")).copied().collect();
        self.base("os:12", &files, config, 200);
    }

    /// Code and answer of a rebase.
    fn rebase(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.baker.run(&[&["rebase", "--json"], arguments].concat());
        let told = serde_json::from_slice(&output.stdout);
        let told = told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), told)
    }

    /// What stands in the way, as `why path base-path` and `field`.
    fn in_the_way(&self, name: &str) -> Vec<String> {
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
    fn refused(&self, arguments: &[&str]) -> Vec<String> {
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

    fn digest(&self, name: &str) -> String {
        self.baker.json(&["inspect", &format!("local/team/{name}:1")])["digest"].as_str().unwrap().to_owned()
    }

    fn layout(&self) -> Layout {
        Layout::open(&self.baker.path("local")).unwrap()
    }

    /// Rebases, then bakes the recipe in full on the new base: both are the same.
    fn comes_to_the_same(&self, name: &str) {
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
        for platform in self.platforms(name) {
            let rebased = format!("oci:{}:team/{name}:1", rebased.display());
            let differs = self.baker.json(&["diff", "--semantic", &rebased, &image, "--platform", &platform]);
            assert_eq!((&differs["changes"], &differs["config"]), (&json!([]), &json!([])), "{platform}: {differs:#}");
        }
        assert_eq!(self.rebase(&[&image]).1["answer"], "current");
    }

    fn platforms(&self, name: &str) -> Vec<String> {
        let index = self.baker.json(&["inspect", &format!("local/team/{name}:1")]);
        match index["images"].as_array() {
            Some(all) => all.iter().map(|one| one["platform"].as_str().unwrap().to_owned()).collect(),
            None => vec![index["platform"].as_str().unwrap().to_owned()],
        }
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    peer("cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()]);
}

const OWN: &str = "steps:\n  - write: {to: /srv/app/main, content: hello}\n  - write: {to: /etc/mine, content: ours}\n  \
                   - remove: [/etc/other]\nconfig: {env: {APP: \"1\"}, user: \"1000\", entrypoint: [/srv/app/main],\n  \
                   labels: {org.opencontainers.image.version: \"1.0\"}}\n";

#[test]
fn a_clean_child_comes_to_the_same_as_a_full_bake_on_every_platform() {
    let house = House::new();
    house.base("os:12", FILES, "{labels: {org.opencontainers.image.version: \"12.1\"}}", 100);
    house.app("clean", OWN);
    house.app("two", &format!("platforms: [linux/amd64, linux/arm64]\n{OWN}"));
    let config = "{env: {PATH: /usr/bin}, labels: {v: \"2\", org.opencontainers.image.version: \"12.2\"}}";
    house.moves(&[("etc/conf", "2"), ("usr/new", "n"), ("opt/a/x", "-")], config);
    house.comes_to_the_same("clean");
    house.comes_to_the_same("two");
    if need(&["crane"]) {
        peer("crane", &["validate", "--fast", "--tarball", &tarball(&house, "clean")]);
    }
}

/// As an archive that other tools read.
fn tarball(house: &House, name: &str) -> String {
    let archive = house.baker.path("image.tar");
    let from = format!("oci:{}:team/{name}:1", house.baker.path("local").display());
    peer("skopeo", &["copy", "-q", &from, &format!("docker-archive:{}:x:1", archive.display())]);
    archive.display().to_string()
}

#[test]
fn paths_that_both_touched_are_told() {
    let house = House::new();
    house.app("over", "steps:\n  - write: {to: /etc/conf, content: mine}\n");
    house.app("deletes", "steps:\n  - remove: [/opt/a]\n");
    house.app("homeless", "steps:\n  - write: {to: /opt/a/mine, content: x}\n");
    house.app("led", "steps:\n  - write: {to: /srv/v1/app, content: x}\n");
    house.app("covers", "steps:\n  - remove: [/etc]\n  - write: {to: /etc/mine, content: x}\n");
    house.app(
        "packages",
        "steps:\n  - write: {to: /var/lib/dpkg/status, content: two}\n  - write: {to: /lib/apk/db/installed, content: two}\n",
    );
    house.moves(
        &[
            ("etc/conf", "2"),
            ("opt/a/x", "-"),
            ("opt/b/x", "1"),
            ("srv/now", "->v2"),
            ("var/lib/dpkg/status", "three"),
            ("lib/apk/db/installed", "three"),
        ],
        "{}",
    );
    assert_eq!(house.in_the_way("over"), ["over /etc/conf /etc/conf"]);
    assert_eq!(house.in_the_way("deletes"), ["deletes /opt/a /opt/a", "covers /opt/a /opt/a/x"]);
    assert_eq!(house.in_the_way("homeless"), ["homeless /opt/a/mine /opt/a"]);
    assert_eq!(house.in_the_way("led"), ["led /srv/v1/app /srv/now"]);
    assert_eq!(house.in_the_way("covers"), ["covers /etc /etc/conf"]);
    assert_eq!(
        house.in_the_way("packages"),
        ["packages /lib/apk/db/installed /lib/apk/db/installed", "packages /var/lib/dpkg/status /var/lib/dpkg/status"]
    );
    let text = house.baker.run(&["rebase", "local/team/over:1"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("has to be baked again") && text.contains("/etc/conf  our layers put something over"),
        "{text}"
    );
}

#[test]
fn fields_that_both_changed_are_told() {
    let house = House::new();
    house.base("os:12", FILES, "{env: {MODE: a}, user: root, entrypoint: [/a]}", 100);
    house.app("fields", "config: {env: {MODE: b}, user: app, entrypoint: [/b]}\n");
    house.moves(&[], "{env: {MODE: c}, user: daemon, entrypoint: [/c]}");
    assert_eq!(house.in_the_way("fields"), ["user", "entrypoint", "env.MODE"]);
}

#[test]
fn what_is_not_built_on_that_base_or_cannot_be_moved_is_refused() {
    let house = House::new();
    house.app("app", OWN);
    house.base("other:1", &[("x", "x")], "{}", 100);
    house.moves(&[("etc/conf", "2")], "{}");
    assert_eq!(house.refused(&["local/team/app:1", "--base", "global/other:1"]), ["base.not-below"]);
    assert_eq!(
        house.refused(&["local/team/app:1", "--onto", "global/other:1", "--base", "global/other:1"]),
        ["base.not-below"]
    );
    altered(&house, "squashed", |manifest, config| {
        manifest.layers.remove(0);
        config.rootfs.diff_ids.remove(0);
    });
    assert_eq!(house.refused(&["local/team/squashed:1"]), ["base.not-below"]);
    altered(&house, "foreign", |manifest, _| {
        let own = manifest.layers.last_mut().unwrap();
        own.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip".into();
    });
    assert_eq!(house.refused(&["local/team/foreign:1"]), ["layer.foreign"]);
    let (_, told) = house.rebase(&["local/team/app:1", "--dry-run"]);
    assert_eq!(told["answer"], "safe");
    let usage = house.baker.fails(2, &["rebase", "global/os:12"]);
    assert!(usage.contains("only names of the local store are rebased"), "{usage}");
}

/// `team/app:1` with its documents changed, under another name.
fn altered(house: &House, name: &str, change: impl FnOnce(&mut ImageManifest, &mut ImageConfig)) {
    let layout = house.layout();
    let read = |digest: &str| -> Value { crate::support::bakery::layout_json(&house.baker.path("local"), digest) };
    let mut manifest: ImageManifest = serde_json::from_value(read(&house.digest("app"))).unwrap();
    let mut config: ImageConfig = serde_json::from_value(read(&manifest.config.digest.to_string())).unwrap();
    change(&mut manifest, &mut config);
    manifest.config = layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let put: Descriptor = layout.put_bytes(media_type::MANIFEST, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    layout.tag(&format!("team/{name}:1"), &put).unwrap();
}

#[test]
fn a_contract_that_the_new_base_brings_holds_for_the_rebased_too() {
    let house = House::new();
    house.app("app", OWN);
    house.moves(&[("etc/conf", "2")], "{labels: {dev.bakery.contract: '{\"protected\": [\"/etc/other\"]}'}}");
    assert_eq!(house.refused(&["local/team/app:1"]), ["lineage.contract contract.deleted"]);
    assert_eq!(house.rebase(&["local/team/app:1", "--dry-run"]).0, 3);
}

#[test]
fn s07_an_older_base_is_refused_unless_that_is_wanted() {
    let house = House::new();
    house.app("app", OWN);
    house.moves(&[("etc/conf", "2")], "{}");
    house.comes_to_the_same("app");
    house.base("os:12", FILES, "{labels: {old: \"1\"}}", 150);
    assert_eq!(house.refused(&["local/team/app:1"]), ["base.fresh base.rollback"]);
    let (code, told) = house.rebase(&["local/team/app:1", "--allow-downgrade"]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
}

/// Strict about who signs.
fn signed_house() -> House {
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

#[test]
fn a_base_that_nobody_signed_is_refused_and_what_is_rebased_is_signed_and_verifies() {
    let house = signed_house();
    house.app("app", OWN);
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", "2")]].concat(), "{}", 200);
    let (code, told) = house.rebase(&["local/team/app:1"]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
    let verified = house.baker.json(&["verify", "local/team/app:1"]);
    assert_eq!(verified["chain"][0]["signed_by"].as_array().unwrap().len(), 1, "{verified:#}");
    let pass = |id: &str| {
        let checks = verified["chain"][0]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {verified:#}"));
        assert_eq!(check["verdict"], "pass", "{check:#}");
    };
    ["image.signature", "image.provenance", "image.sbom", "lineage.layers"].into_iter().for_each(pass);
    // The global team loses its key: what it bakes is signed by nobody.
    house.global.write("bakery.yaml", "bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
    house.base("os:12", &[&FILES[1..6], &[("etc/conf", "3")]].concat(), "{}", 300);
    assert_eq!(house.refused(&["local/team/app:1"]), ["base.signature signature.unsigned"]);
}

#[test]
fn impact_says_what_would_become_of_each_before_the_base_is_published() {
    let house = House::new();
    house.app("safe", OWN);
    house.app("over", "steps:\n  - write: {to: /etc/conf, content: mine}\n");
    house.app("contract", "steps:\n  - remove: [/etc/other]\n");
    let above = "recipe: 1\nname: team/above\ntag: \"1\"\nbase: local/team/safe:1\nsteps:\n  - write: {to: /above, content: x}\n";
    house.baker.write("recipes/above/above.yaml", above);
    house.baker.ok(&["bake", "recipes/above/above.yaml"]);
    let files = [&FILES[1..], &[("etc/conf", "2")]].concat();
    let contract = "{labels: {dev.bakery.contract: '{\"protected\": [\"/etc/oth*\"]}'}}";
    house.base("os:next", &files, "{}", 200);
    house.base("os:guarded", &files, contract, 200);
    let answers = |onto: &str| {
        let told = house.baker.json(&["impact", "global/os:12", "--onto", onto]);
        let mut answers: Vec<String> = told["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| {
                let answer = image["rebase"]["answer"].as_str().or(image["note"].as_str()).unwrap();
                format!("{} {answer}", image["image"].as_str().unwrap())
            })
            .collect();
        answers.sort();
        (answers, told["count"].clone())
    };
    let (told, count) = answers("global/os:next");
    assert_eq!(
        told,
        [
            "local/team/above:1 follows local/team/safe:1",
            "local/team/contract:1 safe",
            "local/team/over:1 needs-rebake",
            "local/team/safe:1 safe",
        ]
    );
    assert_eq!(count, json!({"safe": 2, "rebake": 1, "refused": 0, "others": 1}));
    let (_, count) = answers("global/os:guarded");
    assert_eq!(count, json!({"safe": 0, "rebake": 1, "refused": 2, "others": 1}));
    assert_eq!(house.rebase(&["local/team/safe:1"]).1["answer"], "current", "nothing was moved");
}

#[test]
fn update_shows_what_a_new_base_changes_and_moves_the_lock() {
    let house = House::new();
    house.app("over", "steps:\n  - write: {to: /srv/x, content: x}\n  - write: {to: /etc/conf, content: mine}\n");
    let lock = house.baker.path("recipes/over/over.lock");
    let read = || std::fs::read_to_string(&lock).unwrap();
    let before = read();
    let recipe = "recipes/over/over.yaml";
    assert_eq!(house.baker.json(&["update", recipe, "--dry-run", "--exit-code"])[0]["moves"], json!(false));
    house.base(
        "os:12",
        &[&FILES[1..6], &[("etc/conf", "2"), ("usr/new", "n")]].concat(),
        "{env: {A: \"1\"}, labels: {dev.bakery.contract: '{\"protected\": [\"/etc/conf\"]}'}}",
        200,
    );
    house.baker.fails(1, &["update", "--dry-run", "--exit-code"]);
    let told = house.baker.json(&["update", recipe, "--dry-run"]);
    let changes = &told[0]["changes"];
    assert_eq!((&told[0]["moves"], &told[0]["written"], read()), (&json!(true), &json!(false), before.clone()));
    // The folders that went and came are among them.
    assert_eq!(changes["files"]["modified"], 1, "{changes:#}");
    assert_eq!(changes["config"][0]["field"], "env.A", "{changes:#}");
    assert!(changes["contract"]["after"].as_str().unwrap().contains("/etc/conf"), "{changes:#}");
    assert_eq!(
        changes["met"],
        json!([{"why": "over", "path": "/etc/conf", "base_path": "/etc/conf", "change": "modified",
            "by": "bakery write /etc/conf"}])
    );
    let text = house.baker.ok(&["update", recipe]);
    assert!(text.contains("moved: global/os:12") && text.contains("by bakery write /etc/conf"), "{text}");
    assert_ne!(read(), before);
    assert!(read().contains(told[0]["after"].as_str().unwrap()), "what was shown is what is pinned");
    assert!(house.baker.ok(&["update"]).contains("is still"));
}
