//! What each layer of an image changes, as Python's tarfile reads it: of a Debian that was baked on, of one another tool
//! wrote, and of one that went through a registry.

use std::path::Path;
use std::process::Command;

use super::random::{Random, archive};
use super::{oracle, plain, put, same};
use crate::support::bakery::{Bakery, peer};
use crate::support::debian::{rootfs, run};
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers::need;

/// Holds `diff` of `reference` against the layout it lies in, by every way of comparing; gives how many changes there were.
fn agree(bakery: &Bakery, reference: &str, (layout, name): (&Path, &str)) -> usize {
    let mut counted = 0;
    let opinion = oracle(&["layers", &layout.display().to_string(), name]);
    for flags in [&[][..], &["--semantic"], &["--no-moves"], &["--semantic", "--no-moves"]] {
        let ours = bakery.json(&[&["diff", reference], flags].concat());
        let way: Vec<&str> = flags.iter().map(|flag| flag.trim_start_matches("--")).collect();
        let (ours, theirs) = (ours["layers"].as_array().unwrap(), opinion[way.join(",")].as_array().unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            let changes: Vec<_> = ours["changes"].as_array().unwrap().iter().map(plain).collect();
            same(&format!("{reference} {flags:?}, layer {number}"), &changes, theirs.as_array().unwrap());
            for op in ["added", "modified", "deleted", "moved"] {
                let count = changes.iter().filter(|change| change["op"] == op).count();
                assert_eq!(ours[op], count, "{op}");
            }
            counted += changes.len();
        }
    }
    counted
}

/// A Debian of its packages, and a recipe that does to it what recipes do.
pub(super) fn debian() -> Bakery {
    let bakery = Bakery::new();
    put(&bakery.path("global"), "os:12", &[std::fs::read(rootfs()).unwrap()]);
    bakery.write("recipes/files/main.py", "print('hello')\n");
    bakery.write("recipes/files/deep/er/data", "x".repeat(9000));
    bakery.write(
        "recipes/app.yaml",
        r#"recipe: 1
name: app
tag: "1"
base: global/os:12
steps:
  - copy: {from: files, to: /srv/app, owner: "1000:1000"}
  - run: |
      mv /srv/app/main.py /srv/app/renamed.py
      rm -r /usr/share/perl5 /etc/debian_version
      chmod 0700 /home
      chown 5:6 /etc/hosts
      ln /etc/passwd /etc/passwd.link
      ln -sfn /nowhere /etc/localtime
      rm /etc/motd; mkdir /etc/motd; echo x > /etc/motd/inside
      rm -r /etc/cron.daily; echo now a file > /etc/cron.daily
      mkfifo /run/pipe
      cp /usr/bin/env /usr/local/bin/env
      touch -d @5 /etc/issue
  - remove: [/usr/share/zoneinfo]
  - write: {to: /etc/app.conf, mode: "0600", content: "timeout = 30\n"}
  - write: {to: /etc/app.conf, mode: "0600", content: "timeout = 31\n"}
"#,
    );
    bakery.ok(&["bake", "recipes/app.yaml"]);
    bakery
}

#[test]
fn a_debian_that_was_baked_on_changes_what_python_says() {
    if !need(&["python3", "mmdebstrap"]) {
        return;
    }
    let bakery = debian();
    let changes = agree(&bakery, "local/app:1", (&bakery.local(), "app:1"));
    eprintln!("{changes} changes agree");
    assert!(changes > 4 * 3000, "{changes}");
    let layers = bakery.json(&["diff", "local/app:1"]);
    let moved = &layers["layers"][2]["changes"].as_array().unwrap().iter().find(|change| change["op"] == "moved");
    assert_eq!(moved.unwrap()["from"], "/srv/app/main.py");
    let owners: Vec<bool> = (0..6).map(|at| layers["layers"][at]["owner"]["is_local"].as_bool().unwrap()).collect();
    assert_eq!(owners, [false, true, true, true, true, true]);
}

#[test]
fn an_image_another_tool_wrote_changes_what_python_says() {
    if !need(&["python3", "umoci"]) {
        return;
    }
    let bakery = Bakery::new();
    let (layout, bundle) = (bakery.path("images"), bakery.path("bundle"));
    let (layout, bundle_text) = (layout.display().to_string(), bundle.display().to_string());
    let image = format!("{layout}:tool:1");
    peer("umoci", &["init", "--layout", &layout]);
    peer("umoci", &["new", "--image", &image]);
    for script in [
        "mkdir -p etc/a/b usr/bin; echo one > etc/a/one; echo two > etc/a/b/two; ln -s usr/bin bin; ln etc/a/one etc/link; \
         echo p > usr/bin/p; chmod 4755 usr/bin/p",
        "rm etc/a/one; echo changed > etc/a/b/two; mkdir var; mv usr/bin/p var/p; chmod 0700 etc; chown 7:8 var",
        "rm -r etc/a; echo file > etc/a; rm bin; mkdir bin; echo x > bin/x; mkfifo var/fifo; touch -d @99 var/p",
        "rm -r bin var; ln -s etc var",
    ] {
        peer("umoci", &["unpack", "--image", &image, &bundle_text]);
        run(Command::new("sh").args(["-euc", script]).current_dir(bundle.join("rootfs")));
        peer("umoci", &["repack", "--image", &image, &bundle_text]);
        std::fs::remove_dir_all(&bundle).unwrap();
    }
    let changes = agree(&bakery, "oci:images:tool:1", (Path::new(&layout), "tool:1"));
    assert!(changes > 80, "{changes}");
}

#[test]
fn an_image_that_went_through_a_registry_changes_what_python_says() {
    if !need(&["python3", "skopeo", "docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let bakery = Bakery::new();
    let layout = bakery.path("images");
    let mut random = Random::new(77);
    let tars: Vec<Vec<u8>> = (0..9).map(|_| archive(&mut random)).collect();
    put(&layout, "team/random:1", &tars);
    let from = format!("oci:{}:team/random:1", layout.display());
    let to = format!("{}/team/random:1", registry.host());
    peer("skopeo", &["copy", "-q", "--preserve-digests", "--dest-tls-verify=false", &from, &format!("docker://{to}")]);
    let changes = agree(&bakery, &to, (&layout, "team/random:1"));
    assert!(changes > 100, "{changes}");
}
