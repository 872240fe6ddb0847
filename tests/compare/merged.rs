//! The merged tree of an image is what umoci unpacks: types, modes, owners, sizes, times and where symlinks point.

use std::path::Path;

use serde_json::{Value, json};

use super::random::{Random, archive};
use super::{exact, layers, may_give_away, oracle, put, same};
use crate::support::bakery::{Bakery, peer};
use crate::support::peers::need;

fn agree(bakery: &Bakery, reference: &str, (layout, name): (&Path, &str)) -> usize {
    let row = |row: &Value| {
        let mut out = json!({"path": exact(row, "path").unwrap()});
        for key in ["type", "mode", "uid", "gid", "size"] {
            out[key] = row[key].clone();
        }
        if row["type"] != "folder" {
            out["mtime"] = row["mtime"].clone();
        }
        if let Some(target) = exact(row, "target") {
            out["target"] = target.into();
        }
        out
    };
    let ours: Vec<Value> = bakery.json_lines(&["files", reference]).iter().map(row).collect();
    let bundle = bakery.path("bundle").display().to_string();
    peer("umoci", &["unpack", "--image", &format!("{}:{name}", layout.display()), &bundle]);
    let theirs = oracle(&["tree", &format!("{bundle}/rootfs")]);
    std::fs::remove_dir_all(&bundle).unwrap();
    same(reference, &ours, theirs.as_array().unwrap());
    ours.len()
}

#[test]
fn a_baked_debian_is_what_umoci_unpacks() {
    if !need(&["python3", "umoci", "mmdebstrap"]) || !may_give_away() {
        return;
    }
    let bakery = layers::debian();
    let files = agree(&bakery, "local/app:1", (&bakery.local(), "app:1"));
    eprintln!("{files} files agree");
    assert!(files > 3000, "{files}");
}

#[test]
fn random_layers_are_what_umoci_unpacks() {
    if !need(&["python3", "umoci"]) || !may_give_away() {
        return;
    }
    let bakery = Bakery::new();
    let layout = bakery.path("images");
    for seed in 1..6 {
        let (mut random, name) = (Random::new(seed), format!("random:{seed}"));
        let tars: Vec<Vec<u8>> = (0..5).map(|_| archive(&mut random)).collect();
        put(&layout, &name, &tars);
        assert!(agree(&bakery, &format!("oci:images:{name}"), (&layout, &name)) > 5);
    }
}

#[test]
fn below_a_path_symlinks_are_followed_inside_the_image() {
    let bakery = Bakery::new();
    let tar = crate::support::engine::usrmerged();
    put(&bakery.local(), "app:1", &[tar, crate::support::engine::Tar::new().file("usr/bin/tool", "tool").end()]);
    let paths = |arguments: &[&str]| -> Vec<String> {
        let rows = bakery.json_lines(&[&["files", "local/app:1"], arguments].concat());
        rows.iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&["/bin"]), ["/usr/bin/sh", "/usr/bin/tool"]);
    assert_eq!(paths(&["bin/tool"]), ["/usr/bin/tool"]);
    assert_eq!(paths(&["/bin/../bin/sh"]), ["/usr/bin/sh"], "`..` is what the link leads to's folder's");
    assert_eq!(paths(&["--layer", "2"]), ["/usr/bin/tool"]);
    assert!(paths(&[]).contains(&"/bin".to_owned()));
    let text = bakery.ok(&["files", "local/app:1", "/usr/bin"]);
    let line = text.lines().find(|line| line.ends_with("/usr/bin/sh")).unwrap();
    assert!(line.starts_with("-rwxr-xr-x ") && line.contains("0:0") && line.contains("7 B"), "{text}");
    let plain = bakery.ok(&["files", "local/app:1", "--ascii"]);
    assert!(plain.is_ascii() && plain.contains(" -> usr/bin"), "{plain}");
    let said = bakery.fails(1, &["files", "local/app:1", "/usr/bni"]);
    assert!(said.contains("did you mean /usr/bin?"), "{said}");
    let said = bakery.fails(1, &["files", "local/app:1", "/usr/bin/sh/x"]);
    assert!(said.contains("/usr/bin/sh is no folder"), "{said}");
    let said = bakery.fails(2, &["files", "local/app:1", "--layer", "3"]);
    assert!(said.contains("has no layer 3") && said.contains("layers 1 to 2"), "{said}");
}
