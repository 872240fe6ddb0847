//! Two images compared: the same paths as from the two trees umoci unpacks, on random images; and what the rows say.

use serde_json::{Value, json};

use super::random::{Random, archive};
use super::{may_give_away, oracle, plain, put, same};
use crate::support::bakery::{Bakery, peer};
use crate::support::engine::Tar;
use crate::support::peers::need;

#[test]
fn random_pairs_differ_as_their_unpacked_trees_do() {
    if !need(&["python3", "umoci"]) || !may_give_away() {
        return;
    }
    let bakery = Bakery::new();
    let layout = bakery.path("images");
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for seed in 1..=20 {
        let mut random = Random::new(seed);
        let shared: Vec<Vec<u8>> = (0..random.below(3)).map(|_| archive(&mut random)).collect();
        let mut other = random.fork(seed + 1000);
        let with = |random: &mut Random, more: usize| {
            let own = (0..more).map(|_| archive(random));
            shared.iter().cloned().chain(own).collect::<Vec<_>>()
        };
        // One may be the other's base.
        let of_a = random.below(3);
        put(&layout, "a:1", &with(&mut random, of_a));
        put(&layout, "b:1", &with(&mut other, 1 + usize::try_from(seed % 3).unwrap()));
        let unpacked = ["a:1", "b:1"].map(|name| {
            let bundle = bakery.path(&format!("{seed}-{name}")).display().to_string();
            peer("umoci", &["unpack", "--image", &format!("{}:{name}", layout.display()), &bundle]);
            format!("{bundle}/rootfs")
        });
        for flags in [&["--semantic", "--no-moves"][..], &["--semantic"]] {
            let ours = bakery.json(&[&["diff", "oci:images:a:1", "oci:images:b:1"], flags].concat());
            let ours: Vec<Value> = ours["changes"].as_array().unwrap().iter().map(plain).collect();
            let way: Vec<&str> = flags.iter().map(|flag| flag.trim_start_matches("--")).collect();
            let theirs = oracle(&["trees", &unpacked[0], &unpacked[1], &way.join(",")]);
            same(&format!("seed {seed} {flags:?}"), &ours, theirs.as_array().unwrap());
            for change in &ours {
                *kinds.entry(change["op"].as_str().unwrap().to_owned()).or_default() += 1;
                for word in change["what"].as_array().unwrap() {
                    *kinds.entry(word.as_str().unwrap().to_owned()).or_default() += 1;
                }
            }
        }
    }
    eprintln!("{kinds:?} agree");
    for kind in ["added", "modified", "deleted", "moved", "content", "mode", "owner", "xattrs", "type"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
}

/// `base:1`, and `app:1` on it.
fn based() -> Bakery {
    let bakery = Bakery::new();
    let base = Tar::new().folder("etc/", 0o755).file("etc/a", "old").file("etc/gone", "gone").file("etc/old", "moved");
    let base = base.symlink("link", "a").file("same", "same").end();
    let local = Tar::new().file("etc/a", "newer").entry(b'0', "same", 0o4755, ("", b"same"));
    let local = local.file("etc/.wh.gone", "").file("etc/.wh.old", "").file("etc/new", "moved").symlink("link", "b");
    put(&bakery.local(), "base:1", std::slice::from_ref(&base));
    put(&bakery.local(), "app:1", &[base, local.file("owned", "mine").end()]);
    bakery
}

#[test]
fn rows_say_what_differs_and_which_layer_did_it() {
    let bakery = based();
    let document = bakery.json(&["diff", "local/base:1", "local/app:1"]);
    let row = |path: &str| {
        let rows = document["changes"].as_array().unwrap();
        rows.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("no {path} in {rows:#?}")).clone()
    };
    assert_eq!(row("/etc/a")["before_size"], 3);
    let gone = row("/etc/gone");
    assert_eq!((&gone["op"], &gone["layer"]), (&json!("deleted"), &json!(2)));
    let moved = row("/etc/new");
    assert_eq!((&moved["op"], &moved["from"], &moved["what"]), (&json!("moved"), &json!("/etc/old"), &json!([])));
    let mode = row("/same");
    assert_eq!((&mode["what"], &mode["mode"], &mode["before_mode"]), (&json!(["mode"]), &json!(0o4755), &json!(0o644)));
    assert_eq!((&row("/link")["target"], &row("/link")["before_target"]), (&json!("b"), &json!("a")));
    assert_eq!(row("/owned")["uid"], 1234);
    assert_eq!(
        document["totals"],
        json!({"added": 1, "modified": 3, "deleted": 1, "moved": 1, "bytes": 13, "gone": 11})
    );
    assert_eq!(document["b"]["layers"].as_array().unwrap().len(), 2);
    assert!(document["b"]["digest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn lines_show_one_change_each_and_filters_leave_out_the_rest() {
    let bakery = based();
    let text = bakery.ok(&["diff", "local/base:1", "local/app:1", "--color", "never"]);
    let line = |path: &str| text.lines().find(|line| line.contains(path)).unwrap_or_else(|| panic!("{path}: {text}"));
    assert!(line("/etc/a ").starts_with("~       5 B  ") && line("/etc/a ").contains("(content, was 3 B)"), "{text}");
    assert!(line("/etc/gone").starts_with("-       4 B  "), "{text}");
    assert!(line("/etc/new").starts_with('>') && line("/etc/new").contains("(was /etc/old)"), "{text}");
    assert!(line("/same").ends_with("/same  (mode 0644→4755)"), "{text}");
    assert!(text.contains("1 added, 3 modified, 1 deleted, 1 moved  +13 B -11 B"), "{text}");
    let paths = |flags: &[&str]| -> Vec<String> {
        let document = bakery.json(&[&["diff", "local/base:1", "local/app:1"], flags].concat());
        let rows = document["changes"].as_array().unwrap();
        rows.iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&["--only", "added,deleted"]), ["/etc/gone", "/owned"]);
    assert_eq!(paths(&["--no-moves", "--only", "added"]), ["/etc/new", "/owned"]);
    assert_eq!(paths(&["--sort", "size"])[..3], ["/etc/a", "/etc/new", "/etc/gone"]);
    assert_eq!(paths(&["--layer", "1"]), [""; 0]);
    assert_eq!(paths(&["--layer", "2"]).len(), 6);
    let plain = bakery.ok(&["diff", "local/app:1", "--ascii", "--color", "never"]);
    assert!(plain.is_ascii(), "{plain}");
    let said = bakery.fails(2, &["diff", "local/base:1", "local/app:1", "--only", "addd"]);
    assert!(said.contains("added"), "{said}");
}

#[test]
fn two_images_without_a_layer_in_common_are_compared() {
    let bakery = Bakery::new();
    put(&bakery.local(), "a:1", &[Tar::new().file("x", "one").end(), Tar::new().file("y", "y").end()]);
    put(&bakery.local(), "b:1", &[Tar::new().file("y", "y").file("x", "two").end()]);
    let document = bakery.json(&["diff", "local/a:1", "local/b:1"]);
    assert_eq!(document["changes"].as_array().unwrap().len(), 1);
    assert_eq!(document["changes"][0]["layer"], 1);
    put(&bakery.local(), "none:1", &[]);
    let document = bakery.json(&["diff", "local/a:1", "local/none:1"]);
    assert_eq!(document["totals"]["deleted"], 2);
    assert!(document["changes"].as_array().unwrap().iter().all(|change| change["layer"].is_null()));
    assert_eq!(bakery.json(&["diff", "local/none:1"])["layers"], json!([]));
}

#[test]
fn what_is_installed_and_how_it_is_run_is_compared_too() {
    let bakery = Bakery::new();
    for (tag, version, env) in [("1", "7.88", "old"), ("2", "7.89", "new\x1b[2J")] {
        let status = format!(
            "Package: curl\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: {version}\\nMaintainer: x\\nDescription: x\\n"
        );
        let env = env.replace('\x1b', "\\u001b");
        let recipe = format!(
            "recipe: 1\nname: app\ntag: \"{tag}\"\nbase: scratch\nsteps:\n  - write: {{to: /var/lib/dpkg/status, content: \"{status}\"}}\n\
             config: {{env: {{MODE: \"{env}\"}}}}\n"
        );
        bakery.write(&format!("recipes/{tag}.yaml"), recipe);
        bakery.ok(&["bake", &format!("recipes/{tag}.yaml")]);
    }
    let document = bakery.json(&["diff", "local/app:1", "local/app:2"]);
    let expected = json!([{"field": "env.MODE", "before": "old", "after": "new\x1b[2J"}]);
    assert_eq!(document["config"], expected);
    let package = &document["packages"][0];
    assert_eq!((&package["kind"], &package["name"]), (&json!("upgraded"), &json!("curl")));
    assert_eq!(
        (&package["before"], &package["after"], &package["arch"]),
        (&json!("7.88"), &json!("7.89"), &json!("amd64"))
    );
    let text = bakery.ok(&["diff", "local/app:1", "local/app:2", "--color", "never"]);
    assert!(text.contains("~    config  env.MODE  old → new\\x1b[2J\n"), "{text}");
    assert!(text.contains("~   package  curl  7.88 → 7.89  (upgraded)\n"), "{text}");
    // Whoever asks for some files only is told of nothing else.
    let narrow = ["diff", "local/app:1", "local/app:2", "--color", "never", "--only", "deleted", "--exit-code"];
    assert_eq!(bakery.ok(&narrow), "no differences\n");
    bakery.fails(1, &["diff", "local/app:1", "local/app:2", "--exit-code"]);
}
