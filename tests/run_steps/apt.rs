//! `packages` on a real Debian: the same again and again, nothing of the installer's own in the layer, readable failures.

use super::bench::{events, listing, of, said};
use crate::support::bakery::{Bakery, layout_json, succeeded};
use crate::support::{debian, peers};

fn stocked() -> Bakery {
    let bakery = Bakery::new();
    let archive = bakery.write("recipes/rootfs.tar", "");
    std::fs::remove_file(&archive).unwrap();
    let rootfs = debian::rootfs();
    std::fs::hard_link(&rootfs, &archive).or_else(|_| std::fs::copy(&rootfs, &archive).map(|_| ())).unwrap();
    bakery.write(
        "recipes/os.yaml",
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - unpack: {from: rootfs.tar, to: /}\n",
    );
    bakery.bake("recipes/os.yaml");
    bakery
}

fn packages(bakery: &Bakery, names: &str) {
    let text = format!("recipe: 1\nname: cow\ntag: \"1\"\nbase: local/os:1\nsteps:\n  - packages: [{names}]\n");
    bakery.write("recipes/cow.yaml", text);
}

#[test]
fn debian_packages_are_the_same_each_time_with_versions_and_without_traces() {
    if !peers::need(&["mmdebstrap", "tar"]) {
        return;
    }
    let bakery = stocked();
    packages(&bakery, "cowsay");
    let bake = || {
        let output = bakery.run(&["bake", "recipes/cow.yaml", "--no-cache", "--json"]);
        succeeded(&output, "bake cow");
        events(&output)
    };
    let (first, second) = (bake(), bake());
    let digest = |all: &[serde_json::Value]| of(all, "image.committed")[0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest(&first), digest(&second));
    let inside = listing(&bakery, of(&first, "layer.sealed")[0]);
    assert!(inside.iter().any(|path| path == "usr/games/cowsay"), "{inside:?}");
    let traces = ["var/lib/apt/lists/", "var/cache/apt/", "var/log/", "var/cache/ldconfig/"];
    let left: Vec<_> = inside
        .iter()
        .filter(|path| !path.ends_with('/') && traces.iter().any(|trace| path.starts_with(trace)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let manifest = layout_json(&bakery.local(), &digest(&first));
    let config = layout_json(&bakery.local(), manifest["config"]["digest"].as_str().unwrap());
    let created_by = config["history"].as_array().unwrap().last().unwrap()["created_by"].as_str().unwrap();
    let version = created_by.strip_prefix("bakery packages cowsay=").unwrap_or_else(|| panic!("{created_by}"));
    assert!(version.starts_with("3."), "{created_by}");
    let log = said(&bakery, of(&first, "bake.started")[0]["bake"].as_str().unwrap());
    assert!(log.contains(&format!("bakery: installed cowsay={version}")), "{log}");

    packages(&bakery, "cowsay, no-such-package-anywhere");
    let told = bakery.fails(1, &["bake", "recipes/cow.yaml", "-q"]);
    for part in
        ["step 1 (packages) failed", "ended with status 100", "Unable to locate package no-such-package-anywhere"]
    {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(told.contains("`bakery shell recipes/cow.yaml@1`"), "{told}");
}
