//! What a package manager leaves for itself is not in the layer.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use bakery::adapters::snapshot::discard;

use super::overlay::{Folders, names};

fn apt(lower: &Path) {
    for folder in ["var/lib/apt/lists", "var/log/apt", "var/cache"] {
        fs::create_dir_all(lower.join(folder)).unwrap();
    }
    for file in ["var/lib/apt/lists/old", "var/log/dpkg.log"] {
        fs::write(lower.join(file), "from below").unwrap();
    }
}

#[test]
fn lists_and_logs_are_as_if_never_touched() {
    let Some(folders) = Folders::new(true, apt) else { return };
    let mount = folders.mount();
    let at = |path: &str| mount.path().join(path);
    fs::remove_dir_all(at("var/lib/apt/lists")).unwrap();
    fs::create_dir_all(at("var/lib/apt/lists/partial/deep")).unwrap();
    fs::write(at("var/lib/apt/lists/partial/deep/x"), "x").unwrap();
    fs::write(at("var/log/dpkg.log"), "changed").unwrap();
    fs::write(at("var/log/apt/history.log"), "new").unwrap();
    fs::write(at("var/log/kept"), "kept").unwrap();
    drop(mount);
    let upper = File::open(folders.path("upper")).unwrap();
    discard(upper.as_fd(), &["/var/lib/apt/lists/**", "/var/log/dpkg.log", "/var/log/apt/**", "/var/none/**", "/nope"])
        .unwrap();
    let (layer, packed) = folders.pack().unwrap();
    assert_eq!(names(&layer), ["var", "var/log", "var/log/kept"]);
    assert_eq!((packed.added, packed.modified, packed.deleted), (1, 0, 0));
    let stacked = folders.stacked();
    let read = |path: &str| fs::read_to_string(stacked.path().join(path)).unwrap();
    assert_eq!((read("var/lib/apt/lists/old"), read("var/log/dpkg.log")), ("from below".into(), "from below".into()));
}

#[test]
fn a_star_stands_for_a_part_of_one_name() {
    let Some(folders) = Folders::new(true, apt) else { return };
    let mount = folders.mount();
    let at = |path: &str| mount.path().join(path);
    for name in ["dnf.log", "dnf.rpm.log", "dnf", "other.log"] {
        fs::write(at("var/log").join(name), "x").unwrap();
    }
    drop(mount);
    let upper = File::open(folders.path("upper")).unwrap();
    discard(upper.as_fd(), &["/var/log/dnf.*", "/var/none/*"]).unwrap();
    let (layer, _) = folders.pack().unwrap();
    assert_eq!(names(&layer), ["var", "var/log", "var/log/dnf", "var/log/other.log"]);
}

#[test]
fn t02_a_symlink_on_the_way_leads_nowhere() {
    let Some(folders) = Folders::new(true, apt) else { return };
    let victim = folders.path("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("canary"), "alive").unwrap();
    fs::create_dir(folders.path("upper").join("var")).unwrap();
    symlink(&victim, folders.path("upper").join("var/cache")).unwrap();
    let upper = File::open(folders.path("upper")).unwrap();
    discard(upper.as_fd(), &["/var/cache/**", "/var/cache/canary", "/var/cache/**"]).unwrap();
    assert_eq!(fs::read_to_string(victim.join("canary")).unwrap(), "alive");
    discard(upper.as_fd(), &["/var/cache"]).unwrap();
    assert!(!folders.path("upper").join("var/cache").is_symlink() && victim.join("canary").exists());
    assert!(discard(upper.as_fd(), &["/../victim/**"]).unwrap_err().to_string().starts_with("T-01"));
    assert!(victim.join("canary").exists());
}
