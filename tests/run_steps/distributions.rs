//! `packages` and `run` on a Debian and on a distribution of rpm packages: the same image from root and from an ordinary
//! user, owners right in both, and runtimes run it.

use std::path::Path;

use crate::support::bakery::{Bakery, layout_json};
use crate::support::container::{self, Bundle};
use crate::support::ordinary::{self, Ordinary};
use crate::support::{debian, docker_run, meadow, peers};

const BASE: &str = "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - unpack: {from: rootfs.tar, to: /}\n";

/// A package, an account, files of that account's: what becomes of owners and modes in each.
const COW: &str = r#"recipe: 1
name: team-a/cow
tag: "1"
base: global/os:1
steps:
  - packages: [cowsay]
  - run: |
      useradd --uid 1500 --no-create-home --shell /usr/sbin/nologin herder
      install -d -o herder -g herder -m 2750 /srv/herd
      echo grass >/srv/herd/hay
      ln /srv/herd/hay /srv/herd/grass
      chown herder:games /srv/herd/hay
      chmod 0640 /srv/herd/hay
      rm /etc/debian_version /etc/meadow-release 2>/dev/null || true
  - write: {to: /srv/herd/rules, owner: "herder:herder", mode: "0600", content: "no dogs\n"}
config:
  env: {PATH: "/usr/games:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
  user: herder
  cmd: [cowsay, moo]
tests:
  - {name: speaks, run: "cowsay moo", expect: {stdout: "< moo >"}}
  - {name: is-herder, run: "id -u", expect: {stdout: "1500"}}
  - {name: says-by-name, run: "echo moo >/dev/stdout; echo shoo >/dev/stderr", expect: {stdout: "moo", stderr: "shoo"}}
  - {name: hay, file: {path: /srv/herd/hay, mode: "0640", owner: "herder:games", contains: "grass"}}
"#;

const WORKSPACE: &str =
    "bakery: 1\nstores:\n  global: {layout: GLOBAL}\n  local: {layout: ./local}\nrecipes: recipes\n";

/// A global store with the one image `os:1`, made of an archive.
fn global(rootfs: &Path) -> Bakery {
    let bakery = Bakery::new();
    bakery.write("recipes/os.yaml", BASE);
    let archive = bakery.path("recipes/rootfs.tar");
    std::fs::hard_link(rootfs, &archive).or_else(|_| std::fs::copy(rootfs, &archive).map(|_| ())).unwrap();
    bakery.bake("recipes/os.yaml");
    bakery
}

/// A workspace of somebody who inherits from that store.
fn team(global: &Bakery) -> Bakery {
    let bakery = Bakery::with_workspace(&WORKSPACE.replace("GLOBAL", &global.local().display().to_string()));
    bakery.write("recipes/cow.yaml", COW);
    bakery
}

fn committed(events: &[serde_json::Value]) -> String {
    let committed = events.iter().find(|event| event["kind"] == "image.committed");
    committed.unwrap_or_else(|| panic!("no image.committed in {events:#?}"))["digest"].as_str().unwrap().to_owned()
}

/// Both bakes of the recipe on this distribution; gives the layouts and digests, root's first.
fn bakes(global: &Bakery) -> [(Bakery, String); 2] {
    let root = team(global);
    let digest = root.bake("recipes/cow.yaml");
    let ordinary = Ordinary::new(team(global));
    let events = ordinary.bake("recipes/cow.yaml");
    [(root, digest), (ordinary.into_bakery(), committed(&events))]
}

fn diff_ids(layout: &Path, digest: &str) -> Vec<String> {
    let manifest = layout_json(layout, digest);
    let config = layout_json(layout, manifest["config"]["digest"].as_str().unwrap());
    config["rootfs"]["diff_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn programs() -> Vec<&'static str> {
    [&["mmdebstrap"], &container::PROGRAMS[..], &ordinary::PROGRAMS[..]].concat()
}

/// Owners, modes and links as any runtime unpacks them, and the image's own command.
fn judged(layout: &Path) -> Bundle {
    let bundle = Bundle::unpack(layout, "team-a/cow:1");
    assert_eq!(bundle.stat("/srv/herd"), "2750 1500:1500 directory");
    assert_eq!(bundle.stat("/srv/herd/hay"), "640 1500:60 regular file");
    assert_eq!(bundle.stat("/srv/herd/grass"), "640 1500:60 regular file");
    assert_eq!(bundle.stat("/srv/herd/rules"), "600 1500:1500 regular file");
    assert_eq!(bundle.stat("/etc/shadow"), "640 0:42 regular file");
    let said = bundle.run(&[]);
    assert!(said.contains("< moo >"), "runc: {said}");
    assert!(bundle.run(&["id"]).starts_with("uid=1500(herder)"));
    bundle
}

/// The image is one and the same, whoever baked it.
fn same_of_both(global: &Bakery) -> [Bakery; 2] {
    let [(root, of_root), (ordinary, of_ordinary)] = bakes(global);
    assert_eq!(diff_ids(&root.local(), &of_root), diff_ids(&ordinary.local(), &of_ordinary));
    assert_eq!(of_root, of_ordinary);
    [root, ordinary]
}

#[test]
fn debian_packages_and_accounts_are_the_same_from_root_and_from_an_ordinary_user() {
    if !peers::need(&programs()) {
        return;
    }
    let global = global(&debian::rootfs());
    let [root, ordinary] = same_of_both(&global);
    for bakery in [&root, &ordinary] {
        let bundle = judged(&bakery.local());
        assert!(bundle.run(&["dpkg-query", "--show", "cowsay"]).starts_with("cowsay\t"));
    }
    if let Some(dockerd) = docker_run::daemon() {
        assert!(docker_run::run(&dockerd, &ordinary.local(), "team-a/cow:1").contains("< moo >"));
    }
}

#[test]
fn rpm_packages_and_accounts_are_the_same_from_both_as_well() {
    if !peers::need(&programs()) {
        return;
    }
    let global = global(&meadow::rootfs());
    for bakery in same_of_both(&global) {
        let bundle = judged(&bakery.local());
        assert!(bundle.run(&["rpm", "--query", "cowsay"]).starts_with("cowsay-3.04-1"));
        let hay = bundle.stat("/var/lib/cow/hay");
        assert!(hay.starts_with("640 ") && !hay.contains("0:0"), "the package's own account: {hay}");
    }
}
