//! What a base's move would come to, before it is published; and the house that real bakes are made in.

use serde_json::{Value, json};

use crate::support::bakery::{Bakery, succeeded};

/// The global team with a store, and a baker who inherits from it.
pub(super) struct House {
    pub(super) global: Bakery,
    pub(super) baker: Bakery,
}

impl House {
    /// With `os:12` of one package, `libssl 3.0.1`.
    pub(super) fn new() -> Self {
        let global = Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
        let teams = global.path("team");
        let baker = Bakery::with_workspace(&format!(
            "bakery: 1\nstores:\n  global: {{layout: {}}}\n  local: {{layout: ./local}}\nrecipes: recipes\n",
            global.path("store").display(),
        ));
        std::fs::create_dir_all(teams).unwrap();
        let house = Self { global, baker };
        house.base("os:12", &[("etc/conf", "1"), ("var/lib/dpkg/status", "3.0.1")], 100);
        house
    }

    /// A team with a store of its own and one for copies, both of which the baker looks at.
    pub(super) fn team(&self) -> Bakery {
        let team = Bakery::with_workspace(&format!(
            "bakery: 1\nstores:\n  global: {{layout: {}}}\n  local: {{layout: ./own}}\nrecipes: recipes\n",
            self.global.path("store").display(),
        ));
        std::fs::create_dir_all(team.path("copies")).unwrap();
        self.baker.write(
            "bakery.yaml",
            format!(
                "bakery: 1\nstores:\n  global: {{layout: {}}}\n  local: {{layout: ./local}}\n  \
                 teams: {{layout: {}, team: true}}\n  copies: {{layout: {}, team: true}}\nrecipes: recipes\n",
                self.global.path("store").display(),
                team.path("own").display(),
                team.path("copies").display(),
            ),
        );
        team
    }

    /// Bakes a base with these files, `at` seconds since 1970; dpkg's database by the version of its one package.
    pub(super) fn base(&self, name: &str, files: &[(&str, &str)], at: u32) {
        let folder = self.global.path("recipes/base");
        let _ = std::fs::remove_dir_all(&folder);
        for (path, what) in files {
            let text = match *path {
                "var/lib/dpkg/status" => {
                    format!("Package: libssl\nStatus: install ok installed\nVersion: {what}\nArchitecture: amd64\n\n")
                }
                _ => (*what).to_owned(),
            };
            self.global.write(&format!("recipes/base/tree/{path}"), text);
        }
        let (name, tag) = name.split_once(':').unwrap();
        let recipe = format!(
            "recipe: 1\nname: {name}\ntag: \"{tag}\"\nbase: scratch\nsteps:\n  - copy: {{from: tree, to: /}}\n"
        );
        self.global.write("recipes/base/base.yaml", recipe);
        let mut command = self.global.command(&["bake", "recipes/base/base.yaml"]);
        succeeded(&command.env("SOURCE_DATE_EPOCH", at.to_string()).output().unwrap(), "the base's bake");
    }

    /// Bakes an image that writes one file.
    pub(super) fn app(&self, who: &Bakery, name: &str, base: &str, path: &str) {
        let text = format!(
            "recipe: 1\nname: team/{name}\ntag: \"1\"\nbase: {base}\nsteps:\n  - write: {{to: {path}, content: {name}}}\n"
        );
        who.write(&format!("recipes/{name}/{name}.yaml"), text);
        who.ok(&["bake", &format!("recipes/{name}/{name}.yaml")]);
    }
}

