//! What other tools make of our images: Python's tarfile, umoci, skopeo.

use std::process::Command;

use bakery::adapters::engine::Packing;
use bakery::domain::oci::Compression;

use crate::support::engine::{Bakehouse, Tar, usrmerged};
use crate::support::peers::need;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn baked(compression: Compression) -> Bakehouse {
    let mut house = Bakehouse::new().with_base(&[usrmerged()]);
    house.packing = Packing { compression, ..house.packing };
    house.file(&format!("app/{}/file", "deep/".repeat(40).trim_end_matches('/')), "deep");
    house.file("app/na\u{ef}ve", "utf-8");
    house
        .file("v.tar", Tar::new().file("a", "linked").hardlink("b", "a").entry(b'0', "suid", 0o4755, ("", b"s")).end());
    house.bake(
        "steps:\n  - copy: {from: app, to: /srv, owner: \"3000000:50\"}\n  - unpack: {from: v.tar, to: /opt}\n  - remove: [/usr/share/doc]\n  - write: {to: /bin/tool, content: x, mode: \"0755\"}\n",
    );
    house
}

#[test]
fn skopeo_reads_and_copies_it() {
    if !need(&["skopeo"]) {
        return;
    }
    for compression in [Compression::Gzip, Compression::Zstd] {
        let house = baked(compression);
        let from = format!("oci:{}:team-a/app:1.0", house.path("store").display());
        let shown = run("skopeo", &["inspect", "--override-os", "linux", "--override-arch", "amd64", &from]);
        assert!(shown.contains("\"Architecture\": \"amd64\""), "{shown}");
        let to = format!("dir:{}", house.path("copied").display());
        let arguments = ["copy", "--insecure-policy", "--override-os", "linux", "--override-arch", "amd64", &from, &to];
        run("skopeo", &arguments);
    }
}

#[test]
fn umoci_unpacks_what_the_recipe_says() {
    if !need(&["umoci"]) {
        return;
    }
    let house = baked(Compression::Gzip);
    let bundle = house.path("bundle");
    let image = format!("{}:team-a/app:1.0", house.path("store").display());
    run("umoci", &["unpack", "--rootless", "--image", &image, bundle.to_str().unwrap()]);
    let root = bundle.join("rootfs");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    assert_eq!(read("usr/bin/tool"), "x");
    assert_eq!(read(&format!("srv/{}file", "deep/".repeat(40))), "deep");
    assert_eq!(read("srv/na\u{ef}ve"), "utf-8");
    assert_eq!(read("opt/b"), "linked");
    assert!(!root.join("usr/share/doc").exists() && root.join("bin").is_symlink());
    use std::os::unix::fs::MetadataExt;
    let (a, b) = (root.join("opt/a").metadata().unwrap(), root.join("opt/b").metadata().unwrap());
    assert_eq!(a.ino(), b.ino());
    assert_eq!(root.join("tmp").metadata().unwrap().mode() & 0o7777, 0o1777);
}

#[test]
fn python_sees_the_same_entries() {
    if !need(&["python3"]) {
        return;
    }
    let house = baked(Compression::None);
    let outcome = house.bake("steps:\n  - copy: {from: app, to: /srv, owner: \"3000000:50\"}\n");
    let layer = house.manifest(outcome.image()).layers.pop().unwrap();
    let tar = house.path("layer.tar");
    std::fs::write(&tar, house.document(&layer)).unwrap();
    let script = "import sys, tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.name, oct(m.mode), m.uid, m.gid, m.size, m.mtime, repr(m.uname))";
    let seen = run("python3", &["-c", script, tar.to_str().unwrap()]);
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), house.top(&outcome).len());
    assert_eq!(lines[0], "srv 0o755 3000000 50 0 1700000000 ''");
    assert!(lines.iter().any(|line| line.starts_with("srv/na\u{ef}ve 0o644 3000000 50 5 1700000000")), "{seen}");
}
