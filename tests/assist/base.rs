//! What is offered of the base itself: its users and groups, paths, packages, variables, ports; held against what other
//! programs read of the same image.

use std::path::Path;

use bakery::domain::oci::ExecConfig;
use bakery::domain::recipe::assist::Source;

use super::{World, labels, on, put};
use crate::support::bakery::peer;
use crate::support::debian::rootfs;
use crate::support::engine::{Tar, usrmerged};
use crate::support::peers::need;

const BASE: &str = "global/os:12";

/// A second layer: another `passwd`, something new, something gone.
fn upper() -> Vec<u8> {
    Tar::new()
        .folder("etc/", 0o755)
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/sbin/nologin\n# no:x:1:1::/:\nme:x:1000:50::/home/me:/bin/sh\nodd name:x:7:7::/:\n")
        .folder("srv/", 0o755)
        .folder("srv/app/", 0o750)
        .file("srv/app/main.py", "print('x')")
        .symlink("srv/current", "app")
        .folder("usr/share/doc/a/", 0o755)
        .file("usr/share/doc/.wh.b", "")
        .folder("var/lib/dpkg/", 0o755)
        .file("var/lib/dpkg/status", "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n\n")
        .end()
}

fn world() -> World {
    let world = World::new();
    let exec = ExecConfig {
        env: Some(vec!["PATH=/usr/bin".into(), "LANG=C".into()]),
        exposed_ports: Some([("8080/tcp".to_owned(), serde_json::json!({}))].into()),
        labels: labels(&[("team", "a"), ("dev.bakery.contract", r#"{"require-labels": ["owner"]}"#)]),
        ..ExecConfig::default()
    };
    put(&world.bakery.path("global"), "os:12", &[usrmerged(), upper()], exec);
    world
}

/// The names in an account file, as awk would have them.
fn names(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut names: Vec<String> = text.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect();
    names.sort();
    names
}

#[tokio::test]
async fn users_are_exactly_the_bases() {
    let world = world();
    let users = world.complete(&on(BASE, "config:\n  user: ^\n")).await;
    let shown: Vec<(&str, &str)> = users.items.iter().map(|item| (item.label.as_str(), item.note.as_str())).collect();
    // What a recipe cannot name is not offered.
    assert_eq!(shown, [("me", "uid 1000"), ("root", "uid 0"), ("www", "uid 33")]);
    assert!(users.items.iter().all(|item| item.source == Source::Base));
    assert_eq!(users.what, "user");
    assert_eq!(world.labels(&on(BASE, "config:\n  user: w^\n")).await, ["www"]);
    for place in ["steps:\n  - run: {script: a, user: ^}\n", "steps:\n  - copy: {from: a, to: /b, owner: ^}\n"] {
        assert_eq!(world.labels(&on(BASE, place)).await, ["me", "root", "www"], "{place}");
    }
    let groups = world.complete(&on(BASE, "steps:\n  - write: {owner: me:^}\n")).await;
    let groups: Vec<&str> = groups.items.iter().map(|item| item.insert.as_str()).collect();
    assert_eq!(groups, ["me:root", "me:staff", "me:app"]);

    let made = on(BASE, "steps:\n  - run: |\n      useradd --system mine\n  - write: {to: /a, owner: ^}\n");
    let found = world.complete(&made).await;
    let first = &found.items[0];
    assert_eq!((first.label.as_str(), first.source, first.note.as_str()), ("mine", Source::Recipe, "made by step 1"));
    assert_eq!(found.items.len(), 4);
}

#[tokio::test]
async fn a_debians_users_are_those_that_others_read_of_it() {
    if !need(&["mmdebstrap", "python3"]) {
        return;
    }
    let world = World::new();
    let tar = rootfs();
    put(&world.bakery.path("global"), "os:12", &[std::fs::read(&tar).unwrap()], ExecConfig::default());
    let folder = world.bakery.path("theirs");
    let script = "import sys, tarfile\nt = tarfile.open(sys.argv[1])\nfor n in t.getnames():\n if n.lstrip('./') in ('etc/passwd', 'etc/group'):\n  open(sys.argv[2] + '/' + n.rsplit('/')[-1], 'wb').write(t.extractfile(n).read())\n";
    std::fs::create_dir_all(&folder).unwrap();
    peer("python3", &["-c", script, tar.to_str().unwrap(), folder.to_str().unwrap()]);
    let mut ours = world.labels(&on(BASE, "config: {user: ^}\n")).await;
    ours.sort();
    assert!(ours.len() > 10, "{ours:?}");
    assert_eq!(ours, names(&folder.join("passwd")));
    let mut groups = world.labels(&on(BASE, "config: {user: \"root:^\"}\n")).await;
    groups.sort();
    assert_eq!(groups, names(&folder.join("group")));
    assert!(world.labels(&on(BASE, "steps:\n  - packages: [dpk^]\n")).await.contains(&"dpkg".to_owned()));
}

#[tokio::test]
async fn what_was_baked_upon_a_base_is_what_umoci_unpacks() {
    if !need(&["umoci"]) {
        return;
    }
    let world = world();
    let recipe = on(
        BASE,
        "steps:\n  - write: {to: /etc/passwd, content: \"root:x:0:0::/:/bin/sh\\nnew:x:5:5::/:/bin/sh\\n\"}\nconfig: {labels: {owner: me}}\n",
    );
    world.bakery.write(super::RECIPE, recipe);
    world.bakery.bake(super::RECIPE);
    let bundle = world.bakery.path("bundle");
    let image = format!("{}:team-a/app:1", world.bakery.local().display());
    peer("umoci", &["unpack", "--rootless", "--image", &image, bundle.to_str().unwrap()]);
    let mut ours = world.labels(&on("local/team-a/app:1", "config:\n  user: ^\n")).await;
    ours.sort();
    assert_eq!(ours, names(&bundle.join("rootfs/etc/passwd")));
}

#[tokio::test]
async fn paths_are_those_of_the_merged_tree() {
    let world = world();
    let at = |path: &str| on(BASE, &format!("steps:\n  - remove: [{path}^]\n"));
    assert_eq!(world.labels(&at("/")).await, ["bin/", "etc/", "srv/", "tmp/", "usr/", "var/"]);
    assert_eq!(world.labels(&at("")).await, ["bin/", "etc/", "srv/", "tmp/", "usr/", "var/"]);
    assert_eq!(world.labels(&at("/srv/")).await, ["app/", "current/"], "a link to a folder is one to go into");
    assert_eq!(world.labels(&at("/srv/current/")).await, ["main.py"]);
    assert_eq!(world.labels(&at("/bin/s")).await, ["sh"]);
    assert_eq!(world.labels(&at("/usr/share/doc/")).await, ["a/"], "what a layer took away is gone");
    assert_eq!(world.labels(&at("/usr/none/")).await, [""; 0]);
    let taken = world.complete(&at("/srv/a")).await;
    assert_eq!(taken.items[0].insert, "/srv/app/");
    assert_eq!(world.labels(&on(BASE, "config: {workdir: /srv/app/^}\n")).await, [""; 0], "no folder in there");
    let test = "steps:\n  - write: {to: /srv/app/new/x, content: y}\ntests:\n  - {name: a, file: {path: /srv/app/^}}\n";
    assert_eq!(world.labels(&on(BASE, test)).await, ["new/", "main.py"]);
}

#[tokio::test]
async fn packages_variables_ports_and_labels_are_the_bases() {
    let world = world();
    world.bakery.write("recipes/other/other.yaml", on(BASE, "steps:\n  - packages: [curl, jq]\n"));
    let packages = world.complete(&on(BASE, "steps:\n  - packages: [^]\n")).await;
    let shown: Vec<(&str, &str)> =
        packages.items.iter().map(|item| (item.label.as_str(), item.note.as_str())).collect();
    assert_eq!(shown, [("curl", "7.88.1-10 is installed"), ("jq", "in other recipes")]);
    assert_eq!(world.labels(&on(BASE, "config:\n  env:\n    ^\n")).await, ["PATH", "LANG"]);
    let ports = world.labels(&on(BASE, "config: {expose: [^]}\n")).await;
    assert!(ports.contains(&"8080/tcp".to_owned()), "{ports:?}");
    let labels = world.labels(&on(BASE, "config: {labels: {^}}\n")).await;
    assert!(labels.contains(&"owner".to_owned()) && labels.contains(&"team".to_owned()), "{labels:?}");
    assert_eq!(world.labels(&on(BASE, "config: {labels: {owner: me, own^}}\n")).await, [""; 0]);
}

#[tokio::test]
async fn values_of_the_base_are_explained() {
    let world = world();
    let lines = async |text: &str| world.hover(&on(BASE, text)).await.map(|hover| hover.lines).unwrap_or_default();
    assert_eq!(lines("config: {user: w^ww}\n").await, ["www: uid 33, gid 33", "home /var/www, shell /sbin/nologin"]);
    assert_eq!(lines("config: {user: m^e:staff}\n").await[2..], ["group staff: gid 50"]);
    assert_eq!(lines("config: {user: nob^ody}\n").await, ["the base has no user nobody"]);
    assert_eq!(lines("config: {workdir: /srv/a^pp}\n").await, ["folder, 0750, root:root", "of layer 2 of 2"]);
    assert_eq!(lines("steps:\n  - remove: [/b^in]\n").await[0], "symlink to usr/bin, 0777, root:root");
    assert_eq!(lines("steps:\n  - packages: [cu^rl]\n").await, ["curl 7.88.1-10 is installed in the base"]);
    assert_eq!(lines("config: {env: {LA^NG: x}}\n").await, ["C in the base"]);
    let base = world.hover(&on("global/o^s:12", "")).await.unwrap();
    assert!(base.lines[0].starts_with("sha256:") && base.lines[1].starts_with("linux/amd64, 2 layers, "), "{base:?}");
    assert_eq!(base.lines[2], "judged by the keys of global");
    assert!(base.lines[3].starts_with("12 points to "), "{base:?}");
}

#[tokio::test]
async fn a_base_that_cannot_be_had_is_told_and_holds_nothing_up() {
    let world = world();
    for (base, why) in [
        ("global/none:1", "user: "),
        ("scratch", "user: scratch holds nothing"),
        ("nowhere/at:all", "user: nowhere/at:all is no image"),
        ("\"\"", "user: "),
    ] {
        let found = world.complete(&on(base, "config:\n  user: ^\n")).await;
        assert!(
            found.items.is_empty() && found.what.starts_with(why) && found.what.len() > 6,
            "{base}: {}",
            found.what
        );
    }
    let none = world.complete("recipe: 1\nconfig:\n  user: ^\n").await;
    assert_eq!(none.what, "user: the recipe names no base");
}

#[tokio::test]
async fn a_pinned_base_counts_wherever_its_tag_points_now() {
    let world = world();
    world
        .bakery
        .write(super::RECIPE, on(BASE, "steps:\n  - write: {to: /etc/x, content: x}\nconfig: {labels: {owner: me}}\n"));
    world.bakery.bake(super::RECIPE);
    put(&world.bakery.path("global"), "os:12", &[usrmerged()], ExecConfig::default());
    assert_eq!(world.labels(&on(BASE, "config: {user: ^}\n")).await, ["me", "root", "www"], "the lock pins it");
    std::fs::remove_file(world.bakery.path("recipes/app/app.lock")).unwrap();
    assert_eq!(world.labels(&on(BASE, "config: {user: ^}\n")).await, ["app", "root"]);
    // A recipe that nobody has saved has no lock.
    let file = world.bakery.path("recipes/new/new.yaml");
    let (text, at) = super::marked(&on(BASE, "config: {user: ^}\n"));
    assert_eq!(world.context.complete(&file, &text, at).await.items.len(), 2);
}

#[tokio::test]
async fn a_layer_that_is_not_here_is_not_fetched_and_what_is_known_is_offered() {
    let world = world();
    let (text, config) = (on(BASE, "config:\n  user: ^\n"), on(BASE, "config:\n  env:\n    ^\n"));
    // As in a registry: manifest and config can be had, layers would have to be fetched.
    let blobs = world.bakery.path("global/blobs/sha256");
    for blob in std::fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()) {
        if std::fs::read(&blob).unwrap().starts_with(&[0x1f, 0x8b]) {
            std::fs::rename(&blob, world.bakery.path("").join(blob.file_name().unwrap())).unwrap();
        }
    }
    let users = world.complete(&text).await;
    assert!(users.items.is_empty(), "{users:?}");
    assert_eq!(users.what, "user: the base's layers are not here: a first bake fetches them");
    let env = world.complete(&config).await;
    assert_eq!((env.items.len(), env.what.as_str()), (2, "variable"), "its config is here");
    // Once they are, they are looked into.
    for blob in std::fs::read_dir(world.bakery.path("")).unwrap().map(|entry| entry.unwrap().path()) {
        if blob.is_file() && blob.file_name().unwrap().len() == 64 {
            std::fs::rename(&blob, blobs.join(blob.file_name().unwrap())).unwrap();
        }
    }
    assert_eq!(world.labels(&text).await, ["me", "root", "www"]);
}

#[tokio::test]
async fn x01_names_of_a_base_that_steer_a_terminal_are_not_offered() {
    let world = World::new();
    let evil = "a\u{202e}\u{1b}[2Jb";
    let exec = ExecConfig {
        env: Some(vec![format!("{evil}=1"), format!("OK={evil}")]),
        exposed_ports: Some([(evil.to_owned(), serde_json::json!({}))].into()),
        labels: labels(&[(evil, "x"), ("fine", evil)]),
        ..ExecConfig::default()
    };
    let passwd = format!("{evil}:x:1:1::/:\nok:x:2:2::{evil}:{evil}\n");
    let layer = Tar::new().folder("etc/", 0o755).file("etc/passwd", &passwd).file(&format!("etc/{evil}"), "x").end();
    put(&world.bakery.path("global"), "os:12", &[layer], exec);
    let clean = |text: &str| !text.contains(bakery::domain::text::is_hazardous);
    for place in [
        "config: {user: ^}\n",
        "config: {env: {^}}\n",
        "config: {expose: [^]}\n",
        "config: {labels: {^}}\n",
        "steps:\n  - remove: [/etc/^]\n",
    ] {
        let found = world.complete(&on(BASE, place)).await;
        assert!(!found.items.is_empty(), "{place}");
        for item in &found.items {
            assert!(clean(&item.label) && clean(&item.insert) && clean(&item.note), "{place}: {item:?}");
        }
    }
    for place in ["config: {user: o^k}\n", "config: {env: {O^K: x}}\n", "config: {labels: {fi^ne: x}}\n"] {
        let hover = world.hover(&on(BASE, place)).await.unwrap();
        assert!(hover.lines.iter().all(|line| clean(line)), "{hover:?}");
    }
}

#[tokio::test]
async fn lists_of_a_package_manager_say_what_can_be_installed() {
    let world = World::new();
    let lists = "var/lib/apt/lists/deb.example_dists_stable_main_binary-amd64_Packages";
    let text = "Package: jq\nVersion: 1.6-2.1\n\nPackage: jing\nVersion: 1\nDescription: x\n Package: not-one\n\n";
    let layer = Tar::new().folder("var/lib/apt/lists/", 0o755).file(lists, text).end();
    put(&world.bakery.path("global"), "os:12", &[layer], ExecConfig::default());
    let found = world.complete(&on(BASE, "steps:\n  - packages:\n      - j^\n")).await;
    let shown: Vec<(&str, &str)> = found.items.iter().map(|item| (item.label.as_str(), item.note.as_str())).collect();
    assert_eq!(shown, [("jing", "in the base's lists"), ("jq", "in the base's lists")]);
    let hover = world.hover(&on(BASE, "steps:\n  - packages: [j^q]\n")).await.unwrap();
    assert_eq!(hover.lines, ["in the base's lists, not installed"]);
    assert_eq!(
        world.labels(&on(BASE, "steps:\n  - packages: [jq, j^]\n")).await,
        ["jing"],
        "what is there is not offered"
    );
}