/// `IMAGE OUTCOME`, and how many of each.
fn outcomes(told: &Value) -> (Vec<String>, Value, Value) {
    let images = told["images"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told_of = images.map(|image| format!("{} {}", text(&image["image"]), text(&image["outcome"])));
    (told_of.collect(), told["count"].clone(), told["reach"].clone())
}

#[test]
fn a_move_is_judged_before_it_is_published_with_all_that_is_built_above() {
    let house = House::new();
    house.app(&house.baker, "safe", "global/os:12", "/srv/own");
    house.app(&house.baker, "over", "global/os:12", "/etc/conf");
    house.app(&house.baker, "above", "local/team/safe:1", "/srv/above");
    house.app(&house.baker, "top", "local/team/above:1", "/srv/top");
    house.app(&house.baker, "onover", "local/team/over:1", "/srv/onover");
    // The next version exists only in a layout of the global team's.
    house.base("next:12", &[("etc/conf", "2"), ("var/lib/dpkg/status", "3.0.2")], 200);
    let next = format!("oci:{}:next:12", house.global.path("store").display());
    let told = house.baker.json(&["impact", "global/os:12", "--onto", &next]);
    let (images, count, reach) = outcomes(&told);
    assert_eq!(
        images,
        [
            "local/team/over:1 rebake",
            "local/team/safe:1 safe",
            "local/team/onover:1 follows",
            "local/team/above:1 follows",
            "local/team/top:1 follows",
        ],
        "{told:#}"
    );
    assert_eq!(count, json!({"safe": 1, "rebake": 1, "refused": 0, "others": 3}));
    assert_eq!(reach, json!({"direct": 2, "further": 3, "stuck": 0}));
    assert_eq!(told["images"][4]["through"], "local/team/above:1");
    // By a digest alone.
    let digest = house.baker.json(&["inspect", &next])["digest"].as_str().unwrap().to_owned();
    let by_digest = house.baker.json(&["impact", &format!("global/os:12@{digest}")]);
    assert_eq!(outcomes(&by_digest).0, images);
    house.baker.fails(1, &["impact", "global/os:12", "--onto", &next, "--exit-code"]);
    let table = house.baker.ok(&["impact", "global/os:12", "--onto", &next, "--markdown"]);
    assert!(table.contains("| local/team/over:1 | rebake | /etc/conf is in the way |"), "{table}");
    assert!(
        table.starts_with("**1 safe, 1 to be baked again, 0 refused, 3 others; 2 images on it, 3 images on those**")
    );
    // What is there already asks for nothing.
    let same = house.baker.json(&["impact", "global/os:12", "--onto", "global/os:12"]);
    assert_eq!(outcomes(&same).1["safe"], 2, "{same:#}");
    house.baker.ok(&["impact", "global/os:12", "--onto", "global/os:12", "--exit-code"]);
    house.baker.fails(4, &["impact", "global/os:12", "--onto", "global/os:never"]);
}

#[test]
fn a_refusal_holds_up_what_is_above_and_what_nobody_signed_yet_is_said_to_be_so() {
    let house = House::new();
    house.app(&house.baker, "app", "global/os:12", "/srv/own");
    house.app(&house.baker, "above", "local/team/app:1", "/srv/above");
    house.base("next:12", &[("etc/conf", "2"), ("var/lib/dpkg/status", "3.0.2")], 200);
    let policy = house.baker.path("policy.yaml");
    let trusting = std::fs::read(&policy).unwrap();
    std::fs::remove_file(&policy).unwrap();
    let told = house.baker.json(&["impact", "global/os:12", "--onto", "global/next:12"]);
    assert_eq!(outcomes(&told).0, ["local/team/app:1 unverified", "local/team/above:1 follows"], "{told:#}");
    assert_eq!(told["images"][0]["rebase"]["answer"], "refused", "nothing is moved on that word");
    assert!(told["images"][0]["note"].as_str().unwrap().starts_with("once the new base verifies: base.signature"));
    std::fs::write(&policy, trusting).unwrap();
    // A base for other platforms.
    let text = "recipe: 1\nname: arm\ntag: \"12\"\nbase: scratch\nplatforms: [linux/arm64, linux/s390x]\nsteps:\n  - write: {to: /x, content: x}\n";
    house.global.write("recipes/arm.yaml", text);
    house.global.ok(&["bake", "recipes/arm.yaml"]);
    let told = house.baker.json(&["impact", "global/os:12", "--onto", "global/arm:12"]);
    assert_eq!(outcomes(&told).0, ["local/team/app:1 refused", "local/team/above:1 stuck"], "{told:#}");
    assert_eq!(outcomes(&told).2["stuck"], 1);
    assert!(told["images"][0]["note"].as_str().unwrap().starts_with("base.platform: "), "{told:#}");
    house.baker.fails(1, &["impact", "global/os:12", "--onto", "global/arm:12", "--exit-code"]);
    // As a single image, which no index says to be for another platform.
    house.global.write("recipes/arm.yaml", text.replace(", linux/s390x", ""));
    house.global.ok(&["bake", "recipes/arm.yaml"]);
    let told = house.baker.json(&["impact", "global/os:12", "--onto", "global/arm:12"]);
    let note = told["images"][0]["note"].as_str().unwrap();
    assert!(note.starts_with("base.platform: global/arm:12 cannot be had for linux/amd64: "), "{note}");
    assert!(note.ends_with("is for linux/arm64, not for linux/amd64"), "{note}");
}

#[test]
fn what_is_on_a_base_that_is_itself_behind_is_hit_all_the_same() {
    let house = House::new();
    let text =
        "recipe: 1\nname: python\ntag: \"3\"\nbase: local/os:12\nsteps:\n  - write: {to: /usr/python, content: x}\n";
    house.global.write("recipes/python.yaml", text);
    house.global.ok(&["bake", "recipes/python.yaml"]);
    house.app(&house.baker, "app", "global/python:3", "/srv/own");
    house.base("os:12", &[("etc/conf", "2"), ("var/lib/dpkg/status", "3.0.2")], 200);
    let told = house.baker.json(&["lineage", "local/team/app:1"]);
    let node = told["nodes"].as_array().unwrap().iter().find(|node| node["holder"] == "local").unwrap();
    assert_eq!(
        (&node["standing"], &node["assessment"]["best"]),
        (&json!("stale-below"), &json!("base-first")),
        "{told:#}"
    );
    let python = house.baker.json(&["lineage", "global/python:3"]);
    let node =
        python["nodes"].as_array().unwrap().iter().find(|node| node["references"][0] == "global/python:3").unwrap();
    assert_eq!(
        (&node["standing"], &node["follows"]),
        (&json!("stale"), &json!("global/os:12")),
        "local to whoever made it"
    );
    assert_eq!(node["assessment"]["why"], "it is the global team's to move");
    assert_eq!(
        node["assessment"]["packages"][0]["after"]["version"], "3.0.2",
        "what comes with it is known all the same"
    );
    let told = house.baker.json(&["impact", "global/python:3", "--onto", "global/os:12"]);
    assert_eq!(outcomes(&told).0.len(), 1, "{told:#}");
    // Its own base is moved on, and no tag points to the python it is on any more: it is built on os all the same.
    house.global.ok(&["update", "recipes/python.yaml"]);
    house.global.ok(&["bake", "recipes/python.yaml"]);
    let told = house.baker.json(&["impact", "global/os:12", "--onto", "global/os:12"]);
    let (outcomes, ..) = outcomes(&told);
    assert!(outcomes.iter().any(|hit| hit.contains("local/team/app:1") && hit.contains("follows")), "{told:#}");
    assert!(outcomes.iter().all(|hit| !hit.contains("sha256:")), "{told:#}");
}
